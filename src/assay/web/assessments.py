"""An assessment on paper: ten questions, saved as one goes, looked over, submitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from assay.domain.actors import Role
from assay.domain.answers import is_blank
from assay.domain.errors import Conflict, Expired, Invalid
from assay.domain.progress import AssessmentStatus
from assay.domain.questions import QuestionType
from assay.edge.dependencies import RuntimeDep, Uow
from assay.kit.text import storable
from assay.runtime import Runtime
from assay.services import assessments, responses, submission
from assay.services.assessments import AskedQuestion, AssessmentRead
from assay.services.responses import SaveReceipt
from assay.web.answers import Draft, Field, drafts, field_of_answer, fingerprint
from assay.web.rendering import page
from assay.web.session import Reader, Session, Taker

router = APIRouter(prefix="/assessments/{assessment_id}")

MAX_BATCH_ID = 100
SOON = timedelta(hours=1)
"""Before its end an assessment says that it is near: as long as one takes."""


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question with what its fields hold; `shown` is the fingerprint of the saved answer."""

    question: AskedQuestion
    field: Field
    shown: str
    answered: bool
    answered_at: datetime | None
    problem: str | None

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return f"q{self.question.position}"


@router.get("")
async def show(assessment_id: UUID, request: Request, who: Reader, runtime: RuntimeDep, uow: Uow) -> Response:
    """The questions for whoever answers them; the status or the result for everybody else and afterwards."""
    read = await assessments.get(uow, runtime.bank, who.actor, assessment_id)
    request.state.track = read.track.slug
    if read.status is AssessmentStatus.COMPLETED:
        return _to(assessment_id, "/result")
    if read.status is AssessmentStatus.PROCESSING or who.actor.role is not Role.STUDENT:
        return _to(assessment_id, "/status")
    return _paper(request, runtime, who, read)


@router.get("/answers")
@router.get("/submit")
async def back(assessment_id: UUID, _who: Reader) -> Response:
    """Where a form was sent, asked for by reloading: back to the questions."""
    return _to(assessment_id, "")


@router.post("/answers")
async def save(assessment_id: UUID, request: Request, who: Taker, runtime: RuntimeDep, uow: Uow) -> Response:
    """Save what the form says: what fits is saved even if something else does not. A script gets a receipt, a person the next page."""
    form = await request.form()
    read = await assessments.get(uow, runtime.bank, who.actor, assessment_id)
    request.state.track = read.track.slug
    contents = await responses.asked_contents(uow, runtime.bank, assessment_id)
    made = list(drafts(form, contents))
    writes = [draft.write() for draft in made if draft.changed and draft.problem is None]
    refuse_unless_open(read)
    receipt = await responses.save(uow, runtime.bank, who.actor, assessment_id, writes, _batch_id(form.get("batch"))) if writes else None
    problems = any(draft.problem for draft in made)
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse(_receipt(read, receipt, made))
    if problems:
        current = await assessments.get(uow, runtime.bank, who.actor, assessment_id)
        return _paper(request, runtime, who, current, {draft.question_id: draft for draft in made})
    after = form.get("then")
    return _to(assessment_id, "/review" if after == "review" else "")


@router.get("/review")
async def review(assessment_id: UUID, request: Request, who: Taker, runtime: RuntimeDep, uow: Uow) -> Response:
    """What is answered and what is not, before it is submitted."""
    read = await assessments.get(uow, runtime.bank, who.actor, assessment_id)
    if read.status in {AssessmentStatus.PROCESSING, AssessmentStatus.COMPLETED}:
        return _to(assessment_id, "/status")
    refuse_unless_open(read)
    return _review(request, runtime, read)


@router.post("/submit")
async def submit(assessment_id: UUID, request: Request, who: Taker, runtime: RuntimeDep, uow: Uow) -> Response:
    """Submit; questions without an answer must be confirmed."""
    confirmed = (await request.form()).get("confirm") == "yes"
    try:
        await submission.submit(uow, runtime.bank, who.actor, assessment_id, confirm_unanswered=confirmed)
    except Conflict as error:
        if error.error_code != "already_submitted":
            raise
    except Invalid:
        read = await assessments.get(uow, runtime.bank, who.actor, assessment_id)
        return _review(request, runtime, read, unconfirmed=True)
    return _to(assessment_id, "/status")


def refuse_unless_open(read: AssessmentRead) -> None:
    """Raises `Expired` or `Conflict` when answers can no longer change."""
    if read.status is AssessmentStatus.EXPIRED:
        raise expired(read)
    if read.status is not AssessmentStatus.IN_PROGRESS:
        raise Conflict("This assessment is submitted; its answers are locked.", code="already_submitted")


def expired(read: AssessmentRead) -> Expired:
    """What to say when the time is over."""
    return Expired(
        f"Its time ended on {read.expires_at:%-d %B %Y}, before it was submitted.",
        code="assessment_expired",
        track_id=str(read.track.id),
    )


def _paper(request: Request, runtime: Runtime, who: Session, read: AssessmentRead, made: Mapping[UUID, Draft] | None = None) -> Response:
    refuse_unless_open(read)
    views = _views(read, made or {})
    problems = [view for view in views if view.problem]
    token = runtime.identity.resume_token(read.assessment_id, who.actor.id, read.started_at, read.expires_at)
    return page(
        request,
        "assessment.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        assessment=read,
        parts=_parts(views),
        questions=views,
        problems=problems,
        answered=sum(view.answered for view in views),
        last_saved=max((view.answered_at for view in views if view.answered_at), default=None),
        now=runtime.clock(),
        ends_soon=read.expires_at - runtime.clock() <= SOON,
        resume_link=f"{_own_address(request, runtime)}/resume?token={token}",
    )


def _review(request: Request, runtime: Runtime, read: AssessmentRead, *, unconfirmed: bool = False) -> Response:
    views = _views(read, {})
    return page(
        request,
        "review.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if unconfirmed else HTTPStatus.OK,
        assessment=read,
        parts=_parts(views),
        missing=[view for view in views if not view.answered],
        total=len(views),
        unconfirmed=unconfirmed,
        now=runtime.clock(),
    )


def _views(read: AssessmentRead, made: Mapping[UUID, Draft]) -> list[QuestionView]:
    return [_view(question, read, made.get(question.id)) for question in read.questions]


def _view(question: AskedQuestion, read: AssessmentRead, draft: Draft | None) -> QuestionView:
    saved = read.answers.get(question.id)
    answer: Any = saved.answer if saved else None
    return QuestionView(
        question=question,
        field=draft.field if draft and draft.problem else field_of_answer(question.format, answer),
        shown=fingerprint(answer),
        answered=not is_blank(answer),
        answered_at=saved.answered_at if saved else None,
        problem=draft.problem if draft else None,
    )


def _parts(views: Sequence[QuestionView]) -> list[tuple[QuestionType, list[QuestionView]]]:
    by_type = [(kind, [view for view in views if view.question.type is kind]) for kind in QuestionType]
    return [(kind, members) for kind, members in by_type if members]


def _receipt(read: AssessmentRead, receipt: SaveReceipt | None, made: Sequence[Draft]) -> dict[str, Any]:
    """What a script is told; `shown` are the fingerprints of the answers that stand now."""
    superseded = set(receipt.superseded) if receipt else set()
    standing = [draft for draft in made if draft.problem is None and draft.question_id not in superseded]
    return {
        "savedAt": receipt.saved_at.isoformat() if receipt else None,
        "answered": receipt.answered if receipt else read.answered,
        "remaining": [str(each) for each in receipt.remaining] if receipt else None,
        "superseded": [str(each) for each in superseded],
        "problems": {str(draft.question_id): draft.problem for draft in made if draft.problem is not None},
        "shown": {str(draft.question_id): fingerprint(draft.answer) for draft in standing},
    }


def _batch_id(given: object) -> str:
    try:
        return storable(given) if isinstance(given, str) and 0 < len(given) <= MAX_BATCH_ID else str(uuid4())
    except ValueError:
        return str(uuid4())


def _own_address(request: Request, runtime: Runtime) -> str:
    """Where this site is, seen from outside: as configured where it is served over TLS, otherwise as it was asked for."""
    if request.app.state.secure_cookies:
        return runtime.settings.public_url.rstrip("/")
    return str(request.base_url).rstrip("/")


def _to(assessment_id: UUID, rest: str) -> Response:
    return RedirectResponse(f"/assessments/{assessment_id}{rest}", HTTPStatus.SEE_OTHER)
