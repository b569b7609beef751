"""What is told to other systems, and how often it is tried: events, the schedule of tries, what an answer means. No order is promised."""

import random
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

from assay.domain.errors import Fault

RETRY_SECONDS: Final = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Pauses after each failed try, as the Standard Webhooks specification proposes them: ten tries in a little over three days."""
TRIES: Final = len(RETRY_SECONDS) + 1
JITTER: Final = 0.1
"""Up to this share is added to a pause, so that what failed together does not come back together."""
RETRY_AFTER_CAP_SECONDS: Final = 86_400.0
GONE: Final = HTTPStatus.GONE
"""The answer of an endpoint that wants to be told nothing any more."""


class EventType(StrEnum):
    """Everything an endpoint can ask for, under the names that stand on the wire."""

    ASSESSMENT_COMPLETED = "assessment.completed"
    """The first result of an assessment is there; whether any of it is degraded stands in the event."""
    ASSESSMENT_DEGRADED = "assessment.degraded"
    """Beside `assessment.completed`, when a stage of that result ran on a substitute."""
    ASSESSMENT_FAILED = "assessment.failed"
    """A stage could not be done automatically and was given up. A result follows, or is there, without it."""
    RESULT_UPGRADED = "result.upgraded"
    """A finished assessment has a newer result than before: what had failed or was degraded was done again."""
    RECOMMENDATION_FEEDBACK = "recommendation.feedback"
    """A student or an advisor has spoken on a recommendation."""


class DeliveryStatus(StrEnum):
    """The states of one event on its way to one endpoint."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Disabled(StrEnum):
    """Why an endpoint is told nothing any more."""

    GONE = "gone"
    """It answered 410."""


def message(event: EventType, timestamp: str, data: dict[str, Any]) -> dict[str, Any]:
    """The body of an event; `timestamp` (RFC 3339) is when it happened, whenever it is sent."""
    return {"type": event.value, "timestamp": timestamp, "data": data}


def pause_seconds(errors: int, scale: float, retry_after: float | None = None, *, draw: float | None = None) -> float:
    """Seconds until the next try after `errors` failed ones (1 for the first), never before `retry_after`, which counts up to a day.

    `scale` stretches or shrinks the schedule. `draw` in [0, 1) replaces the random number in tests.
    """
    step = RETRY_SECONDS[min(errors, len(RETRY_SECONDS)) - 1] * scale
    jittered = step * (1 + JITTER * (random.random() if draw is None else draw))  # noqa: S311 - jitter, not a secret
    return max(jittered, min(retry_after or 0.0, RETRY_AFTER_CAP_SECONDS))


def fault_of(status: int) -> Fault | None:
    """Why an answer is no receipt; None for 2xx, which is one. A redirect is none: it is never followed."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Fault.RATE_LIMITED
    return Fault.UNAVAILABLE if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Fault.REFUSED
