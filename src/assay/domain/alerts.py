"""What an operator has to be woken for: conditions, since when they hold, and what to do. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from assay.domain.pilot import RESULT_SECONDS
from assay.kit.model import Value

BACKLOG_JOBS: Final = 50
DEGRADED_SHARE: Final = 0.05
"""Of the results of an hour."""
UNATTENDED_SECONDS: Final = 60.0
"""A job that nobody takes in hand for so long has no worker, whoever is registered."""
SILENCE: Final = timedelta(minutes=3)
"""Without a snapshot."""


class AlertName(StrEnum):
    """Everything that raises one."""

    DEPENDENCY_DOWN = "dependencyDown"
    NO_WORKER = "noWorker"
    NO_RECONCILER = "noReconciler"
    BACKLOG = "backlog"
    DEAD_LETTERS = "deadLetters"
    DEGRADED = "degraded"
    SLOW = "slow"
    CIRCUIT_OPEN = "circuitOpen"


class Alert(Value):
    """A condition in force; `since` is None where nobody knows."""

    name: AlertName
    heading: str
    since: datetime | None
    advice: str


class Down(NamedTuple):
    """A dependency that does not answer, or a provider that is left alone since a time."""

    name: str
    since: datetime | None = None


class Facts(NamedTuple):
    """What is known at one moment, of the last hour where nothing else is said."""

    now: datetime
    down: Sequence[Down] = ()
    open_circuits: Sequence[Down] = ()
    workers: int | None = None
    """Registered or with a job in hand; None when nobody knows."""
    workers_seen_at: datetime | None = None
    due_seconds: float = 0.0
    """For how long the oldest job of an assessment has waited for a worker."""
    backlog: int = 0
    backlog_since: datetime | None = None
    dead: int = 0
    dead_since: datetime | None = None
    finished: int = 0
    degraded: int = 0
    degraded_since: datetime | None = None
    p95_seconds: float | None = None
    slow_since: datetime | None = None
    snapshot_at: datetime | None = None


def in_force(facts: Facts) -> tuple[Alert, ...]:
    """What holds now, the worst first."""
    return (*_gone(facts), *_piling_up(facts), *_worse(facts))


def _gone(facts: Facts) -> Iterator[Alert]:
    for each in facts.down:
        yield Alert(
            name=AlertName.DEPENDENCY_DOWN,
            heading=f"{each.name} does not answer",
            since=each.since,
            advice="See whether its process runs and can be reached from here; the log of this one says why it could not.",
        )
    unattended = facts.due_seconds > UNATTENDED_SECONDS
    if facts.workers == 0 or unattended:
        oldest = facts.now - timedelta(seconds=facts.due_seconds) if unattended else None
        yield Alert(
            name=AlertName.NO_WORKER,
            heading="No worker takes jobs in hand",
            since=facts.workers_seen_at if facts.workers == 0 else oldest,
            advice="Start a worker, or look why those there are do not go on. Nothing is lost meanwhile: what was submitted waits.",
        )
    if facts.snapshot_at is not None and facts.now - facts.snapshot_at > SILENCE:
        yield Alert(
            name=AlertName.NO_RECONCILER,
            heading="The reconciler has not measured for some minutes",
            since=facts.snapshot_at,
            advice="Start it again. Until then leases of workers that died are not taken back, and nothing is healed or removed.",
        )


def _piling_up(facts: Facts) -> Iterator[Alert]:
    if facts.backlog > BACKLOG_JOBS:
        yield Alert(
            name=AlertName.BACKLOG,
            heading=f"{facts.backlog} jobs wait or are in hand, more than {BACKLOG_JOBS}",
            since=facts.backlog_since,
            advice="See whether the model's provider is slow or limits requests; else add a worker. It drains by itself once it is faster.",
        )
    if facts.dead:
        yield Alert(
            name=AlertName.DEAD_LETTERS,
            heading=f"{facts.dead} dead {'letter waits' if facts.dead == 1 else 'letters wait'} for a decision",
            since=facts.dead_since,
            advice="Look at the causes under Jobs, mend what they name, then send those of a cause again.",
        )


def _worse(facts: Facts) -> Iterator[Alert]:
    if facts.finished and facts.degraded / facts.finished > DEGRADED_SHARE:
        yield Alert(
            name=AlertName.DEGRADED,
            heading=f"{facts.degraded} of the {facts.finished} results of the last hour rest on a substitute, over {DEGRADED_SHARE:.0%}",
            since=facts.degraded_since,
            advice="Find the cause under Jobs, at what waits to be healed. What a provider's absence degraded is made again by itself.",
        )
    if facts.p95_seconds is not None and facts.p95_seconds > RESULT_SECONDS:
        yield Alert(
            name=AlertName.SLOW,
            heading=f"One result in twenty took {facts.p95_seconds:.1f} s or more, over {RESULT_SECONDS:.0f} s",
            since=facts.slow_since,
            advice="Compare the model's own latency with the queue's: the one that has grown is where to look.",
        )
    for each in facts.open_circuits:
        yield Alert(
            name=AlertName.CIRCUIT_OPEN,
            heading=f"{each.name} is left alone after failures in a row",
            since=each.since,
            advice="It is asked again by itself. If it stays so: check the provider's status page, the key and the allowance.",
        )
