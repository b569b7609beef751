"""Leases of jobs in hand: kept to the end of a graceful stop, given up when the job was claimed anew, returned with a ring."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from graders import ScriptedGrader, StuckGrader, quoting
from journeys import Student
from sqlalchemy import text
from waiting import until

from assay.db.unit_of_work import unit_of_work_factory
from assay.domain.grading import EssayTask, ModelReply
from assay.domain.jobs import JobType
from assay.domain.ports import Grader
from assay.runtime import Runtime
from assay.services import jobs
from assay.services.grading import Graders
from assay.worker.drainer import Drainer


class SlowGrader(ScriptedGrader):
    """A grader that takes `seconds`."""

    def __init__(self, seconds: float, *script: Callable[[EssayTask], dict[str, Any]]) -> None:
        super().__init__(*script)
        self._seconds = seconds

    async def ask(self, task: EssayTask, *, failed_quotes: Sequence[str] = ()) -> ModelReply:
        """Answer late."""
        reply = await super().ask(task, failed_quotes=failed_quotes)
        await asyncio.sleep(self._seconds)
        return reply


class Bell:
    """A broker that remembers what was rung."""

    def __init__(self) -> None:
        self.rung: list[JobType] = []

    async def ring(self, job_type: JobType, job_id: UUID) -> bool:
        """Remember."""
        del job_id
        self.rung.append(job_type)
        return True

    async def depth(self) -> dict[str, int]:
        """Nothing waits."""
        return {}

    async def ping(self) -> None:
        """Always there."""


def _with(runtime: Runtime, grader: Grader, **settings: float) -> Runtime:
    changed = runtime.settings.model_copy(update=settings)
    return replace(runtime, settings=changed, graders=Graders(grader, runtime.graders.fallback))


async def _asked(student: Student, track_id: UUID, runtime: Runtime, grader: ScriptedGrader) -> tuple[Drainer, asyncio.Task[None]]:
    """A drainer in the middle of the three calls of a submitted assessment."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    assert (await student.submit(bundle)).status_code == 202
    drainer = Drainer(runtime, "test:1")
    running = asyncio.create_task(drainer.run())
    await until(lambda: len(grader.asked) == 3)
    return drainer, running


async def _essay_job(runtime: Runtime) -> Any:
    async with runtime.open_uow() as uow:
        query = "SELECT status, fence, attempt, crashes FROM async_jobs WHERE job_type = 'score_essay'"
        return tuple((await uow.session.execute(text(query))).one())


async def test_what_is_being_finished_keeps_its_lease(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """A stop that waits longer than a lease for a call is not taken for a crash by the sweeper."""
    grader = SlowGrader(1.2, quoting())
    impatient = _with(runtime, grader, lease_seconds=0.6, shutdown_grace_seconds=10)
    drainer, running = await _asked(student, track_id, impatient, grader)

    async def sweep() -> None:
        while True:
            async with runtime.open_uow() as uow:
                await jobs.sweep(uow)
            await asyncio.sleep(0.1)

    sweeping = asyncio.create_task(sweep())
    await drainer.stop()
    await running
    sweeping.cancel()
    with suppress(asyncio.CancelledError):
        await sweeping
    assert await _essay_job(runtime) == ("succeeded", 1, 1, 0)


async def test_a_job_that_was_claimed_anew_is_worked_on_once(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """An outage outlasts the lease, and the same worker claims the job again: the old task ends, the new one keeps its lease."""
    grader = StuckGrader(quoting())
    quick = _with(runtime, grader, lease_seconds=0.6, shutdown_grace_seconds=0.1)
    drainer, running = await _asked(student, track_id, quick, grader)
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE async_jobs SET lease_expires_at = now() - interval '1 s' WHERE status = 'leased'"))
        assert await jobs.sweep(uow) == 1
    drainer.wake()
    await until(lambda: len(grader.asked) == 6)
    await asyncio.sleep(0.9)
    (job,) = drainer._in_hand
    assert job.fence == 2
    async with runtime.open_uow() as uow:
        assert await jobs.sweep(uow) == 0
    assert await _essay_job(runtime) == ("leased", 2, 2, 1)
    await drainer.stop()
    await running


async def test_what_is_handed_back_is_rung_for(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Another worker goes on at once, without waiting for its next look into the ledger; one ring wakes it for all."""
    grader, bell = StuckGrader(quoting()), Bell()
    ringing = replace(_with(runtime, grader, shutdown_grace_seconds=0.05), broker=bell, open_uow=unit_of_work_factory(runtime.engine, bell))
    drainer, running = await _asked(student, track_id, ringing, grader)
    await drainer.stop()
    await running
    assert await _essay_job(runtime) == ("queued", 1, 0, 0)
    assert bell.rung == [JobType.SCORE_ESSAY]
