"""Looking at the ledger from outside, and pushing it along: what tests of jobs share."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from assay.db.repositories.jobs import Claim
from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.jobs import ClaimedJob, JobType

type NewJob = Callable[..., Awaitable[UUID]]
LEASE = 30.0


class Row(NamedTuple):
    """A job as it stands, times as seconds from now."""

    status: str
    fence: int
    attempt: int
    crashes: int
    lease_owner: str | None
    lease_left: float | None
    due_in: float | None
    finished: bool
    last_error: str | None


async def stands(open_uow: OpenUnitOfWork, job_id: UUID) -> Row:
    """The job's row."""
    query = text(
        "SELECT status, fence, attempt, crashes, lease_owner, extract(epoch FROM lease_expires_at - clock_timestamp())::float,"
        " CASE WHEN run_at < 'infinity' THEN extract(epoch FROM run_at - clock_timestamp())::float END, finished_at IS NOT NULL, last_error"
        " FROM async_jobs WHERE id = :id"
    )
    async with open_uow() as uow:
        return Row(*(await uow.session.execute(query, {"id": job_id})).one())


async def claim(open_uow: OpenUnitOfWork, owner: str = "w1", slots: int = 1, lease: float = LEASE) -> list[Claim]:
    """Claim in a transaction of its own."""
    async with open_uow() as uow:
        return await uow.jobs.claim(owner, slots, lease)


async def take(open_uow: OpenUnitOfWork, owner: str = "w1", lease: float = LEASE) -> ClaimedJob:
    """Claim the one job that is due."""
    (claimed,) = await claim(open_uow, owner, lease=lease)
    return claimed.job


async def effects(open_uow: OpenUnitOfWork) -> list[tuple[UUID, int]]:
    """What the effect log holds."""
    async with open_uow() as uow:
        return [tuple(row) for row in await uow.session.execute(text("SELECT job_id, fence FROM effect_log"))]


async def expire(open_uow: OpenUnitOfWork, job: ClaimedJob) -> None:
    """Let the lease of a job run out."""
    async with open_uow() as uow:
        await uow.session.execute(
            text("UPDATE async_jobs SET lease_expires_at = clock_timestamp() - interval '1 ms' WHERE id = :id"), {"id": job.id}
        )


async def sweep(open_uow: OpenUnitOfWork) -> list[tuple[UUID, JobType]]:
    """Sweep once."""
    async with open_uow() as uow:
        return await uow.jobs.sweep()
