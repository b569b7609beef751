"""Rubrics: five described levels, weighted percentages, and a hash that names the content."""

from itertools import product
from typing import Any

import pytest
from factories import rubric
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.domain.rubric import MAX_LEVEL, Dimension, DimensionRubric, Rubric

LEVELS = ("Absent", "Weak", "Fair", "Good", "Excellent")
weights = st.floats(0.001, 10)


def weighted(*weights: float) -> Rubric:
    """A rubric with these weights for clarity, accuracy and coherence."""
    dimensions = [DimensionRubric(weight=weight, levels=LEVELS) for weight in weights]
    return rubric(**dict(zip(("clarity", "accuracy", "coherence"), dimensions, strict=True)))


@pytest.mark.parametrize(
    ("weights", "levels", "percent"),
    [
        ((1, 1, 1), (4, 4, 4), 100.0),
        ((1, 1, 1), (0, 0, 0), 0.0),
        ((1, 1, 1), (4, 0, 2), 50.0),
        ((1, 2, 1), (0, 4, 0), 50.0),
        ((1, 2, 1), (4, None, 0), 50.0),
        ((1, 2, 1), (None, 3, None), 75.0),
        ((1, 2, 1), (None, None, None), 0.0),
    ],
)
def test_percent_weighs_the_levels_that_stand(weights: tuple[float, ...], levels: tuple[int | None, ...], percent: float) -> None:
    """Held dimensions count neither for nor against; with none standing the score is 0."""
    standing = {dimension: level for dimension, level in zip(Dimension, levels, strict=True) if level is not None}
    assert weighted(*weights).percent(standing) == pytest.approx(percent)


@given(st.tuples(weights, weights, weights), st.dictionaries(st.sampled_from(list(Dimension)), st.integers(0, MAX_LEVEL)))
def test_percent_stays_between_0_and_100(weights: tuple[float, float, float], levels: dict[Dimension, int]) -> None:
    """The column that stores it refuses anything else, so not even rounding may step over."""
    assert 0.0 <= weighted(*weights).percent(levels) <= 100.0


@pytest.mark.parametrize("weight", [13.337251925879062 / 3, 1.3002704967078726 / 3, 10.318649526815927 / 3])
def test_full_marks_are_exactly_100(weight: float) -> None:
    """Weights whose sum rounds unluckily still give 100 and not a hair more."""
    assert weighted(weight, weight, weight).percent(dict.fromkeys(Dimension, MAX_LEVEL)) == pytest.approx(100.0)
    assert weighted(weight, weight, weight).percent(dict.fromkeys(Dimension, MAX_LEVEL)) <= 100.0


def test_a_higher_level_never_scores_less() -> None:
    """Raising one dimension by one level raises the percentage, from every combination."""
    judged = weighted(1, 2, 0.5)
    for levels in product(range(MAX_LEVEL), repeat=3):
        before = dict(zip(Dimension, levels, strict=True))
        for dimension in Dimension:
            assert judged.percent({**before, dimension: before[dimension] + 1}) > judged.percent(before)


@pytest.mark.parametrize("dimension", Dimension)
def test_each_dimension_has_its_rubric(dimension: Dimension) -> None:
    """A dimension's name finds the rubric of that dimension."""
    assert rubric().dimension(dimension) == getattr(rubric(), dimension.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"clarity": {"levels": LEVELS[:4]}},
        {"clarity": {"levels": (*LEVELS, "Beyond")}},
        {"clarity": {"levels": ("Absent", " ", "Fair", "Good", "Excellent")}},
        {"clarity": {"levels": LEVELS, "weight": 0}},
        {"clarity": {"levels": LEVELS, "weight": 11}},
        {"clarity": {"levels": LEVELS, "weight": float("nan")}},
        {"clarity": None},
        {"key_points": []},
        {"key_points": [{"id": "only", "text": "One point is too few"}]},
        {"key_points": [{"id": "same", "text": "Two points share an id"}, {"id": "same", "text": "Two points share an id"}]},
        {"key_points": [{"id": "Bad Id", "text": "An id with a space in it"}, {"id": "b", "text": "Another point to be made"}]},
        {"key_points": [{"id": "a", "text": "Short"}, {"id": "b", "text": "Another point to be made"}]},
        {"originality": {"levels": LEVELS}},
    ],
)
def test_a_rubric_that_cannot_judge_is_refused(changes: dict[str, Any]) -> None:
    """Missing, empty or surplus levels, weights out of bounds and ambiguous key points are refused."""
    with pytest.raises(ValidationError):
        rubric(**changes)


def test_the_hash_names_the_content() -> None:
    """The same rubric has the same hash after storage; a changed word, weight or grader's note has another."""
    first = rubric()
    assert Rubric.model_validate_json(first.model_dump_json()).hash == first.hash == rubric().hash
    others = {
        rubric(grader_notes="Read twice.").hash,
        rubric(clarity=DimensionRubric(levels=(*LEVELS[:4], "Superb"))).hash,
        rubric(clarity=DimensionRubric(levels=LEVELS, weight=2)).hash,
        first.hash,
    }
    assert len(others) == 4


def test_a_changed_copy_has_its_own_hash() -> None:
    """A copy with other content never carries the hash of the original, even when that was computed before."""
    first = rubric()
    assert first.hash
    assert first.model_copy(update={"grader_notes": "Read twice."}).hash == rubric(grader_notes="Read twice.").hash


def test_a_rubric_cannot_be_changed() -> None:
    """Assigning to a field is refused."""
    with pytest.raises(ValidationError):
        rubric().grader_notes = "other"  # type: ignore[misc]
