"""Choosing the ten questions: drawn by a seed, spread over skills (or formats, where no skill is asked), balanced over the bank."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from assay.domain.questions import QuestionContent, QuestionType
from assay.domain.tracks import QuestionMix
from assay.kit.model import Value


class BankQuestion(Value):
    """An active question in its current version, as the bank offers it."""

    question_id: UUID
    version_id: UUID
    type: QuestionType
    difficulty: int
    content: QuestionContent


class MissingQuestions(Value):
    """How many questions of a type a bank lacks for a mix."""

    type: QuestionType
    needed: int
    available: int


def shortage(bank: Iterable[BankQuestion | QuestionContent], mix: QuestionMix) -> list[MissingQuestions]:
    """What `bank` lacks to fill `mix`; empty when it suffices."""
    return missing(Counter(question.type for question in bank), mix)


def missing(available: Mapping[QuestionType, int], mix: QuestionMix) -> list[MissingQuestions]:
    """The same for a bank of which only the numbers by type are known."""
    return [
        MissingQuestions(type=kind, needed=mix.count(kind), available=available.get(kind, 0))
        for kind in QuestionType
        if available.get(kind, 0) < mix.count(kind)
    ]


def choose(bank: Sequence[BankQuestion], mix: QuestionMix, seed: int) -> list[BankQuestion]:
    """The bundle for `seed`: theory first, essays next, profile last; the same seed gives the same bundle.

    Within a type the bank is shuffled, then picked from greedily: of the questions left, the first one in shuffled order
    that is like the fewest already picked. Questions are alike when they ask for the same first skill; profile questions, which
    ask for none, when they share a format. (Counting both for all makes a rare format three times as likely as a common one.)
    """
    draw = random.Random(seed)  # noqa: S311 - reproducible choice, not a secret
    chosen: list[BankQuestion] = []
    for kind in QuestionType:
        pool = sorted((question for question in bank if question.type is kind), key=lambda question: question.question_id)
        draw.shuffle(pool)
        chosen += _spread(pool, mix.count(kind))
    return chosen


def _spread(pool: list[BankQuestion], count: int) -> list[BankQuestion]:
    picked: list[BankQuestion] = []
    for _ in range(count):
        best = min(pool, key=lambda question: _repetition(question, picked))
        pool.remove(best)
        picked.append(best)
    return picked


def _repetition(question: BankQuestion, picked: list[BankQuestion]) -> int:
    return sum(_alike(question.content, other.content) for other in picked)


def _alike(one: QuestionContent, other: QuestionContent) -> bool:
    if one.skills or other.skills:
        return one.skills[:1] == other.skills[:1]
    return one.format is other.format
