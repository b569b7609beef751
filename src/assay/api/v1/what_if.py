"""What if: a recommendation under other assumptions."""

from uuid import UUID

from fastapi import APIRouter

from assay.api.v1.problems import problems
from assay.edge.dependencies import Reader, RuntimeDep
from assay.services import what_if
from assay.services.what_if import WhatIf, WhatIfRead

router = APIRouter(prefix="/assessments", tags=["assessments"])


@router.post("/{assessment_id}/what-if", responses=problems(401, 403, 404, 409))
async def ask_what_if(assessment_id: UUID, actor: Reader, runtime: RuntimeDep, body: WhatIf | None = None) -> WhatIfRead:
    """The credentials under changed interests, level, time or learning: what moves and why. No model is asked, nothing is stored."""
    return await what_if.ask(
        actor,
        assessment_id,
        body or WhatIf(),
        open_uow=runtime.open_uow,
        bank=runtime.bank,
        local_embedder=runtime.local_embedder,
        vector_store=runtime.vector_store,
    )
