"""Snapshots: one a minute whoever offers, what they hold of a real journey, their names, and how long they stay."""

import asyncio
import os
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from dead import buried
from journeys import Student
from rq import Queue, SimpleWorker
from sqlalchemy import text

from assay.broker.rq import RqBroker, connect, queue_name
from assay.db.repositories.snapshots import READINGS
from assay.domain import jobs
from assay.domain.jobs import JobType, WorkerSeen
from assay.domain.retention import QUEUE_DAYS, Kind, Policy
from assay.domain.snapshots import MEASURES, Measure
from assay.runtime import Runtime
from assay.services import retention, snapshots
from assay.settings import Settings
from assay.worker.main import owner_name

GOLDEN = {
    "snapshot.taken": ("", "sum"),
    "queue.depth": ("jobType status", "max"),
    "queue.oldest_seconds": ("jobType", "max"),
    "jobs.ended": ("jobType status track", "sum"),
    "jobs.p95_seconds": ("jobType", "max"),
    "results.finished": ("track", "sum"),
    "results.degraded": ("track", "sum"),
    "turnaround.p50_seconds": ("", "max"),
    "turnaround.p95_seconds": ("", "max"),
    "degraded.stages": ("stage cause track", "sum"),
    "model.calls": ("purpose outcome track", "sum"),
    "model.tokens": ("purpose kind track", "sum"),
    "model.cost_usd": ("purpose track", "sum"),
    "model.p95_seconds": ("purpose", "max"),
    "webhooks.tries": ("outcome", "sum"),
    "workers.live": ("", "max"),
}


EVENTS = {"async_jobs": "first_claimed_at finished_at", "model_calls": "created_at", "degraded_stages": "since"}


class Registry:
    """A queue that knows of these workers."""

    def __init__(self, *names: str) -> None:
        self._names = names

    async def workers(self) -> tuple[WorkerSeen, ...] | None:
        """What it was told; nothing means that it is away."""
        return tuple(WorkerSeen(name=name, state="idle", heard_at=None) for name in self._names) or None


async def rows(runtime: Runtime) -> list[Any]:
    """Everything that was measured."""
    async with runtime.open_uow() as uow:
        return list(await uow.session.execute(text("SELECT name, labels, value, at FROM metric_snapshots ORDER BY name, labels::text")))


async def run(runtime: Runtime, statement: str, *, guarded: bool = True) -> None:
    """Change something, also what is written once unless it is `guarded`."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text(f"SET LOCAL session_replication_role = {'origin' if guarded else 'replica'}"))
        await uow.session.execute(text(statement))


async def grow_old(runtime: Runtime) -> None:
    """As if everything had happened five minutes earlier, and the last snapshot five minutes before that."""
    for table, columns in EVENTS.items():
        moved = ", ".join(f"{column} = {column} - interval '5 minutes'" for column in columns.split())
        await run(runtime, f"UPDATE {table} SET {moved}", guarded=False)
    await run(runtime, "DELETE FROM metric_snapshots")
    await run(
        runtime,
        "INSERT INTO metric_snapshots (at, name, labels, value)"
        " VALUES (date_trunc('minute', now()) - interval '10 minutes', 'snapshot.taken', '{}', 1)",
    )


async def take(runtime: Runtime, *workers: str) -> int:
    """Offer a snapshot."""
    return await snapshots.take(runtime.open_uow, Registry(*workers))  # type: ignore[arg-type]  # all that is asked of it


def test_names_and_labels_are_as_agreed() -> None:
    """A renamed measure breaks every series that was written: it is changed here, on purpose, or not at all. Each is read by something."""
    assert {measure.value: (" ".join(told.labels), told.together) for measure, told in MEASURES.items()} == GOLDEN
    assert set(READINGS) == set(Measure)


async def test_a_minute_is_written_once(runtime: Runtime) -> None:
    """Five offers at once, and a sixth later: one snapshot. In an idle minute it holds next to nothing."""
    written = await asyncio.gather(*(take(runtime, "host:1", "host:2") for _ in range(5)))
    assert sorted(written) == [0, 0, 0, 0, 2]
    assert await take(runtime) == 0
    assert [(row.name, row.value) for row in await rows(runtime)] == [("snapshot.taken", 1), ("workers.live", 2)]


@pytest.mark.usefixtures("drainer")
async def test_a_journey_is_told_in_figures(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Jobs, result, calls and tokens of a finished assessment, by track; labels are those agreed on; then everything is zero again."""
    await student.finished(track_id)
    await grow_old(runtime)
    assert await take(runtime) > 5
    found = await rows(runtime)
    assert all(tuple(sorted(row.labels)) == tuple(sorted(MEASURES[Measure(row.name)].labels)) for row in found)
    values = {(row.name, *sorted(row.labels.values())): row.value for row in found}
    assert values["jobs.ended", "backend-engineer", "score_essay", "succeeded"] == 1
    assert values["results.finished", "backend-engineer"] == 1
    assert ("results.degraded", "backend-engineer") not in values
    assert values["model.calls", "backend-engineer", "ok", "score_essay"] == 3
    assert 0 < values[("turnaround.p50_seconds",)] <= values[("turnaround.p95_seconds",)] < 60
    await run(runtime, "UPDATE metric_snapshots SET at = at - interval '2 minutes'")
    await take(runtime)
    assert [row.name for row in await rows(runtime) if row.name == "results.finished"] == ["results.finished"]


async def test_what_failed_and_what_waits_is_told(runtime: Runtime, student: Student, other_student: Student, track_id: UUID) -> None:
    """A dead job, its degraded stage by cause, and what somebody else has just submitted."""
    await buried(runtime, student, track_id, JobType.SCORE_ESSAY, error=ZeroDivisionError())
    await grow_old(runtime)
    bundle = await other_student.start(track_id)
    await other_student.answer_all(bundle)
    await other_student.submit(bundle)
    await take(runtime)
    values = {(row.name, *sorted(row.labels.values())): row.value for row in await rows(runtime)}
    assert values["jobs.ended", "backend-engineer", "dead", "score_essay"] == 1
    assert values["results.degraded", "backend-engineer"] == 1
    assert values["degraded.stages", "backend-engineer", "essayScoring", "internal_error"] == 1
    assert values["queue.depth", "queued", "score_essay"] == 1
    assert 0 <= values["queue.oldest_seconds", "score_essay"] < 60
    assert ("queue.depth", "generate_recommendations", "queued") not in values  # it waits for the essays, not for a worker


async def test_how_long_it_has_been_above(runtime: Runtime) -> None:
    """The first minute of the run that goes on to the newest snapshot; nothing once it is over."""
    await run(
        runtime,
        "INSERT INTO metric_snapshots (at, name, labels, value)"
        " SELECT date_trunc('minute', now()) - minute.ago * interval '1 minute', each.name, '{}', each.value"
        " FROM (VALUES (5, 60), (4, 10), (3, 70), (2, 80), (1, 90)) AS minute (ago, depth)"
        " CROSS JOIN LATERAL (VALUES ('snapshot.taken', 1), ('queue.depth', minute.depth)) AS each (name, value)",
    )
    async with runtime.open_uow() as uow:
        since = await uow.snapshots.above_since(Measure.QUEUE_DEPTH, 50)
        never = await uow.snapshots.above_since(Measure.QUEUE_DEPTH, 100)
        now = await uow.session.scalar(text("SELECT date_trunc('minute', now())"))
        written = await uow.snapshots.written(1)
    assert since == now - timedelta(minutes=3)
    assert never is None
    assert (written.written, written.passed) == (5, 5)


async def test_snapshots_go_after_a_month(runtime: Runtime) -> None:
    """Those past thirty days are removed by the daily run, younger ones stay."""
    await run(
        runtime,
        "INSERT INTO metric_snapshots (at, name, labels, value) SELECT now() - n * interval '1 day', 'snapshot.taken', '{}', 1"
        f" FROM unnest(ARRAY[1, {QUEUE_DAYS - 1}, {QUEUE_DAYS + 1}, 90]) AS n",
    )
    done = await retention.run(runtime.open_uow, runtime.vector_store, Policy(), dry_run=False)
    assert {item.kind: item.removed for item in done.items}[Kind.SNAPSHOTS] == 2
    assert len(await rows(runtime)) == 2


async def test_workers_register_with_the_queue(runtime: Runtime, settings: Settings) -> None:
    """A worker that listens is known by the name with which it signs its leases; one of another installation is not."""
    connection = connect(settings.redis_url.get_secret_value(), timeout=5)
    listening = [Queue(queue_name(jobs.Queue.DEFAULT, name), connection=connection) for name in (settings.queue_namespace, "elsewhere")]
    workers = [SimpleWorker([queue], connection=connection) for queue in listening]
    assert await runtime.broker.workers() == ()
    for worker in workers:
        worker.register_birth()
    (seen,) = await runtime.broker.workers() or ()
    assert seen.name == owner_name(os.getpid())
    assert seen.heard_at is not None
    assert await snapshots.take(runtime.open_uow, runtime.broker) == 2
    for worker in workers:
        worker.register_death()
    assert await runtime.broker.workers() == ()


async def test_with_the_queue_away_nobody_knows(settings: Settings) -> None:
    """Which is not the same as nobody being there."""
    broker = RqBroker("redis://127.0.0.1:1/0", settings.queue_namespace)
    assert await broker.workers() is None
    await broker.close()
