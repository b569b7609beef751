"""Essays that kill workers beside good ones, clocks that are wrong, and transactions that the database refuses to serialise."""

import os
import signal
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from dead import working
from graders import ScriptedGrader, quoting
from journeys import Student
from processes import Processes, Provider
from sqlalchemy import text
from waiting import until

from assay.db.repositories.jobs import Completed, Jobs
from assay.domain.jobs import MAX_CRASHES, ClaimedJob, JobStatus
from assay.runtime import Runtime
from assay.services.grading import Graders


async def test_a_poison_essay_ends_and_the_one_beside_it_does_not_suffer(
    runtime: Runtime, student: Student, other_student: Student, track_id: UUID, processes: Processes, provider: Provider
) -> None:
    """Four workers died of it before; the fifth dies here: it ends dead, with a result, while another student's is scored in full."""
    await processes.start("sweeper")
    poison = await student.start(track_id)
    await student.answer_all(poison)
    assert (await student.submit(poison)).status_code == 202
    async with runtime.open_uow() as uow:
        died = text("UPDATE async_jobs SET crashes = :times, attempt = :times WHERE job_type = 'score_essay'")
        await uow.session.execute(died, {"times": MAX_CRASHES - 1})
    (victim,) = await processes.start("worker")

    async def asking() -> bool:
        return await provider.in_flight() == 3

    await until(asking)
    os.kill(victim.pid, signal.SIGKILL)
    good = await other_student.start(track_id)
    await other_student.answer_all(good)
    assert (await other_student.submit(good)).status_code == 202
    await processes.start("worker")
    assert (await other_student.result(good))["degraded"] is False
    result = await student.result(poison)
    assert [each["cause"] for each in result["degradations"]] == ["crashed"]
    async with runtime.open_uow() as uow:
        row = (await uow.session.execute(text("SELECT crashes, cause FROM async_jobs WHERE status = 'dead'"))).one()
    assert tuple(row) == (MAX_CRASHES, "crashed")


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_worker_whose_clock_is_wrong_does_the_same(runtime: Runtime, student: Student, track_id: UUID, hours: int) -> None:
    """An hour behind or ahead: claims, leases and completion follow the database's clock alone."""
    skewed = replace(runtime, clock=lambda: runtime.clock() + timedelta(hours=hours))
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    assert (await student.submit(bundle)).status_code == 202
    async with working(skewed):
        assert (await student.result(bundle))["degraded"] is False
    query = text(
        "SELECT bool_and(a.completed_at BETWEEN a.submitted_at AND clock_timestamp() AND j.finished_at <= clock_timestamp()"
        " AND j.attempt = 1 AND j.crashes = 0) FROM async_jobs j JOIN assessments a ON a.id = j.assessment_id"
    )
    async with runtime.open_uow() as uow:
        assert await uow.session.scalar(query) is True


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_an_effect_that_cannot_be_serialised_is_written_at_once_again(
    runtime: Runtime, student: Student, track_id: UUID, monkeypatch: pytest.MonkeyPatch, sqlstate: str
) -> None:
    """The database undoes both effects twice: each is written in place, by the same try, and the essays are not asked about again."""
    complete, refused = Jobs.complete, Counter[UUID]()

    async def refusing(self: Jobs, job: ClaimedJob, status: JobStatus, error: str | None = None) -> Completed:
        if refused[job.id] < 2:
            refused[job.id] += 1
            await self._session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'simulated' USING ERRCODE = '{sqlstate}'; END $$"))
        return await complete(self, job, status, error)

    monkeypatch.setattr(Jobs, "complete", refusing)
    grader = ScriptedGrader(quoting())
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    assert (await student.submit(bundle)).status_code == 202
    async with working(replace(runtime, graders=Graders(grader, runtime.graders.fallback))):
        assert (await student.result(bundle))["degraded"] is False
    assert len(grader.asked) == 3
    async with runtime.open_uow() as uow:
        rows = await uow.session.execute(text("SELECT attempt, crashes, status FROM async_jobs"))
        assert [tuple(row) for row in rows] == [(1, 0, "succeeded")] * 2
    assert list(refused.values()) == [2, 2]
