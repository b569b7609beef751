"""The question bank as packages that other systems read and write (QTI)."""

import hashlib
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Response

from assay.api.v1.problems import problems
from assay.edge.dependencies import IdempotencyHeader, QuestionKeeper, RuntimeDep
from assay.services import idempotency, question_interchange
from assay.services.question_interchange import ExportReport, ImportReport, OnError

router = APIRouter(prefix="/questions", tags=["questions"])

_ZIP = "application/zip"

type Track = Annotated[UUID | None, Query(description="Id of a track that asks them; all questions without it")]


@router.get(
    "/export",
    response_class=Response,
    responses={200: {"content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}}}, **problems(401, 403)},
)
async def export_questions(
    _actor: QuestionKeeper, runtime: RuntimeDep, track: Track = None, _format: Annotated[Literal["qti3"], Query(alias="format")] = "qti3"
) -> Response:
    """The bank as a QTI 3 content package, inactive questions too. It holds the right answers."""
    exported = await question_interchange.export(runtime.open_uow, track)
    return Response(exported.package, media_type=_ZIP, headers={"Content-Disposition": 'attachment; filename="assay-questions.zip"'})


@router.get("/export/report", responses=problems(401, 403))
async def report_export(_actor: QuestionKeeper, runtime: RuntimeDep, track: Track = None) -> ExportReport:
    """What other systems would not get of each question of such a package."""
    return (await question_interchange.export(runtime.open_uow, track)).report


@router.post("/import", responses=problems(401, 403, 409, 413))
async def import_questions(
    package: Annotated[bytes, Body(media_type=_ZIP)],
    actor: QuestionKeeper,
    runtime: RuntimeDep,
    on_error: Annotated[OnError, Query(alias="onError", description="What refused items do to the others")] = OnError.ABORT,
    key: IdempotencyHeader = None,
    *,
    dry_run: Annotated[bool, Query(alias="dryRun", description="Report, and write nothing")] = False,
) -> ImportReport:
    """Take in a QTI package (3.0, 2.2 or 2.1). What is new or changed stays inactive; a question that is asked is not changed."""
    items = await question_interchange.unpack(package)
    async with runtime.open_uow() as uow:

        async def act() -> idempotency.JsonObject:
            report = await question_interchange.take_in(uow, actor, items, on_error=on_error, dry_run=dry_run)
            return report.model_dump(mode="json")

        request = ["import", hashlib.sha256(package).hexdigest(), on_error.value, dry_run]
        return ImportReport.model_validate((await idempotency.once(uow, actor, key, request, act)).response)
