"""The ledger's decisions: how long to wait before the next try, and which try is the last."""

import math

import pytest
from factories import claimed_job
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.jobs import (
    BACKOFF_BASE_SECONDS,
    BACKOFF_CAP_SECONDS,
    MAX_ERRORS,
    QUEUES,
    RETRY_AFTER_CAP_SECONDS,
    TERMINAL,
    JobStatus,
    JobType,
    backoff_seconds,
)

draws = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 10_000), draws)
def test_the_wait_is_between_half_the_ceiling_and_the_ceiling(errors: int, draw: float) -> None:
    """The ceiling doubles from half a second to eight; the jitter never waits less than half of it, at any number of errors."""
    ceiling = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** min(errors - 1, 10))
    assert ceiling / 2 <= backoff_seconds(errors, draw=draw) <= ceiling


@pytest.mark.parametrize(("errors", "low", "high"), [(1, 0.25, 0.5), (2, 0.5, 1.0), (3, 1.0, 2.0), (5, 4.0, 8.0), (6, 4.0, 8.0)])
def test_the_wait_doubles_up_to_a_cap(errors: int, low: float, high: float) -> None:
    """The exact bounds of each try."""
    assert backoff_seconds(errors, draw=0.0) == low
    assert backoff_seconds(errors, draw=math.nextafter(1.0, 0.0)) == pytest.approx(high)


@given(st.integers(1, 6), draws, st.floats(0, RETRY_AFTER_CAP_SECONDS))
def test_the_provider_is_not_asked_before_it_said(errors: int, draw: float, retry_after: float) -> None:
    """`Retry-After` is a lower bound, not a replacement of the back-off."""
    assert backoff_seconds(errors, retry_after, draw=draw) == max(retry_after, backoff_seconds(errors, draw=draw))


@pytest.mark.parametrize("retry_after", [60.0, 86_400.0, 1e12, math.inf])
def test_a_provider_cannot_put_a_student_off_for_a_day(retry_after: float) -> None:
    """A long `Retry-After` waits no longer than the grading budget lasts: then the fallback speaks."""
    assert backoff_seconds(1, retry_after) == RETRY_AFTER_CAP_SECONDS


@pytest.mark.parametrize("retry_after", [None, 0.0, -5.0, math.nan])
def test_a_senseless_retry_after_changes_nothing(retry_after: float | None) -> None:
    """Nothing, zero, the past and no number leave the back-off as it is."""
    assert backoff_seconds(2, retry_after, draw=0.5) == backoff_seconds(2, draw=0.5)


def test_without_a_draw_the_waits_are_spread() -> None:
    """Jobs that failed together do not come back together."""
    waits = {backoff_seconds(3) for _ in range(50)}
    assert len(waits) > 40
    assert all(1.0 <= wait < 2.0 for wait in waits)


@pytest.mark.parametrize(
    ("attempt", "crashes", "errors", "last"),
    [(1, 0, 0, False), (2, 0, 1, False), (3, 0, 2, True), (2, 1, 0, False), (4, 1, 2, True), (5, 4, 0, False)],
)
def test_errors_and_crashes_are_counted_apart(attempt: int, crashes: int, errors: int, last: bool) -> None:  # noqa: FBT001 - a table
    """Three attempts may end in an error; attempts whose worker vanished do not count among them."""
    held = claimed_job(attempt=attempt, crashes=crashes)
    assert (held.errors, held.is_last_try) == (errors, last)
    assert held.is_last_try == (held.errors + 1 >= MAX_ERRORS)


def test_every_type_has_a_queue_and_three_states_are_final() -> None:
    """The registry is whole, and exactly succeeded, degraded and dead end a job."""
    assert set(QUEUES) == set(JobType)
    assert {JobStatus.SUCCEEDED, JobStatus.DEGRADED, JobStatus.DEAD} == TERMINAL
