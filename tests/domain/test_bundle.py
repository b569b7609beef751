"""Choosing ten questions: the mix, the same bundle for the same seed, and an even chance for every question of the seed banks."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
import yaml
from factories import bank_question, question
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.bundle import BankQuestion, choose, shortage
from assay.domain.questions import QuestionContent, QuestionType
from assay.domain.tracks import BUNDLE_SIZE, QuestionMix

SEEDS = Path(__file__).parents[2] / "seeds" / "questions"
TRACKS = sorted(path.stem for path in SEEDS.glob("*.yaml"))
DRAWS = 2_000
MIX = QuestionMix()


@cache
def bank(track: str) -> tuple[BankQuestion, ...]:
    """The questions that the seed files ask in this track."""
    entries = [raw for path in sorted(SEEDS.glob("*.yaml")) for raw in yaml.safe_load(path.read_text(encoding="utf-8"))]
    return tuple(
        bank_question(_content(raw)).model_copy(update={"question_id": uuid5(NAMESPACE_URL, raw["slug"])})
        for raw in entries
        if track in raw["tracks"]
    )


def _content(raw: dict[str, Any]) -> QuestionContent:
    return QuestionContent.model_validate({name: value for name, value in raw.items() if name not in {"slug", "tracks", "difficulty"}})


mixes = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(
    lambda two: QuestionMix(theoretical=two[0], essay=two[1], profile=BUNDLE_SIZE - sum(two))
)


@given(st.integers(0, 2**128 - 1), st.sampled_from(TRACKS))
def test_a_bundle_keeps_the_mix_and_repeats_nothing(seed: int, track: str) -> None:
    """Ten different questions of the bank, as many of each type as the mix says, theory first, essays next, profile last."""
    chosen = choose(bank(track), MIX, seed)
    assert [entry.type for entry in chosen] == [kind for kind in QuestionType for _ in range(MIX.count(kind))]
    assert len({entry.question_id for entry in chosen}) == BUNDLE_SIZE
    assert {entry.question_id for entry in chosen} <= {entry.question_id for entry in bank(track)}


@given(st.integers(0, 2**128 - 1), st.randoms())
def test_the_same_seed_gives_the_same_bundle(seed: int, shuffler: Any) -> None:
    """The order in which the bank was read makes no difference, and the bank is left as it was."""
    shuffled = list(bank(TRACKS[0]))
    shuffler.shuffle(shuffled)
    before = list(shuffled)
    assert choose(shuffled, MIX, seed) == choose(bank(TRACKS[0]), MIX, seed)
    assert shuffled == before


@given(mixes, st.integers(0, 2**32))
def test_any_mix_that_the_bank_can_fill_is_filled(mix: QuestionMix, seed: int) -> None:
    """A mix of the bank's size or less gives exactly ten questions; otherwise the shortage says what lacks."""
    questions = bank(TRACKS[0])
    if not shortage(questions, mix):
        assert Counter(entry.type for entry in choose(questions, mix, seed)) == +Counter({kind: mix.count(kind) for kind in QuestionType})


@pytest.mark.parametrize("track", TRACKS)
def test_every_question_has_a_fair_chance(track: str) -> None:
    """Over 2,000 seeds every question of the bank is asked, none more than two and a half times as often as another of its type."""
    questions = bank(track)
    asked = Counter(entry.question_id for seed in range(DRAWS) for entry in choose(questions, MIX, seed))
    for kind in QuestionType:
        counts = [asked[entry.question_id] for entry in questions if entry.type is kind]
        assert min(counts) > 0
        assert max(counts) / min(counts) <= 2.5, f"{kind}: {sorted(counts)}"


def test_distinct_skills_come_first() -> None:
    """With three skills in the bank three questions never share one, however many questions one skill has."""
    questions = [bank_question(question(skills=[skill])) for skill in ("sql", "sql", "sql", "sql", "http", "caching")]
    mix = QuestionMix(theoretical=3, essay=0, profile=7)
    profile = [bank_question(question("profile", "singleChoice")) for _ in range(7)]
    for seed in range(200):
        chosen = choose([*questions, *profile], mix, seed)[:3]
        assert {entry.content.skills[0] for entry in chosen} == {"sql", "http", "caching"}


def test_distinct_formats_come_first_where_no_skill_is_asked() -> None:
    """Profile questions, which ask for no skill, are spread over their formats."""
    forms = ("singleChoice", "singleChoice", "singleChoice", "likert", "ranking")
    questions = [bank_question(question("profile", form)) for form in forms]
    theory = [bank_question(question(skills=[f"skill-{number}"])) for number in range(7)]
    for seed in range(200):
        chosen = choose([*questions, *theory], QuestionMix(theoretical=7, essay=0, profile=3), seed)[7:]
        assert {entry.content.format.value for entry in chosen} == {"singleChoice", "likert", "ranking"}


def test_a_shortage_is_counted_by_type() -> None:
    """A bank that lacks essays says so with both figures; a sufficient one says nothing; an empty one lacks all three types."""
    questions = [entry for entry in bank(TRACKS[0]) if entry.type is not QuestionType.ESSAY]
    (lack,) = shortage(questions, MIX)
    assert (lack.type, lack.needed, lack.available) == (QuestionType.ESSAY, 3, 0)
    assert shortage(bank(TRACKS[0]), MIX) == []
    assert [entry.type for entry in shortage([], MIX)] == list(QuestionType)
