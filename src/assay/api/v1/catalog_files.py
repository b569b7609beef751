"""The catalog as a file: imports with their reports, and the export that imports as it was."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import StreamingResponse

from assay.api.v1.problems import problems
from assay.domain.credentials import CredentialStatus
from assay.domain.imports import CatalogFormat, ImportOptions, OnError
from assay.edge.dependencies import CredentialKeeper, IdempotencyHeader, RuntimeDep, Uow
from assay.edge.uploads import received
from assay.services import catalog_confirmations, catalog_exports, catalog_imports, catalog_uploads, idempotency
from assay.services.catalog_imports import ImportPage, ImportRead, ProblemPage

router = APIRouter(prefix="/credentials", tags=["catalog files"])

_FILE: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "The file itself: curl --data-binary @catalog.csv -H 'Content-Type: text/csv'",
        "content": {"text/csv": _FILE, "application/jsonl": _FILE, "application/ld+json": _FILE},
    }
}
_FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file",
        "content": {"text/csv": _FILE, "application/jsonl": _FILE, "application/ld+json": {"schema": {"type": "object"}}},
    }
}


class ImportQuery(ImportOptions):
    """How a body shall be imported; `format` tells what it is where the media type does not."""

    format: CatalogFormat | None = None


@router.post(
    "/import",
    responses={**problems(401, 403, 409, 413), 202: {"model": ImportRead, "description": "Taken in; look how far it is"}},
    openapi_extra=_BODY,
)
async def import_catalog(
    request: Request,
    response: Response,
    query: Annotated[ImportQuery, Query()],
    actor: CredentialKeeper,
    runtime: RuntimeDep,
    key: IdempotencyHeader = None,
) -> ImportRead:
    """Bring a file into the catalog. A small one is worked off at once (200), a large one in the background (202)."""
    kind = catalog_uploads.kind_of(query.format, request.headers.get("content-type", ""))
    options = ImportOptions.model_validate(query.model_dump(by_alias=False, exclude={"format"}))
    async with received(request) as source:
        done = await catalog_uploads.submit(runtime.open_uow, actor, source, kind, options, key)
    response.status_code = status.HTTP_200_OK if done.finished_at else status.HTTP_202_ACCEPTED
    return done


@router.get("/imports", responses=problems(401, 403))
async def list_imports(
    _actor: CredentialKeeper, uow: Uow, limit: Annotated[int, Query(ge=1, le=200)] = 50, cursor: UUID | None = None
) -> ImportPage:
    """All imports, newest first, each with how far it is."""
    return await catalog_imports.page(uow, cursor, limit)


@router.get("/imports/{import_id}", responses=problems(401, 403, 404))
async def get_import(import_id: UUID, _actor: CredentialKeeper, uow: Uow) -> ImportRead:
    """One import: how far it is, or what became of it."""
    return await catalog_imports.get(uow, import_id)


@router.get("/imports/{import_id}/problems", responses=problems(401, 403, 404))
async def list_problems(
    import_id: UUID,
    _actor: CredentialKeeper,
    uow: Uow,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
    cursor: Annotated[str | None, Query(pattern=r"^\d{1,9}\.\d{1,9}$")] = None,
) -> ProblemPage:
    """Every row that was refused, with line, pointer and reason."""
    return await catalog_imports.problems(uow, import_id, cursor, limit)


@router.post("/imports/{import_id}/confirm", status_code=status.HTTP_202_ACCEPTED, responses=problems(401, 403, 404, 409))
async def confirm_import(
    import_id: UUID,
    actor: CredentialKeeper,
    uow: Uow,
    on_error: Annotated[OnError | None, Query(alias="onError", description="Where it shall be otherwise than in the dry run")] = None,
    key: IdempotencyHeader = None,
) -> ImportRead:
    """Import in earnest what a dry run has looked at: its file is kept for a day. Worked off in the background."""

    async def act() -> idempotency.JsonObject:
        return (await catalog_confirmations.confirm(uow, actor, import_id, on_error)).model_dump(mode="json")

    request = ["confirm import", str(import_id), on_error]
    return ImportRead.model_validate((await idempotency.once(uow, actor, key, request, act)).response)


@router.get("/export", response_class=StreamingResponse, responses={**problems(401, 403), **_FILES})
async def export_catalog(
    _actor: CredentialKeeper,
    runtime: RuntimeDep,
    kind: Annotated[CatalogFormat, Query(alias="format")] = CatalogFormat.CSV,
    wanted: Annotated[CredentialStatus | None, Query(alias="status", description="Without it, all")] = None,
) -> StreamingResponse:
    """The catalog in its current versions, as a file that imports as it was."""
    parts: AsyncIterator[bytes] = catalog_exports.export(runtime.open_uow, kind, wanted)
    disposition = {"Content-Disposition": f'attachment; filename="catalog.{catalog_uploads.SUFFIX[kind]}"'}
    return StreamingResponse(parts, media_type=catalog_exports.media_type(kind), headers=disposition)
