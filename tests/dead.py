"""Assessments whose jobs ended dead, made the way it happens: the handler of a type of job fails for good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from journeys import Student
from sqlalchemy import text

from assay.domain.jobs import JobType
from assay.runtime import Runtime
from assay.worker import handlers
from assay.worker.drainer import Drainer
from assay.worker.lanes import ASSESSMENTS, SUSPECTS


@asynccontextmanager
async def working(runtime: Runtime, owner: str = "test:1") -> AsyncIterator[None]:
    """Drainers at work meanwhile, of the lanes that a worker has for assessments."""
    drainers = [Drainer(runtime, owner, lane) for lane in (ASSESSMENTS, SUSPECTS)]
    tasks = [asyncio.create_task(drainer.run()) for drainer in drainers]
    try:
        yield
    finally:
        await asyncio.gather(*(drainer.stop() for drainer in drainers))
        await asyncio.gather(*tasks)


async def buried(runtime: Runtime, student: Student, track_id: UUID, *dying: JobType, error: Exception, **replaced: Any) -> dict[str, Any]:
    """A finished assessment's result; jobs of the types `dying` met `error` on every try. `replaced` are answers by format."""

    async def fail(*_: object) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assay.domain.jobs.BACKOFF_BASE_SECONDS", 0.01)
        for job_type in dying:
            patch.setitem(handlers.HANDLERS, job_type, fail)
        async with working(runtime):
            _, result = await student.finished(track_id, **replaced)
    return result


async def jobs_of(runtime: Runtime, result: dict[str, Any]) -> list[Any]:
    """The jobs of an assessment, in the order in which they were written, essays first."""
    query = (
        "SELECT id, job_type, status, parent_job_id, dedupe_key, cause, last_error, stack FROM async_jobs"
        " WHERE assessment_id = :id ORDER BY split_part(dedupe_key, ':', 3)::int, job_type DESC"
    )
    async with runtime.open_uow() as uow:
        return list(await uow.session.execute(text(query), {"id": UUID(result["assessmentId"])}))
