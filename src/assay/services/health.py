"""How the service stands, for whoever is on call: workers, the last hour, the alerts in force, and how figures went over time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from assay.db.repositories.jobs import Depth
from assay.db.repositories.vitals import Hour, Lease, Repair
from assay.db.unit_of_work import UnitOfWork
from assay.domain.alerts import BACKLOG_JOBS, Alert, Down, Facts, in_force
from assay.domain.jobs import JobStatus, JobType, WorkerSeen
from assay.domain.pilot import RESULT_SECONDS
from assay.domain.snapshots import MEASURES, Measure

SPAN: Final = timedelta(hours=6)
STEP: Final = timedelta(minutes=5)
DRAWN: Final = (Measure.TAKEN, Measure.QUEUE_DEPTH, Measure.TURNAROUND_P95, Measure.RESULTS_FINISHED, Measure.RESULTS_DEGRADED,
                Measure.MODEL_CALLS)  # fmt: skip


class Worker(NamedTuple):
    """A worker process: as the queue knows it, and what it has in hand."""

    name: str
    state: str | None
    """None of one that the queue does not know (any more)."""
    heard_at: datetime | None
    jobs: int
    until: datetime | None


class Step(NamedTuple):
    """What was measured in one stretch of time; None stands for a stretch in which nobody measured."""

    at: datetime
    values: dict[Measure, float] | None


class Reading(NamedTuple):
    """How it stands."""

    hour: Hour
    depth: tuple[Depth, ...]
    workers: tuple[Worker, ...]
    workers_known: bool
    repairs: tuple[Repair, ...]
    alerts: tuple[Alert, ...]
    steps: tuple[Step, ...]


async def read(uow: UnitOfWork, seen: Sequence[WorkerSeen] | None, down: Sequence[Down], open_circuits: Sequence[Down]) -> Reading:
    """How it stands now. `seen` are the workers that the queue knows (None: it is away), `down` what does not answer."""
    hour = await uow.vitals.hour(RESULT_SECONDS)
    depth = tuple(await uow.jobs.depth())
    workers = _workers(seen or (), await uow.vitals.leases())
    backlog = sum(each.jobs for each in depth)
    facts = Facts(
        now=hour.now,
        down=down,
        open_circuits=open_circuits,
        workers=None if seen is None else len(workers),
        workers_seen_at=None if workers else await uow.vitals.workers_seen_at(),
        due_seconds=max((each.oldest for each in depth if _waits_for_a_worker(each)), default=0.0),
        backlog=backlog,
        backlog_since=await uow.snapshots.above_since(Measure.QUEUE_DEPTH, BACKLOG_JOBS) if backlog > BACKLOG_JOBS else None,
        dead=hour.dead,
        dead_since=hour.dead_since,
        finished=hour.finished,
        degraded=hour.degraded,
        degraded_since=hour.degraded_since,
        p95_seconds=hour.p95_seconds,
        slow_since=hour.slow_since,
        snapshot_at=(await uow.snapshots.written(1)).last,
    )
    return Reading(hour, depth, workers, seen is not None, tuple(await uow.vitals.repairs()), in_force(facts), await _steps(uow, hour.now))


def _waits_for_a_worker(depth: Depth) -> bool:
    return depth.status != JobStatus.LEASED and depth.job_type != JobType.DELIVER_WEBHOOK


def _workers(seen: Sequence[WorkerSeen], leases: Sequence[Lease]) -> tuple[Worker, ...]:
    held = {lease.name: lease for lease in leases}
    known = {each.name: each for each in seen}
    return tuple(
        Worker(
            name=name,
            state=known[name].state if name in known else None,
            heard_at=known[name].heard_at if name in known else None,
            jobs=held[name].jobs if name in held else 0,
            until=held[name].until if name in held else None,
        )
        for name in sorted(known | held)
    )


async def _steps(uow: UnitOfWork, now: datetime) -> tuple[Step, ...]:
    found: dict[datetime, dict[Measure, float]] = {}
    for point in await uow.snapshots.series(DRAWN, SPAN, STEP):
        measure = Measure(point.name)
        found.setdefault(point.at, {})[measure] = point.total if MEASURES[measure].together == "sum" else point.most
    last = datetime.fromtimestamp(now.timestamp() // STEP.total_seconds() * STEP.total_seconds(), now.tzinfo)
    moments = [last - STEP * ago for ago in reversed(range(SPAN // STEP))]
    return tuple(Step(at, found.get(at) if Measure.TAKEN in found.get(at, {}) else None) for at in moments)
