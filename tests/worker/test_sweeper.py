"""The sweeper: what nobody holds any more comes back, what nobody rang for is rung, what waits is measured."""

from dataclasses import replace
from uuid import UUID

from journeys import Student
from sqlalchemy import text

from assay.db.unit_of_work import UnitOfWork
from assay.domain.jobs import JobType
from assay.observability import metrics
from assay.runtime import Runtime
from assay.services import jobs
from assay.worker.sweeper import sweep_once


class RecordingBroker:
    """A broker that remembers its rings."""

    def __init__(self, waiting: int = 0) -> None:
        self.rings: list[tuple[JobType, UUID]] = []
        self._waiting = waiting

    async def ring(self, job_type: JobType, job_id: UUID) -> bool:
        """Remember."""
        self.rings.append((job_type, job_id))
        return True

    async def depth(self) -> dict[str, int]:
        """What it was told."""
        return {"high": 0, "default": self._waiting}

    async def ping(self) -> None:
        """Always there."""

    async def close(self) -> None:
        """Nothing to close."""


async def _submit(student: Student, track_id: UUID) -> None:
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    await student.submit(bundle)


async def _age(runtime: Runtime) -> None:
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE async_jobs SET run_at = run_at - interval '5 s' WHERE run_at < 'infinity'"))


def _repeated() -> float:
    return metrics.RINGS_REPEATED.labels(job_type="score_essay")._value.get()


async def test_an_expired_lease_comes_back_with_one_crash(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """The job is due again and its next holder has a higher fence."""
    await _submit(student, track_id)
    async with runtime.open_uow() as uow:
        (first,) = await uow.jobs.claim("dead:1", 1, 30)
        await uow.session.execute(text("UPDATE async_jobs SET lease_expires_at = now() - interval '1 s' WHERE status = 'leased'"))
    await sweep_once(replace(runtime, broker=RecordingBroker()))
    async with runtime.open_uow() as uow:
        (second,) = await uow.jobs.claim("alive:1", 1, 30)
    assert (second.job.id, second.job.crashes, second.job.fence) == (first.job.id, 1, first.job.fence + 1)
    assert second.job.errors == 0


async def test_a_dead_workers_jobs_are_freed_at_once(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Only its own."""
    await _submit(student, track_id)
    async with runtime.open_uow() as uow:
        await uow.jobs.claim("dead:1", 1, 30)
    assert await jobs.release(runtime.open_uow, "other:1") == 0
    assert await jobs.release(runtime.open_uow, "dead:1") == 1


async def test_a_lost_ring_is_rung_again_but_not_while_messages_wait(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Topped up, not stormed."""
    await _submit(student, track_id)
    await _age(runtime)
    busy, idle = RecordingBroker(waiting=3), RecordingBroker()
    before = _repeated()
    assert await jobs.top_up(runtime.open_uow, busy) == 0
    assert await jobs.top_up(runtime.open_uow, idle) == 1
    assert _repeated() == before + 1
    assert [job_type for job_type, _ in idle.rings] == [JobType.SCORE_ESSAY]
    assert busy.rings == []


async def test_the_queue_is_measured(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Depth by type and status, age of the oldest; a job that waits for another does not count."""
    await _submit(student, track_id)
    await _age(runtime)
    async with runtime.open_uow() as uow:
        await jobs.measure(uow)
    assert metrics.QUEUE_DEPTH.labels(job_type="score_essay", status="queued")._value.get() == 1
    assert metrics.QUEUE_OLDEST_SECONDS.labels(job_type="score_essay")._value.get() >= 5


async def test_the_oldest_job_is_that_of_all_states(runtime: Runtime, student: Student, other_student: Student, track_id: UUID) -> None:
    """One that waits for its next try and one that was never tried: whichever has been due longer says how old the queue is."""
    for each in (student, other_student):
        await _submit(each, track_id)
    async with runtime.open_uow() as uow:
        essays = list(await uow.session.scalars(text("SELECT id FROM async_jobs WHERE job_type = 'score_essay'")))
    for older, younger in (essays, essays[::-1]):
        async with runtime.open_uow() as uow:
            await _put(uow, older, "retry_wait", 300)
            await _put(uow, younger, "queued", 5)
        await sweep_once(replace(runtime, broker=RecordingBroker(waiting=1)))
        assert 300 <= metrics.QUEUE_OLDEST_SECONDS.labels(job_type="score_essay")._value.get() < 400
        async with runtime.open_uow() as uow:
            await _put(uow, older, "queued", 300)
            await _put(uow, younger, "retry_wait", 5)
        before = metrics.SWEEPS.labels(outcome="done")._value.get()
        await sweep_once(replace(runtime, broker=RecordingBroker(waiting=1)))
        assert 300 <= metrics.QUEUE_OLDEST_SECONDS.labels(job_type="score_essay")._value.get() < 400
        assert metrics.SWEEPS.labels(outcome="done")._value.get() == before + 1


async def _put(uow: UnitOfWork, job_id: UUID, status: str, due_for: float) -> None:
    statement = "UPDATE async_jobs SET status = :status, run_at = clock_timestamp() - make_interval(secs => :age) WHERE id = :id"
    await uow.session.execute(text(statement), {"id": job_id, "status": status, "age": due_for})
