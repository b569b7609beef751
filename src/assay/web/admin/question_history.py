"""A question through time: its versions, what changed between two of them, and how each has worked."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.domain.item_statistics import MIN_JUDGED, MIN_SHOWN
from assay.edge.dependencies import RuntimeDep, Uow
from assay.services import item_statistics, question_edits
from assay.services.question_edits import QuestionVersionRead
from assay.web.admin import question_labels, words
from assay.web.admin.differences import Difference, differences
from assay.web.admin.question_editor import question_of
from assay.web.admin.questions import QuestionKeeper
from assay.web.rendering import page

router = APIRouter(prefix="/admin/questions/{question_id:uuid}")

_FEWEST: Final = 2


@router.get("/versions")
async def versions(question_id: UUID, request: Request, _who: QuestionKeeper, uow: Uow, older: int = 0, newer: int = 0) -> Response:
    """Every version, and two of them beside each other: the newest two, or those asked for."""
    question = await question_edits.get(uow, question_id)
    history = await question_edits.versions(uow, question_id)
    compared = _pair(history, older, newer)
    return page(
        request,
        "admin/question_versions.html",
        question=question,
        history=history,
        compared=compared,
        found=_differences(compared) if compared else [],
        first=question_labels.of_content(history[-1].content),
        named=words,
    )


@router.get("/statistics")
async def statistics(question_id: UUID, request: Request, _who: QuestionKeeper, runtime: RuntimeDep) -> Response:
    """How each version has worked in finished assessments."""
    question = await question_of(runtime, question_id)
    found = await item_statistics.of_question(runtime.open_uow, question_id)
    return page(request, "admin/question_statistics.html", question=question, found=found, least=MIN_SHOWN, judged=MIN_JUDGED, named=words)


def _pair(history: list[QuestionVersionRead], older: int, newer: int) -> tuple[QuestionVersionRead, QuestionVersionRead] | None:
    """The versions that are compared, the older one first; None when there is but one."""
    by_number = {version.version: version for version in history}
    if len(history) < _FEWEST:
        return None
    if older in by_number and newer in by_number:
        return by_number[min(older, newer)], by_number[max(older, newer)]
    return history[1], history[0]


def _differences(compared: tuple[QuestionVersionRead, QuestionVersionRead]) -> list[Difference]:
    before, after = (question_labels.of_content(version.content) for version in compared)
    return differences(before, after)
