"""Our own golden set for retrieval: from true profiles to what the product would see of each student, and the judgments beside it.

`python -m evals.golden` writes `queries.jsonl` and `qrels.jsonl` in evals/retrieval/ anew from `profiles.jsonl`; both are pure functions
of the profiles and the seeds, so a test can tell whether they still fit.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from assay.domain.bundle import BankQuestion, choose
from assay.domain.questions import QuestionFormat, QuestionType
from assay.domain.rules import Answer
from assay.domain.signals import OptionSignals, RankingSignals, TextSignals, read_signals
from assay.domain.tracks import TrackContent
from assay.kit.model import Value
from assay.services import seeding
from assay.services.seeding import SeedQuestion, Seeds
from evals.advisor import Student, grade
from evals.essays import Half, parse, read_lines
from evals.questions import SEEDS

FOLDER: Final = Path(__file__).with_name("retrieval")
KNOWN: Final = (0.15, 0.5, 0.95)
"""Chance of a right answer two levels below what a question asks, one below, and at it or above."""
PARTIAL: Final = frozenset({QuestionFormat.MULTIPLE_CHOICE, QuestionFormat.MATCHING, QuestionFormat.ORDERING})
"""Formats in which half an answer earns half the credit."""
QUALITIES: Final = ("weak", "partial", "good", "good")
"""Of an essay, by mastery of the topic's first skill."""
EXPERIENCE: Final = (-0.5, 0.1, 0.6, 1.0)
"""What a student says of the own experience, by mastery, on the scale of the seeds' signals."""
TICKED: Final = 0.4
"""How far a statement fits a student who ticks it, as the mean over what it says."""


class Essay(Value):
    """A text of the collection; without `question` it is about something else altogether."""

    id: str
    question: str | None
    quality: str
    essay: str


class Answered(Value):
    """What a student did in one assessment: credit by theoretical question, essay by essay question, answer by profile question."""

    id: str
    track: str
    theory: dict[str, float]
    essays: dict[str, str]
    profile: dict[str, Any]


class Judgment(Value):
    """How well one credential suits one query, 0 to 3. What is not judged is 0."""

    query_id: str
    credential_id: str
    grade: int


@cache
def seeds() -> Seeds:
    """The seed content. Raises `SeedError` when it is wrong."""
    return seeding.read(SEEDS)


def students() -> list[Student]:
    """The profiles. Raises `DataError`."""
    return [parse(Student, FOLDER / "profiles.jsonl", place, raw) for place, raw in read_lines(FOLDER / "profiles.jsonl")]


@cache
def essays() -> Mapping[str, Essay]:
    """The texts by id. Raises `DataError`."""
    path = FOLDER / "essays.jsonl"
    return {essay.id: essay for essay in (parse(Essay, path, place, raw) for place, raw in read_lines(path))}


def answered() -> list[Answered]:
    """The queries as stored. Raises `DataError`."""
    return [parse(Answered, FOLDER / "queries.jsonl", place, raw) for place, raw in read_lines(FOLDER / "queries.jsonl")]


def qrels() -> list[Judgment]:
    """The judgments as stored. Raises `DataError`."""
    return [parse(Judgment, FOLDER / "qrels.jsonl", place, raw) for place, raw in read_lines(FOLDER / "qrels.jsonl")]


def of_half(half: Half) -> list[Answered]:
    """The stored queries of one half. Raises `DataError`."""
    where = {student.id: student.half for student in students()}
    return [given for given in answered() if where[given.id] is half]


def drawn_again(student: Student, draw: int) -> Student:
    """The same student with other questions and other luck: the first `draw` is the stored one, each number gives one and the same."""
    return student if draw == 1 else student.model_copy(update={"id": f"{student.id}.{draw}"})


def answer(student: Student) -> Answered:
    """Ten questions drawn as the product draws them, answered as the student would. No chance but that of hashes."""
    track = {track.slug: track for track in seeds().tracks}[student.track]
    asked = _bundle(student, track)
    return Answered(
        id=student.id,
        track=student.track,
        theory={seed.slug: _credit(student, seed) for seed in asked if seed.type is QuestionType.THEORETICAL},
        essays={seed.slug: _essay(student, seed) for seed in asked if seed.type is QuestionType.ESSAY},
        profile={seed.slug: _profile(student, seed) for seed in asked if seed.type is QuestionType.PROFILE},
    )


def judgments(student: Student) -> Iterator[Judgment]:
    """Every credential of the seeds that is worth more than nothing to the student, by slug."""
    track = {track.slug: track for track in seeds().tracks}[student.track]
    student = student.as_far_as(*_told(answer(student)))
    catalog = {seed.slug: seed.content for seed in seeds().credentials}
    for slug, content in sorted(catalog.items()):
        if worth := grade(student, track, content, catalog):
            yield Judgment(query_id=student.id, credential_id=slug, grade=worth)


def _told(given: Answered) -> tuple[set[str], set[str]]:
    """The skills whose mastery the ten answers tell of, and those in which they show an interest or the lack of one."""
    asked = {seed.slug: seed for seed in seeds().questions}
    said = [
        tag.split(":", 1) for slug, answer in given.profile.items() if (rule := asked[slug].signals) for tag in read_signals(rule, answer)
    ]
    main = {asked[slug].skills[0] for slug in (*given.theory, *given.essays)}
    return main | {name for kind, name in said if kind == "experience"}, {name for kind, name in said if kind == "interest"}


def lines(values: Iterable[Value]) -> str:
    """`values` as JSON Lines."""
    return "".join(f"{json.dumps(value.model_dump(mode='json', by_alias=False), ensure_ascii=False)}\n" for value in values)


def _draw(*words: str) -> float:
    """A number in [0, 1) that depends on `words` alone."""
    return int(sha256("/".join(words).encode()).hexdigest()[:12], 16) / 16**12


def _bundle(student: Student, track: TrackContent) -> list[SeedQuestion]:
    written = {essay.question for essay in essays().values()}
    bank = {seed.slug: seed for seed in seeds().questions if student.track in seed.tracks}
    offered = [_offered(seed) for seed in bank.values() if seed.type is not QuestionType.ESSAY or seed.slug in written]
    named = {uuid5(NAMESPACE_URL, slug): seed for slug, seed in bank.items()}
    return [named[question.question_id] for question in choose(offered, track.question_mix, int(_draw(student.id) * 2**32))]


def _offered(seed: SeedQuestion) -> BankQuestion:
    key = uuid5(NAMESPACE_URL, seed.slug)
    return BankQuestion(question_id=key, version_id=key, type=seed.type, difficulty=seed.difficulty, content=seed.content)


def _credit(student: Student, seed: SeedQuestion) -> float:
    above = student.knows(seed.skills[0]) - seed.difficulty
    chance = KNOWN[max(0, min(2, above + 2))]
    if above == -1 and seed.format in PARTIAL:
        return 0.5
    return float(_draw(student.id, seed.slug) < chance)


def _essay(student: Student, seed: SeedQuestion) -> str:
    quality = QUALITIES[student.knows(seed.skills[0])]
    return next(essay.id for essay in essays().values() if (essay.question, essay.quality) == (seed.slug, quality))


def _profile(student: Student, seed: SeedQuestion) -> Answer:
    if seed.signals is None or isinstance(seed.signals, TextSignals):
        return student.wish
    match seed.signals, seed.format:
        case OptionSignals(options=options), QuestionFormat.MULTIPLE_CHOICE:
            return [name for name, tags in options.items() if _fit(student, tags) >= TICKED]
        case OptionSignals(options=options), _:
            asked = {tag for tags in options.values() for tag in tags}
            return min(options, key=lambda name: sum((_said(student, tag) - options[name].get(tag, 0)) ** 2 for tag in asked))
        case RankingSignals(options=options), _:
            return sorted(options, key=lambda name: -sum(_said(student, tag) * weight for tag, weight in options[name].items()))
    raise TypeError(seed.signals)


def _fit(student: Student, tags: Mapping[str, float]) -> float:
    said = [_said(student, tag) * (1 if weight > 0 else -1) for tag, weight in tags.items()]
    return sum(said) / len(said) if said else 0.0


def _said(student: Student, tag: str) -> float:
    """What the student says of `tag`, -1 to 1."""
    kind, name = tag.split(":", 1)
    match kind:
        case "interest":
            return student.interests.get(name, 0.0)
        case "experience":
            return EXPERIENCE[student.knows(name)]
        case _:
            return float(name in {student.pace, student.goal})


def main() -> None:
    """Write both files anew."""
    everybody: Sequence[Student] = students()
    (FOLDER / "queries.jsonl").write_text(lines(answer(student) for student in everybody), encoding="utf-8")
    (FOLDER / "qrels.jsonl").write_text(lines(judgment for student in everybody for judgment in judgments(student)), encoding="utf-8")


if __name__ == "__main__":
    main()
