"""Scores of essays, as advisors correct them."""

from uuid import UUID

from fastapi import APIRouter, status

from assay.api.v1.problems import problems
from assay.edge.dependencies import EssayOverrider, IdempotencyHeader, RuntimeDep, Uow
from assay.services import idempotency, overrides
from assay.services.overrides import OverrideReceipt, OverrideWrite

router = APIRouter(prefix="/essay-scores", tags=["advising"])


@router.post("/{essay_score_id}/override", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 404, 409))
async def override(
    essay_score_id: UUID, body: OverrideWrite, actor: EssayOverrider, runtime: RuntimeDep, uow: Uow, key: IdempotencyHeader = None
) -> OverrideReceipt:
    """Give levels instead of the model's, with a reason, or confirm them. The model's levels stay beside; the newest override stands."""

    async def act() -> idempotency.JsonObject:
        return (await overrides.override(uow, runtime.bank, actor, essay_score_id, body)).model_dump(mode="json")

    request = ["override", str(essay_score_id), body.model_dump(mode="json")]
    return OverrideReceipt.model_validate((await idempotency.once(uow, actor, key, request, act)).response)
