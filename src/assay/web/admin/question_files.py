"""Questions to and from other systems: a package with its report out, and a package tried, looked at and taken in."""

import base64
import binascii
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile

from assay.domain.actors import Actor
from assay.domain.errors import Invalid
from assay.edge.dependencies import RuntimeDep
from assay.runtime import Runtime
from assay.services import question_interchange, tracks
from assay.services.question_interchange import Exported, ImportReport, OnError
from assay.web.admin import words
from assay.web.admin.questions import QuestionKeeper
from assay.web.here import Here
from assay.web.rendering import page

router = APIRouter(prefix="/admin/questions")

MAX_BYTES: Final = 1_400_000
"""A package goes to the page and back as text, and no request is larger than two megabytes."""


@router.get("/export")
async def export(request: Request, _who: QuestionKeeper, runtime: RuntimeDep) -> Response:
    """What a package would hold, and what other systems would not get of it."""
    here = Here.of(request)
    exported = await _exported(runtime, here)
    noted = [each for each in exported.report.questions if each.notes]
    kinds = Counter(note.code for each in noted for note in each.notes)
    download = Here("/admin/questions/export.zip", here.query).but()
    return page(
        request,
        "admin/question_export.html",
        exported=exported.report,
        noted=noted,
        kinds=kinds,
        size=len(exported.package),
        download=download,
        chosen=len(_ids(here)),
    )


@router.get("/export.zip")
async def download(request: Request, _who: QuestionKeeper, runtime: RuntimeDep) -> Response:
    """The package. It holds the right answers."""
    exported = await _exported(runtime, Here.of(request))
    headers = {"Content-Disposition": 'attachment; filename="assay-questions.zip"'}
    return Response(exported.package, media_type="application/zip", headers=headers)


@router.get("/import")
async def choose(request: Request, _who: QuestionKeeper) -> Response:
    """Where a package is chosen."""
    return _page(request)


@router.post("/import")
async def take_in(request: Request, who: QuestionKeeper, runtime: RuntimeDep) -> Response:
    """Report what a package would do; once that is confirmed, do it."""
    form = await request.form()
    confirmed = form.get("confirm") == "yes"
    try:
        package = await _package(form)
        report = await _run(runtime, who.actor, package, confirmed=confirmed)
    except Invalid as refused:
        return _page(request, problem=refused.detail, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    finally:
        await form.close()
    if confirmed:
        return _page(request, report=report, done=True)
    return _page(request, report=report, carried=base64.urlsafe_b64encode(package).decode())


async def _run(runtime: Runtime, actor: Actor, package: bytes, *, confirmed: bool) -> ImportReport:
    items = await question_interchange.unpack(package)
    async with runtime.open_uow() as uow:
        return await question_interchange.take_in(uow, actor, items, on_error=OnError.SKIP, dry_run=not confirmed)


async def _package(form: FormData) -> bytes:
    """The package, as a file or as the page has kept it. Raises `Invalid`."""
    sent = form.get("package")
    if isinstance(sent, UploadFile):
        read = await sent.read(MAX_BYTES + 1)
        if len(read) > MAX_BYTES:
            raise Invalid("This package is larger than 1.4 MB. Send it in parts, or through the API.")
        if not read:
            raise Invalid("Choose a package first.")
        return read
    try:
        return base64.b64decode(str(sent or ""), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as broken:
        raise Invalid("The package did not come back whole. Choose it again.") from broken


async def _exported(runtime: Runtime, here: Here) -> Exported:
    track_id = None
    if slug := here.get("track"):
        async with runtime.open_uow(autocommit=True) as uow:
            found = [track.id for track in await tracks.list_tracks(uow, None) if track.slug == slug]
        track_id = found[0] if found else None
    ids = _ids(here)
    return await question_interchange.export(runtime.open_uow, track_id, ids if ids or here.get("chosen") else None)


def _ids(here: Here) -> list[UUID]:
    """The questions that were chosen in the list."""
    found: list[UUID] = []
    for name, value in here.query:
        if name == "id":
            try:
                found.append(UUID(value))
            except ValueError:
                continue
    return found


def _page(request: Request, *, status: HTTPStatus = HTTPStatus.OK, **given: Any) -> Response:
    usual: Mapping[str, Any] = {"problem": "", "report": None, "carried": "", "done": False}
    return page(request, "admin/question_import.html", status=status, named=words, **{**usual, **given})
