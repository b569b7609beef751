"""What retention has removed, run by run."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from assay.api.v1.problems import problems
from assay.edge.dependencies import RetentionReader, Uow
from assay.services import retention
from assay.services.retention import RunPage

router = APIRouter(prefix="/retention", tags=["operations"])


@router.get("/runs", responses=problems(401, 403))
async def list_runs(
    _actor: RetentionReader, uow: Uow, limit: Annotated[int, Query(ge=1, le=200)] = 50, cursor: UUID | None = None
) -> RunPage:
    """Runs, the newest first, each with what it removed by kind and what legal holds kept."""
    return await retention.page(uow, cursor, limit)
