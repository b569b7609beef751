"""A result as an advisor reviews it: everything a decision rests on, and every decision as a form that comes back to its place."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from assay.db.unit_of_work import UnitOfWork
from assay.domain.errors import Conflict
from assay.domain.flags import FlagCode
from assay.edge.dependencies import RuntimeDep, Uow
from assay.runtime import Runtime
from assay.services import caseload, feedback, flags, notes, overrides, releases, results, traces
from assay.services.feedback import FeedbackReceipt
from assay.services.results import Result
from assay.web import wording
from assay.web.advisor import forms, words
from assay.web.advisor.forms import NOTHING_TRIED, Tried
from assay.web.advisor.session import Decider, Flagger, Overrider, Releaser
from assay.web.rendering import page
from assay.web.result_view import answers, view
from assay.web.session import Reader, Session

router = APIRouter(prefix="/assessments/{assessment_id}")

DONE: Final[Mapping[str, tuple[str, str]]] = {
    "decided": ("top", "Your decision is saved."),
    "level": ("essays", "Your levels are saved. The student sees them with your reason."),
    "flagged": ("flags", "The assessment is flagged."),
    "resolved": ("flags", "The flags are resolved."),
    "released": ("top", "The student sees the result from now on."),
    "noted": ("notes", "Your note is saved. The student's advisors see it."),
}
"""Where on the page what has been done is said, and the sentence."""
NEWER: Final = (
    "The recommendation has been made again since you opened the page. What you entered is still here: look at the new one first."
)


async def show(
    request: Request,
    runtime: Runtime,
    uow: UnitOfWork,
    who: Session,
    result: Result,
    tried: Tried = NOTHING_TRIED,
    status: int = HTTPStatus.OK,
) -> Response:
    """The page; `tried` is a form that was sent and not taken."""
    case = await caseload.one(uow, who.actor, result.assessment_id)
    said = await feedback.mine(uow, who.actor, result.recommendation.id)
    decided = (await feedback.decisions(uow, who.actor, [result.assessment_id])).get(result.assessment_id, ())
    place, sentence = DONE.get(request.query_params.get("done", ""), ("", "")) if tried is NOTHING_TRIED else ("", "")
    return page(
        request,
        "advisor/review.html",
        status=status,
        **view(result),
        **await answers(uow, runtime.bank, result),
        case=case,
        queue=await caseload.queue(uow, who.actor, result.assessment_id),
        remarks=(await notes.read(uow, who.actor, result.assessment_id)).items,
        decided=[each for each in decided if not each.own],
        mine=said,
        standing=_standing(said),
        traces=await traces.finds(uow, result.recommendation),
        open_flags=_open(result),
        held=[(essay.position, name) for essay in result.essay_scores for name, score in essay.dimensions.items() if score.held],
        noticed=[(essay.position, wording.FLAGS.get(flag, flag)) for essay in result.essay_scores for flag in essay.flags],
        tried=tried,
        place=place,
        sentence=sentence,
        told=words,
    )


@router.get("/decision")
@router.get("/levels/{score_id}")
@router.get("/flag")
@router.get("/release")
@router.get("/notes")
async def back(assessment_id: UUID, _who: Reader) -> Response:
    """Where a form was sent, asked for by reloading: back to the result."""
    return _to(assessment_id)


@router.post("/decision")
async def decide(
    assessment_id: UUID, request: Request, who: Decider, runtime: RuntimeDep, uow: Uow, recommendation: Annotated[UUID, Form()]
) -> Response:
    """Accept or reject the recommendation, item by item and as a whole; said again, it replaces what was said before."""
    result = await _result(runtime, uow, who, assessment_id)
    given = forms.entered(await request.form())
    if recommendation != result.recommendation.id:
        tried = Tried("decision", given, {"recommended": NEWER})
        return await show(request, runtime, uow, who, result, tried, HTTPStatus.CONFLICT)
    said, problems = forms.decision(given, result.recommendation.items)
    if said is None:
        return await _again(request, runtime, uow, who, result, Tried("decision", given, problems))
    await feedback.give(uow, who.actor, recommendation, said)
    return _to(assessment_id, "decided")


@router.post("/levels/{score_id}")
async def override(assessment_id: UUID, score_id: UUID, request: Request, who: Overrider, runtime: RuntimeDep, uow: Uow) -> Response:
    """Give levels instead of the evaluator's, or confirm them."""
    result = await _result(runtime, uow, who, assessment_id)
    essay = forms.essay_of(score_id, result.essay_scores)
    if essay is None:
        raise Conflict("This essay has been scored again since. Open the result to see the new score.", code="score_replaced")
    given = forms.entered(await request.form())
    said, problems = forms.levels(given, essay)
    if said is None:
        return await _again(request, runtime, uow, who, result, Tried(f"levels-{essay.position}", given, problems))
    await overrides.override(uow, runtime.bank, who.actor, score_id, said)
    return _to(assessment_id, "level", f"e{essay.position}")


@router.post("/flag")
async def flag(assessment_id: UUID, request: Request, who: Flagger, runtime: RuntimeDep, uow: Uow) -> Response:
    """Note that somebody should look again, or that it is resolved."""
    given = forms.entered(await request.form())
    said, problems = forms.flag(given)
    if said is None:
        result = await _result(runtime, uow, who, assessment_id)
        return await _again(request, runtime, uow, who, result, Tried("flag", given, problems))
    await flags.flag(uow, who.actor, assessment_id, said)
    return _to(assessment_id, "resolved" if said.code is FlagCode.RESOLVED else "flagged", "flags")


@router.post("/release")
async def release(assessment_id: UUID, who: Releaser, uow: Uow) -> Response:
    """Let the student see the result."""
    await releases.release(uow, who.actor, assessment_id)
    return _to(assessment_id, "released")


@router.post("/notes")
async def write_note(assessment_id: UUID, request: Request, who: Flagger, runtime: RuntimeDep, uow: Uow) -> Response:
    """Write something down for the student's advisors."""
    given = forms.entered(await request.form())
    said, problems = forms.note(given)
    if said is None:
        result = await _result(runtime, uow, who, assessment_id)
        return await _again(request, runtime, uow, who, result, Tried("note", given, problems))
    await notes.write(uow, who.actor, assessment_id, said)
    return _to(assessment_id, "noted", "notes")


async def _result(runtime: Runtime, uow: UnitOfWork, who: Session, assessment_id: UUID) -> Result:
    return await results.read(uow, runtime.bank, who.actor, assessment_id)


async def _again(request: Request, runtime: Runtime, uow: UnitOfWork, who: Session, result: Result, tried: Tried) -> Response:
    return await show(request, runtime, uow, who, result, tried, HTTPStatus.UNPROCESSABLE_ENTITY)


def _to(assessment_id: UUID, done: str = "", place: str = "") -> Response:
    said = f"?done={done}" if done else ""
    at = f"&at={place}#{place}" if place else ""
    return RedirectResponse(f"/assessments/{assessment_id}/result{said}{at}", HTTPStatus.SEE_OTHER)


def _open(result: Result) -> list[Any]:
    """The flags that nobody has resolved."""
    noted = list(result.flags or ())
    last = max((index for index, each in enumerate(noted) if each.code is FlagCode.RESOLVED), default=-1)
    return noted[last + 1 :]


def _standing(said: FeedbackReceipt | None) -> dict[str, str]:
    """What the form for the decision holds before anything is entered: what was said before."""
    if said is None:
        return {}
    items = {
        f"{name}-{item.credential_id}": value
        for item in said.items
        for name, value in (("decision", item.decision), ("reason", item.reason))
    }
    return {
        "relevance": str(said.relevance),
        "fit": str(said.fit),
        "decision": said.decision or "",
        "comment": said.comment or "",
        **items,
    }
