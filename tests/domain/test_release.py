"""Release policies: what holds a result back, until when, and what the student is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from factories import NOON
from pydantic import ValidationError

from assay.domain.release import Release, ReleasePolicy

REVIEW = ReleasePolicy.model_validate({"when": "afterReview"})
DATED = ReleasePolicy.model_validate({"when": "onDate", "on": NOON.isoformat()})


@pytest.mark.parametrize(
    "wrong",
    [
        {"when": "onDate"},
        {"when": "onDate", "on": "2026-11-22T12:00:00"},
        {"when": "atOnce", "on": NOON},
        {"when": "afterReview", "on": NOON},
        {"when": "never"},
        {"on": NOON},
    ],
)
def test_a_policy_that_is_not_whole_is_refused(wrong: dict[str, Any]) -> None:
    """A date goes with `onDate` alone, and has a time zone."""
    with pytest.raises(ValidationError):
        ReleasePolicy.model_validate(wrong)


def test_what_is_stored_reads_back_as_it_was() -> None:
    """Each policy, and none, which means at once."""
    for policy in (ReleasePolicy(), REVIEW, DATED):
        assert Release.of(policy.stored, None).policy == policy
    assert Release.of(None, None).held(NOON) is None


def test_a_review_holds_until_it_is_released() -> None:
    """However long it takes; the sentence says who it waits for."""
    told = Release(policy=REVIEW).held(NOON + timedelta(days=900))
    assert told is not None
    assert "an advisor" in told
    assert Release(policy=REVIEW, released_at=NOON).held(NOON) is None


def test_a_date_holds_until_its_moment_or_an_advisor() -> None:
    """The second before it is held, the moment itself is not; the sentence names it."""
    told = Release(policy=DATED).held(NOON - timedelta(seconds=1))
    assert told is not None
    assert "22 November 2026, 12:00 UTC" in told
    assert Release(policy=DATED).held(NOON) is None
    assert Release(policy=DATED, released_at=datetime(2026, 1, 1, tzinfo=UTC)).held(NOON - timedelta(days=1)) is None
