"""How questions have worked, for those who keep the bank."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from assay.api.v1.problems import problems
from assay.edge.dependencies import QuestionKeeper, RuntimeDep
from assay.services import item_statistics
from assay.services.item_statistics import QuestionStatistics, StatisticsList

router = APIRouter(prefix="/questions", tags=["questions"])


@router.get("/statistics", responses=problems(401, 403))
async def list_statistics(
    _actor: QuestionKeeper, runtime: RuntimeDep, track: Annotated[UUID | None, Query(description="Id of a track that asks them")] = None
) -> StatisticsList:
    """Every question in its current version: what somebody should look at first. Groups under five show no figures."""
    return await item_statistics.of_bank(runtime.open_uow, track)


@router.get("/{question_id}/statistics", responses=problems(401, 403, 404))
async def read_statistics(question_id: UUID, _actor: QuestionKeeper, runtime: RuntimeDep) -> QuestionStatistics:
    """One question, version by version, from finished assessments. Groups under five show no figures."""
    return await item_statistics.of_question(runtime.open_uow, question_id)
