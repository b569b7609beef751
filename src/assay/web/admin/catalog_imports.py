"""Files into the catalog: looked at first, row by row, then brought in; how far that is, and all that came before."""

from http import HTTPStatus
from pathlib import PurePath
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.datastructures import FormData, UploadFile

from assay.domain.credentials import CredentialStatus
from assay.domain.errors import Conflict
from assay.domain.imports import CatalogFormat, ImportOptions, OnError
from assay.domain.interchange import SUFFIXES
from assay.domain.interchange.rows import COLUMNS
from assay.edge.dependencies import RuntimeDep, Uow
from assay.edge.middleware import MAX_FILE_BYTES
from assay.services import catalog_confirmations, catalog_imports, catalog_problems, catalog_uploads, credentials
from assay.services.catalog_imports import ImportRead
from assay.web.admin import catalog_words
from assay.web.admin.catalog import CatalogKeeper
from assay.web.rendering import fragment, page

router = APIRouter(prefix="/admin/catalog")

_PAGE: Final = 50
_PROBLEMS: Final = 50
"""Problems that a page shows; the file to download has all."""
_UNKNOWN_KIND: Final = "Its name does not say what it is. Choose what it is below, then choose the file again."
_NEEDED: Final = frozenset({"title", "provider", "description", "outcomes", "skills", "level", "workloadHours"})


@router.get("/imports")
async def history(request: Request, _who: CatalogKeeper, uow: Uow) -> Response:
    """All imports, the newest first, and the ways out."""
    cursor = request.query_params.get("cursor", "")
    listed = await catalog_imports.page(uow, _id(cursor), _PAGE)
    return page(request, "admin/catalog_imports.html", told=catalog_words, listed=listed)


@router.get("/import")
async def choose(request: Request, _who: CatalogKeeper) -> Response:
    """Which file, and how."""
    return _choose(request, ImportOptions(), "", {})


@router.post("/import")
async def look(request: Request, who: CatalogKeeper, runtime: RuntimeDep) -> Response:
    """Take a file in and look at every row; nothing is changed."""
    async with request.form() as form:
        options, wanted = _options(form), str(form.get("format") or "")
        upload = form.get("file")
        kind, problem = _kind(upload, wanted)
        if kind is None or not isinstance(upload, UploadFile):
            return _choose(request, options, wanted, {"file": problem})
        begun = await catalog_uploads.submit(runtime.open_uow, who.actor, upload.file, kind, options, None)
    return _to(begun.id)


@router.get("/imports/{import_id:uuid}")
async def run(import_id: UUID, request: Request, _who: CatalogKeeper, uow: Uow) -> Response:
    """One import: how far it is, or what became of it and what can follow."""
    return await _run(request, uow, import_id)


@router.get("/imports/{import_id:uuid}/fragment")
async def run_fragment(import_id: UUID, _who: CatalogKeeper, uow: Uow) -> Response:
    """The part of the page that changes."""
    return HTMLResponse(fragment("admin/catalog_import_progress.html", told=catalog_words, run=await catalog_imports.get(uow, import_id)))


@router.get("/imports/{import_id:uuid}/problems.csv")
async def problems(import_id: UUID, _who: CatalogKeeper, runtime: RuntimeDep) -> Response:
    """Every row that was refused, as a file for a spreadsheet."""
    async with runtime.open_uow(autocommit=True) as uow:
        await catalog_imports.get(uow, import_id)
    parts = catalog_problems.as_csv(runtime.open_uow, import_id)
    disposition = {"Content-Disposition": 'attachment; filename="refused-rows.csv"'}
    return StreamingResponse(parts, media_type="text/csv; charset=utf-8", headers=disposition)


@router.post("/imports/{import_id:uuid}/confirm")
async def confirm(import_id: UUID, request: Request, who: CatalogKeeper, uow: Uow) -> Response:
    """Bring in what a dry run has looked at."""
    skip = (await request.form()).get("on_error") == OnError.SKIP
    try:
        begun = await catalog_confirmations.confirm(uow, who.actor, import_id, OnError.SKIP if skip else None)
    except Conflict:  # brought in already, or a day has passed: the page says which
        return await _run(request, uow, import_id, status=HTTPStatus.CONFLICT)
    return _to(begun.id)


async def _run(request: Request, uow: Uow, import_id: UUID, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    found = await catalog_imports.get(uow, import_id)
    return page(
        request,
        "admin/catalog_import.html",
        status=status,
        told=catalog_words,
        run=found,
        refused=status is HTTPStatus.CONFLICT,
        listed=await catalog_imports.problems(uow, import_id, None, _PROBLEMS),
        followed=await catalog_confirmations.followed(uow, import_id),
        index=await credentials.index_state(uow),
        heading=_heading(found),
    )


def _heading(run: ImportRead) -> str:
    """Where an import stands, in one sentence."""
    if run.finished_at is None:
        return "The file is being looked at" if run.options.dry_run else "The file is being imported"
    if run.status == "done":
        return "What this file would do" if run.options.dry_run else "The file is imported"
    return "Nothing was imported" if run.status == "refused" else "The import failed on our side"


def _choose(request: Request, options: ImportOptions, wanted: str, problems: dict[str, str]) -> Response:
    return page(
        request,
        "admin/catalog_upload.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        told=catalog_words,
        options=options,
        wanted=wanted,
        problems=problems,
        limit=MAX_FILE_BYTES,
        accepted=",".join(SUFFIXES),
        columns=[(name, name in _NEEDED) for name in COLUMNS],
    )


def _options(form: FormData) -> ImportOptions:
    return ImportOptions(
        dry_run=True,
        on_error=OnError.SKIP if form.get("on_error") == OnError.SKIP else OnError.ABORT,
        status=CredentialStatus.PUBLISHED if form.get("status") == CredentialStatus.PUBLISHED else CredentialStatus.DRAFT,
        add_skills=form.get("add_skills") == "yes",
    )


def _kind(upload: object, wanted: str) -> tuple[CatalogFormat | None, str]:
    """What a file is, by what was chosen, else by its name; or why it is not taken."""
    if not isinstance(upload, UploadFile) or not upload.filename:
        return None, "Choose a file."
    if (upload.size or 0) > MAX_FILE_BYTES:
        return None, f"It is larger than {catalog_words.size(MAX_FILE_BYTES)}. Divide it."
    if not upload.size:
        return None, "This file is empty."
    kind = next((each for each in CatalogFormat if each == wanted), None) or SUFFIXES.get(PurePath(upload.filename).suffix.lower())
    return kind, "" if kind else _UNKNOWN_KIND


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _to(import_id: UUID) -> Response:
    return RedirectResponse(f"/admin/catalog/imports/{import_id}", HTTPStatus.SEE_OTHER)
