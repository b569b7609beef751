"""What if: the recommendations as they would be under other assumptions, beside those there are. Nothing of it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import QueryParams

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Role
from assay.domain.errors import Conflict, Invalid, NotFound
from assay.domain.tracks import SkillLevel
from assay.edge.dependencies import RuntimeDep
from assay.kit.text import storable
from assay.runtime import Runtime
from assay.services import results, tracks, what_if
from assay.services.results import Result
from assay.services.tracks import SkillRead
from assay.services.what_if import WhatIf, WhatIfRead
from assay.web.rendering import fragment, page
from assay.web.session import Reader, Session
from assay.web.wording import INTERESTS

router = APIRouter(prefix="/assessments/{assessment_id}/what-if")

HOURS: Final = "Write a number of hours between 0 and 168, or leave it empty."
LEVEL: Final = "Choose one of the levels."
UNKNOWN: Final = "Something that was supposed does not exist. Choose again."
NOT_RANKED: Final = "not_ranked"
LISTS: Final = {"completed": "completed", "prior_learning": "prior", "languages": "language"}
"""Fields of which several can be chosen, by what the service calls them."""
_INTEREST: Final = "interest-"
_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Supposed:
    """What the form holds: a question that can be asked, and what of it cannot be understood, by field."""

    question: WhatIf
    problems: Mapping[str, str]
    given: bool
    """Whether anything is supposed at all."""


@router.get("")
async def show(assessment_id: UUID, request: Request, who: Reader, runtime: RuntimeDep) -> Response:
    """The form, and what comes of what it says. A result there is not yet leads to where it stands."""
    async with runtime.open_uow(autocommit=True) as uow:
        try:
            result = await results.read(uow, runtime.bank, who.actor, assessment_id)
        except Conflict:
            return RedirectResponse(f"/assessments/{assessment_id}/status", HTTPStatus.SEE_OTHER)
        skills = await _skills(uow, who, result)
    request.state.track = result.track.slug
    supposed = read_form(request.query_params)
    outcome, problems = await _asked(runtime, who, assessment_id, supposed)
    return page(
        request,
        "what_if.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        result=result,
        own=who.actor.role is Role.STUDENT,
        skills=skills,
        entered=request.query_params,
        chosen={name: request.query_params.getlist(name) for name in LISTS.values()},
        interested=any(_is_interest(name, value) for name, value in request.query_params.items()),
        interests=[(code, said) for code, (_, said) in INTERESTS.items()],
        problems=problems,
        outcome=outcome,
        can=can_suppose(result),
    )


@router.get("/fragment")
async def show_outcome(assessment_id: UUID, request: Request, who: Reader, runtime: RuntimeDep) -> Response:
    """What comes of it, or why nothing does, as a part of a page."""
    outcome, problems = await _asked(runtime, who, assessment_id, read_form(request.query_params))
    return HTMLResponse(fragment("what_if_fragment.html", outcome=outcome, problems=problems))


def can_suppose(result: Result) -> bool:
    """Whether a search made the list, so that there is something to rank again."""
    return bool(result.rag_traces)


def read_form(query: QueryParams) -> Supposed:
    """The question that a form asks; a field that is empty supposes nothing."""
    given = {name: values for name in query if (values := [each for each in query.getlist(name)[:_MOST] if _fits(each)])}
    fields: dict[str, Any] = {}
    problems: dict[str, str] = {}
    if level := _first(given, "level"):
        if level in set(SkillLevel):
            fields["level"] = SkillLevel(level)
        else:
            problems["level"] = LEVEL
    if hours := _first(given, "hours"):
        try:
            fields["hours_per_week"] = _hours(hours)
        except ValueError:
            problems["hours"] = HOURS
    interests = {name.removeprefix(_INTEREST): INTERESTS[values[0]][0] for name, values in given.items() if _is_interest(name, values[0])}
    fields |= {field: tuple(dict.fromkeys(given[name])) for field, name in LISTS.items() if name in given}
    if interests:
        fields["interests"] = interests
    try:
        question = WhatIf(**fields)
    except ValueError:  # Pydantic's errors are: slugs, codes and lengths that no form of ours sends
        return Supposed(WhatIf(), {**problems, "what-if": UNKNOWN}, given=True)
    return Supposed(question, problems, given=bool(fields or problems))


async def _asked(runtime: Runtime, who: Session, assessment_id: UUID, supposed: Supposed) -> tuple[WhatIfRead | None, Mapping[str, str]]:
    """What comes of it, if anything was asked that can be answered, and what stands in the way."""
    if supposed.problems or not supposed.given:
        return None, supposed.problems
    try:
        outcome = await what_if.ask(
            who.actor,
            assessment_id,
            supposed.question,
            open_uow=runtime.open_uow,
            bank=runtime.bank,
            local_embedder=runtime.local_embedder,
            vector_store=runtime.vector_store,
        )
    except Invalid:
        return None, {"what-if": UNKNOWN}
    except Conflict as error:
        if error.error_code != NOT_RANKED:
            raise
        return None, {"what-if": error.detail}
    return outcome, {}


async def _skills(uow: UnitOfWork, who: Session, result: Result) -> tuple[SkillRead, ...]:
    """The skills of the track, as long as it is offered."""
    try:
        return (await tracks.get(uow, who.actor, result.track.id)).skills
    except NotFound:
        return ()


def _hours(text: str) -> float:
    hours = float(text.replace(",", "."))
    if not 0 < hours <= 168:
        raise ValueError
    return hours


def _is_interest(name: str, value: str) -> bool:
    return name.startswith(_INTEREST) and value in INTERESTS


def _first(given: Mapping[str, list[str]], name: str) -> str:
    return given[name][0].strip() if name in given else ""


def _fits(text: str) -> bool:
    try:
        return bool(storable(text).strip())
    except ValueError:
        return False
