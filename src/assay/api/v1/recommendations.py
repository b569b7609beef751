"""Feedback on recommendations."""

from uuid import UUID

from fastapi import APIRouter

from assay.api.v1.problems import problems
from assay.edge.dependencies import FeedbackGiver, IdempotencyHeader, Uow
from assay.services import feedback, idempotency
from assay.services.feedback import FeedbackReceipt, FeedbackWrite

router = APIRouter(prefix="/recommendations", tags=["recommendations"])


@router.post("/{recommendation_id}/feedback", responses=problems(401, 403, 404, 409))
async def give_feedback(
    recommendation_id: UUID, body: FeedbackWrite, actor: FeedbackGiver, uow: Uow, key: IdempotencyHeader = None
) -> FeedbackReceipt:
    """Say whether it is relevant and fits the role; saying it again replaces what you said."""

    async def act() -> idempotency.JsonObject:
        return (await feedback.give(uow, actor, recommendation_id, body)).model_dump(mode="json")

    request = ["feedback", str(recommendation_id), body.model_dump(mode="json")]
    return FeedbackReceipt.model_validate((await idempotency.once(uow, actor, key, request, act)).response)
