"""The ledger: what is to be done and what ended dead, and sending the latter again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from assay.api.schemas.jobs import JobFilter, ResendRequest
from assay.api.v1.problems import problems
from assay.edge.dependencies import IdempotencyHeader, JobKeeper, Uow
from assay.services import dead_letters, idempotency
from assay.services.dead_letters import JobDetail, JobPage, Resent, ResentAll

router = APIRouter(prefix="/jobs", tags=["operations"])


@router.get("", responses=problems(401, 403))
async def list_jobs(_actor: JobKeeper, uow: Uow, wanted: Annotated[JobFilter, Query()]) -> JobPage:
    """Jobs, the newest first; `?status=dead` are the dead letters, each with its cause."""
    return await dead_letters.list_jobs(uow, wanted.sieve(), wanted.cursor, wanted.limit)


@router.get("/{job_id}", responses=problems(401, 403, 404))
async def read(job_id: UUID, _actor: JobKeeper, uow: Uow) -> JobDetail:
    """One job, with where its last error was raised."""
    return await dead_letters.get(uow, job_id)


@router.post("/resend", status_code=status.HTTP_202_ACCEPTED, responses=problems(401, 403, 409))
async def resend_all(body: ResendRequest, actor: JobKeeper, uow: Uow, key: IdempotencyHeader = None) -> ResentAll:
    """Send the dead jobs of one cause again, up to a hundred; `remaining` says how many are left, `refused` which cannot be and why."""

    async def act() -> idempotency.JsonObject:
        return (await dead_letters.resend_all(uow, actor, body.cause)).model_dump(mode="json")

    request = ["resend all", body.cause]
    return ResentAll.model_validate((await idempotency.once(uow, actor, key, request, act)).response)


@router.post("/{job_id}/resend", status_code=status.HTTP_202_ACCEPTED, responses=problems(401, 403, 404, 409))
async def resend(job_id: UUID, actor: JobKeeper, uow: Uow, key: IdempotencyHeader = None) -> Resent:
    """Send a dead job again. Its result becomes a new version beside the old; where an advisor has spoken, it is refused."""

    async def act() -> idempotency.JsonObject:
        return (await dead_letters.resend(uow, actor, job_id)).model_dump(mode="json")

    return Resent.model_validate((await idempotency.once(uow, actor, key, ["resend", str(job_id)], act)).response)
