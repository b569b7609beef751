"""What becomes of a job that failed, and the ledger's upkeep: retries, leases that ran out, rings that were lost."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.degradation import Cause
from assay.domain.errors import ProviderError
from assay.domain.jobs import ClaimedJob, Failure, JobType, backoff_seconds
from assay.domain.ports import Broker
from assay.observability import metrics
from assay.observability.logging import without_words

log = structlog.get_logger(__name__)

LOST_RING_SECONDS: Final = 1.0
TOP_UP: Final = 20
"""Rings per sweep at most: one wake-up drains the ledger, so more would only be noise."""
STACK_LENGTH: Final = 16_000
"""Characters of a stack that are kept: the end, where the error was raised."""


async def retry_later(uow: UnitOfWork, job: ClaimedJob, error: Exception) -> float:
    """Put a failed job back with a jittered delay, not before the provider's `Retry-After`; returns the delay in seconds."""
    retry_after = error.retry_after if isinstance(error, ProviderError) else None
    delay = backoff_seconds(job.errors + 1, retry_after)
    await uow.jobs.retry(job, delay, describe(error))
    return delay


def describe(error: BaseException) -> str:
    """An error as the ledger keeps it: kind and message, never a student's words (messages of ours hold none)."""
    if isinstance(error, ProviderError):
        return str(error)
    return type(error).__name__


def failure_of(error: Exception, cause: Cause) -> Failure:
    """An error as a dead letter carries it: cause, kind, and where it was raised."""
    return Failure(cause=cause, error=describe(error), stack=without_words(error)[-STACK_LENGTH:])


async def note_failure(open_uow: OpenUnitOfWork, job: ClaimedJob, failure: Failure) -> None:
    """Write down why a job is about to end dead. Raises `Fenced` when the lease is gone."""
    async with open_uow(autocommit=True) as uow:
        await uow.jobs.note(job, failure)


async def sweep(uow: UnitOfWork) -> int:
    """Queue jobs again whose lease ran out; how many."""
    freed = await uow.jobs.sweep()
    _count(uow, freed)
    return len(freed)


async def hand_back(uow: UnitOfWork, held: Sequence[ClaimedJob]) -> None:
    """Return jobs in hand at shutdown, uncounted, and ring for whoever works on."""
    await uow.jobs.hand_back(held)
    for job in {job.type: job for job in held}.values():  # one wake-up drains the ledger
        uow.ring_after_commit(job.type, job.id)


async def release(open_uow: OpenUnitOfWork, owner: str) -> int:
    """Queue again what a dead worker had in hand; how many."""
    async with open_uow() as uow:
        freed = await uow.jobs.release_owner(owner)
        _count(uow, freed)
    return len(freed)


async def top_up(open_uow: OpenUnitOfWork, broker: Broker) -> int:
    """Ring for jobs whose own ring was lost, when nobody has been rung for; how many rings."""
    async with open_uow(autocommit=True) as uow:
        due = await uow.jobs.due(TOP_UP, older_than=LOST_RING_SECONDS)
    if not due or sum((await broker.depth()).values()) > 0:
        return 0
    for job_id, job_type in due:
        await broker.ring(job_type, job_id)
        metrics.RINGS_REPEATED.labels(job_type=job_type).inc()
    return len(due)


async def measure(uow: UnitOfWork) -> None:
    """Set the queue gauges from the ledger."""
    metrics.QUEUE_DEPTH.clear()
    metrics.QUEUE_OLDEST_SECONDS.clear()
    oldest: dict[str, float] = {}
    for depth in await uow.jobs.depth():
        metrics.QUEUE_DEPTH.labels(job_type=depth.job_type, status=depth.status).set(depth.jobs)
        if depth.status != "leased":
            oldest[depth.job_type] = max(depth.oldest, oldest.get(depth.job_type, 0.0))
    for job_type, seconds in oldest.items():
        metrics.QUEUE_OLDEST_SECONDS.labels(job_type=job_type).set(seconds)


def _count(uow: UnitOfWork, freed: list[tuple[UUID, JobType]]) -> None:
    for job_id, job_type in freed:
        metrics.JOBS_RECLAIMED.labels(job_type=job_type).inc()
        uow.ring_after_commit(job_type, job_id)
        log.warning("job_reclaimed", job_id=str(job_id), job_type=job_type)
