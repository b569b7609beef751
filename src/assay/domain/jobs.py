"""The ledger's vocabulary and decisions: states of a job, when a failed one is tried again, and after how long."""

import random
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from assay.domain import webhooks
from assay.domain.degradation import Cause, Stage
from assay.kit.model import Value

MAX_ERRORS: Final = 3
"""Attempts that may end in an error before the fallback is written."""
MAX_CRASHES: Final = 5
"""Attempts that may end in a vanished worker before the job is given up."""
SUSPECT_CRASHES: Final = 2
"""From so many crashes on a job is done one at a time in each worker: whoever had it in hand with others when they died may be innocent,
and would otherwise be given up beside the one that kills."""
BACKOFF_BASE_SECONDS: Final = 0.5
BACKOFF_CAP_SECONDS: Final = 8.0
RETRY_AFTER_CAP_SECONDS: Final = 30.0
"""A provider that asks for more is not waited for: by then the grading budget is spent and the fallback speaks."""


class JobType(StrEnum):
    """What can be done in the background; the names are also the RQ functions."""

    SCORE_ESSAY = "score_essay"
    GENERATE_RECOMMENDATIONS = "generate_recommendations"
    DELIVER_WEBHOOK = "deliver_webhook"


class Queue(StrEnum):
    """The RQ queues, most urgent first."""

    HIGH = "high"
    DEFAULT = "default"
    LOW = "low"


QUEUES: Final[dict[JobType, Queue]] = {
    JobType.SCORE_ESSAY: Queue.DEFAULT,
    JobType.GENERATE_RECOMMENDATIONS: Queue.HIGH,
    JobType.DELIVER_WEBHOOK: Queue.LOW,
}
"""Recommendations go first: a student is one step from the result."""
PRIORITIES: Final[dict[JobType, int]] = {JobType.GENERATE_RECOMMENDATIONS: 0, JobType.SCORE_ESSAY: 1, JobType.DELIVER_WEBHOOK: 9}
"""The lowest number is claimed first."""
HEALING_PRIORITY: Final = 5
"""Of what is made again by itself: after all that students wait for."""
TRIES: Final[dict[JobType, int]] = {
    JobType.SCORE_ESSAY: MAX_ERRORS,
    JobType.GENERATE_RECOMMENDATIONS: MAX_ERRORS,
    JobType.DELIVER_WEBHOOK: webhooks.TRIES,
}
"""Attempts that may end in an error, by what is attempted."""


class JobStatus(StrEnum):
    """A job's states; the last three are terminal and immutable."""

    QUEUED = "queued"
    LEASED = "leased"
    RETRY_WAIT = "retry_wait"
    SUCCEEDED = "succeeded"
    DEGRADED = "degraded"
    DEAD = "dead"


TERMINAL: Final = frozenset({JobStatus.SUCCEEDED, JobStatus.DEGRADED, JobStatus.DEAD})


STAGES: Final[dict[JobType, tuple[Stage, ...]]] = {
    JobType.SCORE_ESSAY: (Stage.ESSAY_SCORING,),
    JobType.GENERATE_RECOMMENDATIONS: (Stage.RETRIEVAL, Stage.NARRATIVE),
    JobType.DELIVER_WEBHOOK: (),
}
"""The stages that a job of a type runs, and of which it says whether they are degraded."""


class Failure(Value):
    """Why a job failed, for whoever looks later: nobody's words."""

    cause: Cause
    error: str
    """Kind and message, one line."""
    stack: str | None = None
    """Where it was raised; None where the worker died and nobody saw."""


class ClaimedJob(Value):
    """A job in hand: only the holder of `fence` may finish it."""

    id: UUID
    type: JobType
    assessment_id: UUID
    fence: int
    attempt: int
    crashes: int
    correlation_id: str
    track: str
    generation: int = 1
    """1 for a job written at submission, one more each time it was sent again: the version of what it writes."""
    heals: bool = False
    """Sent again by the healer: what it brings is written only if it is better than what stands."""
    traceparent: str | None = None
    """Of the span that wrote it, if that was traced."""
    delivery_id: UUID | None = None
    """What a `deliver_webhook` delivers; its assessment is the one that the event is about."""

    @property
    def errors(self) -> int:
        """Attempts that ended in an error before this one, 0 on the first."""
        return self.attempt - self.crashes - 1

    @property
    def is_last_try(self) -> bool:
        """Whether an error now spends the last attempt."""
        return self.errors + 1 >= TRIES[self.type]


class WorkerSeen(Value):
    """A worker process that has registered itself with the queue."""

    name: str
    """As it signs its leases."""
    state: str
    heard_at: datetime | None
    """It tells every few minutes that it is there."""


def backoff_seconds(errors: int, retry_after: float | None = None, *, draw: float | None = None) -> float:
    """Seconds until the next try after `errors` errors (1 for the first): equal jitter (Brooker, 2015), never before `retry_after`.

    `retry_after` counts up to `RETRY_AFTER_CAP_SECONDS`. `draw` in [0, 1) replaces the random number in tests.
    """
    doublings = min(errors - 1, 16)  # far past the cap, and no power overflows
    ceiling = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2.0**doublings)
    jittered = ceiling * (0.5 + 0.5 * (random.random() if draw is None else draw))  # noqa: S311 - jitter, not a secret
    return max(jittered, min(retry_after or 0.0, RETRY_AFTER_CAP_SECONDS))
