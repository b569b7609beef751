"""The result page, and what its reader thinks of it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from assay.domain.actors import Role
from assay.domain.errors import Conflict, Invalid
from assay.edge.dependencies import RuntimeDep, Uow
from assay.runtime import Runtime
from assay.services import feedback, results
from assay.services.feedback import FeedbackWrite
from assay.services.results import Result
from assay.web.advisor import review
from assay.web.rendering import page
from assay.web.result_view import answers, view
from assay.web.session import FeedbackGiver, Reader, Session

router = APIRouter(prefix="/assessments/{assessment_id}")


@router.get("/result")
async def show(assessment_id: UUID, request: Request, who: Reader, runtime: RuntimeDep, uow: Uow, given: str = "") -> Response:
    """The result; while there is none, where it stands. `given` is `feedback` after somebody has just said what they think."""
    try:
        result = await results.read(uow, runtime.bank, who.actor, assessment_id)
    except Conflict:
        return RedirectResponse(f"/assessments/{assessment_id}/status", HTTPStatus.SEE_OTHER)
    request.state.track = result.track.slug
    if who.actor.role is Role.ADVISOR:
        return await review.show(request, runtime, uow, who, result)
    return await _page(request, runtime, uow, who, result, thanked=given == "feedback")


@router.get("/feedback")
async def back(assessment_id: UUID, _who: Reader) -> Response:
    """Where the form was sent, asked for by reloading: back to the result."""
    return RedirectResponse(f"/assessments/{assessment_id}/result", HTTPStatus.SEE_OTHER)


@router.post("/feedback")
async def give_feedback(
    assessment_id: UUID,
    request: Request,
    who: FeedbackGiver,
    runtime: RuntimeDep,
    uow: Uow,
    recommendation: Annotated[UUID, Form()],
) -> Response:
    """Keep what the reader thinks; said again, it replaces what was said before."""
    form = await request.form()
    wants_json = request.headers.get("accept", "").startswith("application/json")
    try:
        said = read_feedback(form)
    except ValidationError:
        if wants_json:
            raise Invalid("Choose one of the five steps for both questions.", code="incomplete") from None
        result = await results.read(uow, runtime.bank, who.actor, assessment_id)
        return await _page(request, runtime, uow, who, result, entered=form)
    await feedback.give(uow, who.actor, recommendation, said)
    if wants_json:
        return JSONResponse({"savedAt": runtime.clock().isoformat()})
    return RedirectResponse(f"/assessments/{assessment_id}/result?given=feedback#feedback", HTTPStatus.SEE_OTHER)


def read_feedback(form: FormData) -> FeedbackWrite:
    """Feedback as a form says it. Raises `ValidationError` when a rating is missing or not one of the five."""
    ratings = {name: int(value) for name in ("relevance", "fit") if isinstance(value := form.get(name), str) and value.isdecimal()}
    decided = {name.removeprefix("decision-"): value for name, value in form.items() if name.startswith("decision-") and value}
    items = [{"credential_id": credential, "decision": decision} for credential, decision in decided.items()]
    comment = form.get("comment")
    return FeedbackWrite.model_validate({**ratings, "items": items, "comment": comment or None})


async def _page(
    request: Request,
    runtime: Runtime,
    uow: Uow,
    who: Session,
    result: Result,
    *,
    thanked: bool = False,
    entered: FormData | None = None,
) -> Response:
    said = await feedback.mine(uow, who.actor, result.recommendation.id)
    status = HTTPStatus.OK if entered is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return page(
        request,
        "result.html",
        status=status,
        **view(result),
        **await answers(uow, runtime.bank, result),
        own=who.actor.role is Role.STUDENT,
        opinion=_opinion(said, entered),
        incomplete=entered is not None,
        thanked=thanked,
    )


def _opinion(said: feedback.FeedbackReceipt | None, entered: FormData | None) -> Mapping[str, Any]:
    """What the feedback form holds: what was just entered, or what was said before."""
    if entered is not None:
        return {
            "relevance": entered.get("relevance"),
            "fit": entered.get("fit"),
            "comment": entered.get("comment") or "",
            "decisions": {name.removeprefix("decision-"): value for name, value in entered.items() if name.startswith("decision-")},
        }
    if said is None:
        return {"relevance": None, "fit": None, "comment": "", "decisions": {}}
    return {
        "relevance": str(said.relevance),
        "fit": str(said.fit),
        "comment": said.comment or "",
        "decisions": {str(item.credential_id): item.decision for item in said.items},
    }
