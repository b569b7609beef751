"""Flags on assessments."""

from uuid import UUID

from fastapi import APIRouter, status

from assay.api.v1.problems import problems
from assay.edge.dependencies import AssessmentFlagger, IdempotencyHeader, Uow
from assay.services import flags, idempotency
from assay.services.flags import FlagReceipt, FlagWrite

router = APIRouter(prefix="/assessments", tags=["advising"])


@router.post("/{assessment_id}/flags", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 404, 409))
async def flag(assessment_id: UUID, body: FlagWrite, actor: AssessmentFlagger, uow: Uow, key: IdempotencyHeader = None) -> FlagReceipt:
    """Note that somebody should look again, or that it is resolved. Advisors of the student see it, the student does not."""

    async def act() -> idempotency.JsonObject:
        return (await flags.flag(uow, actor, assessment_id, body)).model_dump(mode="json")

    request = ["flag", str(assessment_id), body.model_dump(mode="json")]
    return FlagReceipt.model_validate((await idempotency.once(uow, actor, key, request, act)).response)
