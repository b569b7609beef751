"""Releasing results that are held back from students."""

from uuid import UUID

from fastapi import APIRouter

from assay.api.v1.problems import problems
from assay.edge.dependencies import AssessmentReleaser, IdempotencyHeader, Uow
from assay.services import idempotency, releases
from assay.services.releases import ReleaseRead

router = APIRouter(prefix="/assessments", tags=["advising"])


@router.post("/{assessment_id}/release", responses=problems(401, 403, 404, 409))
async def release(assessment_id: UUID, actor: AssessmentReleaser, uow: Uow, key: IdempotencyHeader = None) -> ReleaseRead:
    """Let the student see a result that the track holds back for an advisor or until a date."""

    async def act() -> idempotency.JsonObject:
        return (await releases.release(uow, actor, assessment_id)).model_dump(mode="json")

    return ReleaseRead.model_validate((await idempotency.once(uow, actor, key, ["release", str(assessment_id)], act)).response)
