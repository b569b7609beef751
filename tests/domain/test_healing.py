"""Healing: what a provider's return mends, how much is made again, and when a result is better than the one that stands."""

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.degradation import Cause, Degradation, Stage
from assay.domain.healing import MENDED, Budget, Quality, rank

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUALITIES = st.builds(Quality, st.integers(0, 2), st.booleans())


def degraded(stage: Stage, replaced_by: str) -> Degradation:
    """A stage that ran on a substitute."""
    return Degradation.model_validate({"stage": stage, "cause": Cause.UNAVAILABLE, "since": NOON, "replaced_by": replaced_by})


def test_what_the_model_made_of_an_essay_is_not_mended() -> None:
    """Nor is a defect of ours; a provider that was away, busy, unpaid or not set up is."""
    for stage in (Stage.ESSAY_SCORING, Stage.NARRATIVE):
        assert MENDED[stage] == {Cause.TIMEOUT, Cause.RATE_LIMITED, Cause.UNAVAILABLE, Cause.QUOTA_EXHAUSTED, Cause.MISCONFIGURED}
    assert MENDED[Stage.RETRIEVAL] > MENDED[Stage.NARRATIVE]
    assert Stage.RULE_SCORING not in MENDED
    assert not {Cause.CRASHED, Cause.INTERNAL_ERROR, Cause.REFUSED} & set().union(*MENDED.values())


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_the_budget_is_never_exceeded(at_once: int, per_minute: int, under_way: int, last_minute: int) -> None:
    """What is left and what is used stay within both bounds together."""
    left = Budget(at_once=at_once, per_minute=per_minute).left(under_way, last_minute)
    assert left >= 0
    assert left == 0 or (under_way + left <= at_once and last_minute + left <= per_minute)


def test_a_language_model_s_verdict_is_above_a_substitute_s() -> None:
    """And anything above nothing."""
    assert rank("openai") > rank("built-in") > rank("static") > rank(None)


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ((), Quality(2, told=True)),
        ((degraded(Stage.RETRIEVAL, "built-in"),), Quality(1, told=True)),
        ((degraded(Stage.RETRIEVAL, "static"), degraded(Stage.NARRATIVE, "built-in")), Quality(0, told=False)),
        ((degraded(Stage.ESSAY_SCORING, "static"),), Quality(2, told=True)),
    ],
)
def test_quality_is_read_off_the_degraded_stages(stages: tuple[Degradation, ...], expected: Quality) -> None:
    """The essays are another matter."""
    assert Quality.of(stages) == expected


@given(QUALITIES, QUALITIES, st.booleans())
def test_nothing_is_replaced_by_a_worse_search(new: Quality, standing: Quality, newer_scores: bool) -> None:  # noqa: FBT001 - drawn
    """Nor by the same again, unless what it rests on is newer; and two results never replace each other in turn."""
    replaces = new.replaces(standing, newer_scores=newer_scores)
    assert not (replaces and new.search < standing.search)
    assert not (replaces and new == standing and not newer_scores)
    assert not (replaces and not newer_scores and standing.replaces(new, newer_scores=False))


def test_all_pairs() -> None:
    """Better in any way without being searched for worse, and only that."""
    for (search, told), (old_search, old_told) in product(product(range(3), (False, True)), repeat=2):
        better = search > old_search or (search == old_search and told and not old_told)
        assert Quality(search, told).replaces(Quality(old_search, old_told), newer_scores=False) is better
