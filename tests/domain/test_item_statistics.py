"""Item analysis: figures with their intervals, silence about small groups, and what somebody should look at."""

from typing import Any

import pytest
from factories import question
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.agreement import measure
from assay.domain.item_statistics import ItemFlag, ItemStatistics, Observed, analyse, fisher, urgency, wilson
from assay.domain.rubric import Dimension

CHOSEN = {"": 100, "a": 60, "b": 40}


def observed(**changes: Any) -> Observed:
    """A hundred assessments in which the question worked well."""
    usual = {"n": 100, "omitted": 4, "scored": 100, "mean": 0.6, "correlation": 0.4, "paired": 100, "upper_lower": 0.5}
    return Observed(**{**usual, **changes})


def test_intervals_are_those_of_the_books() -> None:
    """Five of ten (Wilson), and a correlation of one half over thirty pairs (Fisher)."""
    half = wilson(0.5, 10)
    assert (round(half.low, 4), round(half.high, 4)) == (0.2366, 0.7634)
    related = fisher(0.5, 30)
    assert (round(related.low, 3), round(related.high, 3)) == (0.17, 0.729)
    assert wilson(1.0, 20).high == 1.0
    assert wilson(0.0, 20).low == 0.0


@given(st.floats(0, 1), st.integers(1, 10_000), st.floats(-1, 1), st.integers(4, 10_000))
def test_an_interval_holds_its_value_and_stays_in_bounds(share: float, n: int, correlation: float, pairs: int) -> None:
    """Also at both ends."""
    one, other = wilson(share, n), fisher(correlation, pairs)
    assert 0 <= one.low <= one.value + 1e-9
    assert one.value - 1e-9 <= one.high <= 1
    assert -1 <= other.low <= other.value + 1e-5
    assert other.value - 1e-5 <= other.high <= 1


@pytest.mark.parametrize("n", range(5))
def test_nothing_is_told_of_fewer_than_five(n: int) -> None:
    """How many there were, and nothing else."""
    everything = observed(n=n, scored=n, paired=n)
    assert analyse(question(), everything, CHOSEN, {Dimension.CLARITY: {2: 100}}) == ItemStatistics(n=n, few=True)
    assert analyse(question(), None) == ItemStatistics(n=0, few=True)


def test_what_rests_on_too_little_is_not_told() -> None:
    """Between five and thirty there is a facility and no discrimination; answers and agreement have a least number of their own."""
    told = analyse(
        question(),
        observed(n=29, omitted=0, scored=29, paired=29, correlation=-0.9),
        {"": 4, "a": 4},
        agreement={Dimension.CLARITY: measure({(2, 2): 4}), Dimension.ACCURACY: measure({(2, 2): 5})},
    )
    assert told.facility is not None
    assert told.facility.n == 29
    assert (told.discrimination, told.upper_lower, told.choices, told.flags) == (None, None, None, ())
    assert set(told.agreement or {}) == {Dimension.ACCURACY}


@pytest.mark.parametrize(
    ("changes", "chosen", "flags"),
    [
        ({}, CHOSEN, []),
        ({"correlation": -0.01}, CHOSEN, [ItemFlag.NEGATIVE_DISCRIMINATION]),
        ({"mean": 0.19}, CHOSEN, [ItemFlag.TOO_HARD]),
        ({"mean": 0.2}, CHOSEN, []),
        ({"mean": 0.95}, CHOSEN, []),
        ({"mean": 0.96}, {"": 100, "a": 100}, [ItemFlag.TOO_EASY, ItemFlag.UNUSED_DISTRACTOR]),
        ({"mean": 0.1, "scored": 29}, {"": 29, "a": 29}, []),
        ({"correlation": None, "mean": None, "scored": 0, "paired": 0}, CHOSEN, []),
    ],
)
def test_what_somebody_should_look_at(changes: dict[str, Any], chosen: dict[str, int], flags: list[ItemFlag]) -> None:
    """Beyond each bound, not at it, and not of too few; option a is the right one."""
    assert list(analyse(question(), observed(**changes), chosen).flags) == flags


def test_options_of_a_question_about_the_person_are_neither_right_nor_wrong() -> None:
    """They are counted, and nothing about them is odd."""
    told = analyse(question("profile", "likert"), observed(mean=None, scored=0, correlation=None, paired=0), {"": 50, "p5": 50})
    assert told.choices is not None
    assert [(choice.option, choice.right, choice.count) for choice in told.choices][-2:] == [("p4", None, 0), ("p5", None, 50)]
    assert told.flags == ()


def test_levels_are_spread_and_the_held_counted() -> None:
    """Per dimension from level 0 on."""
    told = analyse(
        question("essay", "essay"), observed(), levels={Dimension.CLARITY: {0: 10, 4: 20, None: 10}, Dimension.ACCURACY: {2: 40}}
    )
    assert told.levels is not None
    assert told.levels[Dimension.CLARITY].counts == (10, 0, 0, 0, 20)
    assert (told.levels[Dimension.CLARITY].held, told.held) == (10, 10 / 80)
    assert told.choices is None


def test_the_flagged_come_first() -> None:
    """By the most urgent flag, then by discrimination; what nobody can judge yet comes last."""
    negative = analyse(question(), observed(correlation=-0.2, mean=0.1), CHOSEN)
    easy = analyse(question(), observed(mean=0.99), CHOSEN)
    weak, good = analyse(question(), observed(correlation=0.1), CHOSEN), analyse(question(), observed(), CHOSEN)
    few = analyse(question(), observed(n=3), CHOSEN)
    assert sorted([few, good, easy, weak, negative], key=urgency) == [negative, easy, weak, good, few]
