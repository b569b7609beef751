"""Webhooks' decisions: the schedule of tries, what an answer means, how an event looks."""

import math

import pytest
from factories import claimed_job
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.errors import Fault
from assay.domain.jobs import JobType
from assay.domain.webhooks import JITTER, RETRY_AFTER_CAP_SECONDS, RETRY_SECONDS, TRIES, EventType, fault_of, message, pause_seconds

draws = st.floats(0, 1, exclude_max=True)


def test_the_schedule_is_that_of_the_specification() -> None:
    """At once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h."""
    assert [round(pause / 60, 2) for pause in RETRY_SECONDS] == [0.08, 5, 30, 120, 300, 600, 840, 1200, 1440]
    assert TRIES == 10


@given(st.integers(1, 50), st.floats(0.001, 10), draws)
def test_a_pause_follows_the_schedule_scaled_and_a_little_spread(errors: int, scale: float, draw: float) -> None:
    """Never shorter than the step, never longer by more than a tenth; past the end of the schedule its last step."""
    step = RETRY_SECONDS[min(errors, 9) - 1] * scale
    assert step <= pause_seconds(errors, scale, draw=draw) <= step * (1 + JITTER)


@given(st.integers(1, 9), draws, st.floats(0, RETRY_AFTER_CAP_SECONDS))
def test_an_endpoint_is_not_asked_before_it_said(errors: int, draw: float, retry_after: float) -> None:
    """`Retry-After` is a lower bound, which the scale does not touch."""
    assert pause_seconds(errors, 0.001, retry_after, draw=draw) == max(retry_after, pause_seconds(errors, 0.001, draw=draw))


@pytest.mark.parametrize("retry_after", [1e9, math.inf])
def test_an_endpoint_cannot_put_us_off_for_ever(retry_after: float) -> None:
    """A day at most."""
    assert pause_seconds(1, 1.0, retry_after) == RETRY_AFTER_CAP_SECONDS


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (200, None),
        (202, None),
        (204, None),
        (299, None),
        (301, Fault.REFUSED),
        (302, Fault.REFUSED),
        (400, Fault.REFUSED),
        (404, Fault.REFUSED),
        (410, Fault.REFUSED),
        (429, Fault.RATE_LIMITED),
        (500, Fault.UNAVAILABLE),
        (503, Fault.UNAVAILABLE),
    ],
)
def test_only_success_is_a_receipt(status: int, fault: Fault | None) -> None:
    """Redirects are none: they are not followed."""
    assert fault_of(status) == fault


def test_a_delivery_has_more_tries_than_a_job_a_student_waits_for() -> None:
    """Ten, counted by what is attempted."""
    assert not claimed_job(type=JobType.DELIVER_WEBHOOK, attempt=9).is_last_try
    assert claimed_job(type=JobType.DELIVER_WEBHOOK, attempt=10).is_last_try
    assert not claimed_job(type=JobType.DELIVER_WEBHOOK, attempt=12, crashes=3).is_last_try


def test_the_names_on_the_wire() -> None:
    """Receivers rest on them."""
    assert [event.value for event in EventType] == [
        "assessment.completed",
        "assessment.degraded",
        "assessment.failed",
        "result.upgraded",
        "recommendation.feedback",
    ]
    assert message(EventType.RESULT_UPGRADED, "2026-11-22T12:00:00.000Z", {"a": 1}) == {
        "type": "result.upgraded",
        "timestamp": "2026-11-22T12:00:00.000Z",
        "data": {"a": 1},
    }
