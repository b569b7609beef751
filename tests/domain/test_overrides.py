"""Which level stands, what the essay's score is by it, and what counts as a change."""

import factories
import pytest

from assay.domain import overrides
from assay.domain.grading import DimensionVerdict, Verdict
from assay.domain.rubric import Dimension, DimensionRubric

CLARITY, ACCURACY, COHERENCE = Dimension


def verdict(clarity: int | None, accuracy: int | None, coherence: int | None) -> Verdict:
    """A verdict with these levels; None is held."""
    given = zip(Dimension, (clarity, accuracy, coherence), strict=True)
    return Verdict(dimensions={name: DimensionVerdict(level=level, rationale="", held=level is None) for name, level in given})


def test_an_advisors_level_stands_before_the_models() -> None:
    """Also where the model gave none; what nobody has given is absent."""
    assert overrides.standing(verdict(2, 3, None), {}) == {CLARITY: 2, ACCURACY: 3}
    assert overrides.standing(verdict(2, None, None), {CLARITY: 0, ACCURACY: 4}) == {CLARITY: 0, ACCURACY: 4}


def test_the_score_follows_the_levels_that_stand() -> None:
    """Weighted as the rubric says: (2*4 + 1*1 + 1*2) / 16 instead of (2*1 + 1*1 + 1*2) / 16."""
    weighted = factories.rubric(clarity=DimensionRubric(weight=2, levels=("a", "b", "c", "d", "e")))
    assert overrides.percent(31.25, weighted, verdict(1, 1, 2), {CLARITY: 4}) == pytest.approx(68.75)
    assert overrides.percent(25.0, weighted, verdict(1, 1, None), {COHERENCE: 4}) == pytest.approx(43.75)


def test_the_score_stays_as_stored_where_nobody_has_spoken() -> None:
    """Also when the rubric cannot be read any more."""
    assert overrides.percent(12.5, factories.rubric(), verdict(4, 4, 4), {}) == 12.5
    assert overrides.percent(12.5, None, verdict(4, 4, 4), {CLARITY: 0}) == 12.5


def test_the_same_level_confirms_and_any_level_of_a_held_dimension_changes() -> None:
    """What is left is what needs a reason."""
    said = {CLARITY: 2, ACCURACY: 1, COHERENCE: 0}
    assert overrides.changes(verdict(2, 3, None), said) == {ACCURACY: 1, COHERENCE: 0}
    assert overrides.changes(verdict(2, 1, 0), said) == {}
