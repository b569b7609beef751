"""Reading what a student wrote, as an admin: never in passing. The reason is asked first, and the audit log keeps it."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.domain.actors import Permission
from assay.domain.answers import is_blank
from assay.domain.questions import MatchingOptions, NumericOptions
from assay.edge.dependencies import RuntimeDep, Uow
from assay.services import inspection
from assay.services.assessments import AskedQuestion, AssessmentRead
from assay.services.inspection import Inspection
from assay.web.admin.entered import WHY, reason, text
from assay.web.answers import number_text
from assay.web.rendering import page
from assay.web.result_view import view
from assay.web.session import Session, may

router = APIRouter(prefix="/admin/people/assessments/{assessment_id}")

type Inspector = Annotated[Session, may(Permission.ASSESSMENT_INSPECT)]

NOT_ANSWERED: Final = "Not answered"


class Answered(NamedTuple):
    """A question with its answer in words: a line each where there are several, prose where it is prose."""

    question: AskedQuestion
    lines: tuple[str, ...]
    prose: str


@router.get("")
async def ask(assessment_id: UUID, request: Request, _who: Inspector, uow: Uow) -> Response:
    """Ask for the reason; nothing of the assessment is shown."""
    return page(request, "admin/inspect.html", about=await inspection.about(uow, assessment_id), why="", problems={})


@router.post("")
async def show(assessment_id: UUID, request: Request, who: Inspector, uow: Uow, runtime: RuntimeDep) -> Response:
    """Answers and result. There is no address under which they could be opened again without a reason."""
    why = reason(form := await request.form())
    if why is None:
        about = await inspection.about(uow, assessment_id)
        told: dict[str, Any] = {"about": about, "why": text(form, "reason"), "problems": {"reason": WHY}}
        return page(request, "admin/inspect.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, **told)
    seen = await inspection.inspect(uow, runtime.bank, who.actor, assessment_id, why)
    return page(request, "admin/inspected.html", seen=seen, why=why.reason, at=runtime.clock(), **_view(seen))


def _view(seen: Inspection) -> dict[str, Any]:
    found = view(seen.result) if seen.result else {"result": None}
    return {**found, "answers": list(answers(seen.assessment))}


def answers(read: AssessmentRead) -> Iterator[Answered]:
    """Each question of an assessment with what was answered, in words."""
    for question in read.questions:
        state = read.answers.get(question.id)
        answer = state.answer if state else None
        if is_blank(answer):
            yield Answered(question, (), "")
        elif isinstance(answer, str) and not isinstance(question.options, tuple):
            yield Answered(question, (), answer)
        else:
            yield Answered(question, tuple(_words(question, answer)), "")


def _words(question: AskedQuestion, answer: Any) -> Iterator[str]:
    match question.options:
        case MatchingOptions() as columns if isinstance(answer, dict):
            right = {option.id: option.text for option in columns.right}
            yield from (f"{left.text}: {right.get(answer.get(left.id, ''), NOT_ANSWERED)}" for left in columns.left)
        case tuple() as options:
            texts = {option.id: option.text for option in options}
            yield from (texts.get(each, NOT_ANSWERED) for each in ([answer] if isinstance(answer, str) else answer))
        case NumericOptions(unit=unit):
            yield " ".join(filter(None, [number_text(answer), unit]))
        case _:
            yield str(answer)
