"""The audit trail: who did what to what, filtered, as a file, and whether its chain holds."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from assay.api.schemas.audit import AuditExportQuery, AuditQuery
from assay.api.v1.problems import problems
from assay.domain.audit import ChainReport
from assay.edge.dependencies import AuditReader, RuntimeDep, Uow
from assay.services import audit, audit_reading
from assay.services.audit_reading import MEDIA_TYPES, AuditPage

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("", responses=problems(401, 403))
async def list_entries(_actor: AuditReader, uow: Uow, wanted: Annotated[AuditQuery, Query()]) -> AuditPage:
    """Entries, the newest first, with what was before and after."""
    return await audit_reading.page(uow, wanted.sieve(), wanted.cursor, wanted.limit)


@router.get("/verify", responses=problems(401, 403))
async def verify(_actor: AuditReader, uow: Uow) -> ChainReport:
    """Read the whole chain; of the first entry that does not fit, its number and why."""
    return await audit.verify(uow)


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {}, "text/csv": {}}}, **problems(401, 403)},
)
async def export(actor: AuditReader, runtime: RuntimeDep, wanted: Annotated[AuditExportQuery, Query()]) -> StreamingResponse:
    """All entries that fit, the newest first, as JSON Lines or CSV. That it was taken is an entry itself."""
    pieces = await audit_reading.export(runtime.open_uow, actor, wanted.sieve(), wanted.format)
    headers = {"Content-Disposition": f'attachment; filename="audit.{wanted.format.value}"'}
    return StreamingResponse(pieces, media_type=MEDIA_TYPES[wanted.format], headers=headers)
