"""Verdicts that are nearly the best there is: which are looked at again, and what a look may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.doubts import LOWER_ELSEWHERE, SECOND_REFUTES_FROM, is_doubtful, refutes, settle
from assay.domain.grading import DimensionVerdict, Verdict
from assay.domain.rubric import Dimension

levels = st.tuples(*[st.none() | st.integers(0, 4)] * 3)


def verdict(*given_levels: int | None) -> Verdict:
    """Clarity, accuracy, coherence; None is held."""
    return Verdict(
        dimensions={
            name: DimensionVerdict(level=level, rationale="Because.", held=level is None)
            for name, level in zip(Dimension, given_levels, strict=True)
        }
    )


def held(found: Verdict) -> set[Dimension]:
    """The dimensions left to a person."""
    return {name for name, each in found.dimensions.items() if each.held}


@pytest.mark.parametrize(
    ("given_levels", "doubtful"),
    [((4, 4, 4), True), ((4, 3, 4), True), ((3, 3, 4), False), ((4, 2, 4), False), ((None, 4, 4), True), ((None, None, None), False)],
)
def test_only_what_is_nearly_the_best_is_looked_at_again(given_levels: tuple[int | None, ...], doubtful: bool) -> None:  # noqa: FBT001
    """One level short of it, all dimensions together; what is held is no level."""
    assert is_doubtful(verdict(*given_levels)) is doubtful


def test_two_levels_in_a_deciding_dimension_refute() -> None:
    """Two honest markers often differ by one; coherence decides nothing."""
    assert refutes(verdict(4, 2, 4), verdict(4, 4, 4))
    assert refutes(verdict(2, 4, 4), verdict(4, 4, 4))
    assert not refutes(verdict(3, 3, 0), verdict(4, 4, 4))


@pytest.mark.parametrize(
    ("look", "refuted"),
    [((4, 2, 4), False), ((2, 4, 0), False), ((3, 2, 0), False), ((2, 2, 4), True), ((4, 1, 4), True), ((1, 4, 4), True)],
)
def test_another_grader_must_be_surer(look: tuple[int, ...], refuted: bool) -> None:  # noqa: FBT001
    """It may be wrong by two levels in one dimension; by two in both, or by three, it hardly is."""
    assert refutes(verdict(*look), verdict(4, 4, 4), SECOND_REFUTES_FROM) is refuted
    assert bool(held(settle(verdict(4, 4, 4), verdict(*look), LOWER_ELSEWHERE, SECOND_REFUTES_FROM))) is refuted


def test_a_dimension_that_is_held_already_does_not_count_as_lower() -> None:
    """Of two dimensions one is then left to speak, and needs the more."""
    assert not refutes(verdict(0, 2, 4), verdict(None, 4, 4), SECOND_REFUTES_FROM)
    assert refutes(verdict(0, 1, 4), verdict(None, 4, 4), SECOND_REFUTES_FROM)


def test_what_a_look_cannot_prove_refutes() -> None:
    """A level whose quote is gone with the rest rested on the rest."""
    assert refutes(verdict(4, None, 4), verdict(4, 4, 4))


def test_all_that_lies_lower_is_held_with_the_reason() -> None:
    """Of a verdict that is refuted no level is believed that the look does not bear out; one that it does stands."""
    found = settle(verdict(4, 4, 4), verdict(3, 2, 4), LOWER_ELSEWHERE)
    assert held(found) == {Dimension.CLARITY, Dimension.ACCURACY}
    assert {found.dimensions[name].held_reason for name in held(found)} == {LOWER_ELSEWHERE}
    assert found.levels() == {Dimension.COHERENCE: 4}


@given(levels, levels)
def test_a_look_gives_no_level(before: tuple[int | None, ...], look: tuple[int | None, ...]) -> None:
    """It holds or leaves alone, and leaves alone what was held before."""
    given_verdict, found = verdict(*before), settle(verdict(*before), verdict(*look), LOWER_ELSEWHERE)
    for name, each in found.dimensions.items():
        assert each == given_verdict.dimensions[name] or (
            each.held and each.level is None and given_verdict.dimensions[name].level is not None
        )
