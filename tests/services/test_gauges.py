"""Gauges read from the database: what alerts on workers, dead letters, degraded results and keys rest on."""

import asyncio
import math
from types import SimpleNamespace
from uuid import UUID

import pytest
from dead import buried
from journeys import Student
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from waiting import until

from assay.db.repositories.jobs import Depth
from assay.domain.jobs import JobType, WorkerSeen
from assay.domain.keys import made_at
from assay.runtime import Runtime
from assay.services import gauges, jobs
from assay.worker.recorder import record_each_minute


class Queue:
    """A queue that knows of these workers, or is away."""

    def __init__(self, *names: str, away: bool = False) -> None:
        self._seen = None if away else tuple(WorkerSeen(name=name, state="idle", heard_at=None) for name in names)

    async def workers(self) -> tuple[WorkerSeen, ...] | None:
        """Who is registered."""
        return self._seen


async def measured(runtime: Runtime, queue: Queue, signing: str = "") -> gauges.Figures:
    """Set the gauges."""
    return await gauges.measure(runtime.open_uow, queue, signing)  # type: ignore[arg-type]  # all that is asked of it


def value(name: str, **labels: str) -> float:
    """What `/metrics` would say."""
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, (name, labels)
    return found


async def test_workers_are_counted_and_unknown_is_not_none(runtime: Runtime) -> None:
    """Two registered, then none; a queue that is away knows nothing, which is another thing than nobody."""
    await measured(runtime, Queue("host:1", "host:2"))
    assert value("assay_workers_live") == 2
    await measured(runtime, Queue())
    assert value("assay_workers_live") == 0
    assert (await measured(runtime, Queue(away=True))).workers is None
    assert math.isnan(value("assay_workers_live"))


async def test_a_dead_letter_and_a_degraded_result_are_told(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """One assessment whose essays were given up: one result, one degraded, one letter by its cause."""
    await buried(runtime, student, track_id, JobType.SCORE_ESSAY, error=ZeroDivisionError())
    assert await measured(runtime, Queue("host:1")) == (0, 1, 1)
    assert value("assay_results_last_hour", state="finished") == value("assay_results_last_hour", state="degraded") == 1
    assert value("assay_dead_letters", cause="internal_error") == 1


async def test_the_oldest_job_is_the_oldest_whatever_it_waits_for() -> None:
    """One that has waited for a worker for long is not hidden by a younger one that waits for its next try; one in hand does not count."""

    async def depth() -> list[Depth]:
        waiting = [Depth("score_essay", "queued", 3, 90.0), Depth("score_essay", "retry_wait", 1, 2.0)]
        return [*waiting, Depth("score_essay", "leased", 1, 500.0)]

    await jobs.measure(SimpleNamespace(jobs=SimpleNamespace(depth=depth)))  # type: ignore[arg-type]  # all that is asked of it
    assert value("assay_queue_oldest_seconds", job_type="score_essay") == 90
    assert value("assay_queue_depth", job_type="score_essay", status="retry_wait") == 1


async def test_keys_tell_their_age(runtime: Runtime) -> None:
    """Encryption and look-ups since their first use here; a signing key by the day it is named after."""
    await measured(runtime, Queue(), "t20200101-9f3a")
    assert 0 <= value("assay_key_age_seconds", purpose="encryption") < 3600
    assert 0 <= value("assay_key_age_seconds", purpose="look-ups") < 3600
    assert value("assay_key_age_seconds", purpose="signing") > 5 * 365 * 86_400


@pytest.mark.parametrize("key_id", ["k1", "", "t20261332-aa", "k120261123"])
def test_a_name_without_a_day_has_no_age(key_id: str) -> None:
    """Nothing is guessed."""
    assert made_at(key_id) is None


async def test_a_minute_is_told_in_the_log(runtime: Runtime) -> None:
    """One line for a snapshot, with the fields that CloudWatch makes metrics of (deploy/terraform/modules/alarms)."""
    with capture_logs() as told:
        recording = asyncio.create_task(record_each_minute(runtime))
        await until(lambda: bool(told), within=10)
        recording.cancel()
    lines = [line for line in told if line["event"] == "queue_measured"]
    assert [set(line) - {"event", "log_level"} for line in lines] == [set(gauges.Figures._fields)]
