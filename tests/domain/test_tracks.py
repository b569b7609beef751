"""Tracks: a mix that sums to ten, levels in order, bounds of a track's content."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assay.domain.questions import QuestionType
from assay.domain.tracks import BUNDLE_SIZE, QuestionMix, SkillLevel, TrackContent

TRACK = {"name": "Backend Engineer", "description": "Builds the services behind a product.", "skillFocus": ["api-design", "sql"]}


@given(st.integers(-2, 12), st.integers(-2, 12), st.integers(-2, 12))
def test_a_mix_adds_up_to_ten(theoretical: int, essay: int, profile: int) -> None:
    """Three counts that are not negative and sum to ten are a mix, all others are refused."""
    values = {"theoretical": theoretical, "essay": essay, "profile": profile}
    if min(values.values()) >= 0 and sum(values.values()) == BUNDLE_SIZE:
        mix = QuestionMix(**values)
        assert {kind.value: mix.count(kind) for kind in QuestionType} == values
        return
    with pytest.raises(ValidationError):
        QuestionMix(**values)


def test_the_default_mix_is_three_three_four() -> None:
    """Without a mix of its own a track asks 3 theoretical, 3 essay and 4 profile questions."""
    mix = TrackContent.model_validate(TRACK).question_mix
    assert (mix.theoretical, mix.essay, mix.profile) == (3, 3, 4)


def test_levels_are_ranked() -> None:
    """Beginner, intermediate, advanced are 0, 1, 2."""
    assert [level.rank for level in (SkillLevel.BEGINNER, SkillLevel.INTERMEDIATE, SkillLevel.ADVANCED)] == [0, 1, 2]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "BE"},
        {"name": "x" * 121},
        {"description": "Too short"},
        {"skillFocus": []},
        {"skillFocus": ["Not A Slug"]},
        {"skillFocus": [f"skill-{number}" for number in range(25)]},
        {"expiryDays": 0},
        {"expiryDays": 91},
        {"targetLevel": "wizard"},
        {"fallbackCredentials": [f"credential-{number}" for number in range(11)]},
        {"questionMix": {"theoretical": 3, "essay": 3, "profile": 3}},
        {"colour": "blue"},
    ],
)
def test_a_track_out_of_bounds_is_refused(changes: dict[str, Any]) -> None:
    """Lengths, slugs, days, levels, mixes and unknown fields."""
    with pytest.raises(ValidationError):
        TrackContent.model_validate({**TRACK, **changes})


@pytest.mark.parametrize("days", [1, 90])
def test_expiry_bounds_are_allowed(days: int) -> None:
    """One day and ninety days are both possible."""
    assert TrackContent.model_validate({**TRACK, "expiryDays": days}).expiry_days == days
