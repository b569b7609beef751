"""Reading an assessment's content as an admin: never in passing, always for a reason."""

from uuid import UUID

from fastapi import APIRouter

from assay.api.v1.problems import problems
from assay.edge.dependencies import Inspector, RuntimeDep, Uow
from assay.services import inspection
from assay.services.inspection import Inspection
from assay.services.people import Reasoned

router = APIRouter(prefix="/assessments", tags=["people"])


@router.post("/{assessment_id}/inspect", responses=problems(401, 403, 404))
async def inspect(assessment_id: UUID, body: Reasoned, actor: Inspector, uow: Uow, runtime: RuntimeDep) -> Inspection:
    """Answers and result as the student sees them. That they were read, by whom and why, stands in the audit trail."""
    return await inspection.inspect(uow, runtime.bank, actor, assessment_id, body)
