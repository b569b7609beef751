"""The form in which a student declares what they have learned already, and how much time there is."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from assay.db.repositories.catalog import CatalogFilter
from assay.db.repositories.credentials import CredentialName
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Permission
from assay.domain.errors import Invalid
from assay.edge.dependencies import Uow
from assay.kit.model import Value
from assay.kit.text import storable
from assay.services import credentials, learning
from assay.services.learning import LearningWrite
from assay.web.rendering import page
from assay.web.session import Session, may, require_account
from assay.web.wording import LANGUAGES

router = APIRouter(prefix="/account/learning", dependencies=[Depends(require_account)])

type Learner = Annotated[Session, may(Permission.ASSESSMENT_TAKE)]

FOUND: Final = 12
"""Credentials shown for one search; with more, other words find fewer."""
LONGEST_SEARCH: Final = 200
HOURS: Final = "Write a number of hours between 0 and 168, or leave it empty."
LANGUAGE: Final = "Choose one language at least."
GONE: Final = "Something you chose is no longer there. It has been taken out; look it over and save again."


class Entered(Value):
    """What the form holds, fitting or not."""

    completed: tuple[str, ...] = ()
    prior_learning: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    hours: str = ""
    find: str = ""

    @property
    def hours_per_week(self) -> float | None:
        """The hours as a number, None for none. Raises `ValueError`."""
        return float(self.hours.replace(",", ".")) if self.hours else None


@router.get("")
async def show(request: Request, who: Learner, uow: Uow) -> Response:
    """The form as it stands."""
    stands = await learning.read(uow, who.actor)
    hours = "" if stands.hours_per_week is None else f"{stands.hours_per_week:g}"
    entered = Entered(completed=stands.completed, prior_learning=stands.prior_learning, languages=stands.languages, hours=hours)
    return await _form(request, uow, who, entered)


@router.post("")
async def save(request: Request, who: Learner, uow: Uow) -> Response:
    """Keep it; or look for credentials, with everything that was entered kept on the page."""
    form = await request.form()
    entered = _entered(form)
    if form.get("then") == "find" and entered.find:
        return await _form(request, uow, who, entered)
    if problems := _problems(entered):
        return await _form(request, uow, who, entered, problems)
    try:
        await learning.put(uow, who.actor, _write(entered))
    except (Invalid, ValidationError):
        return await _form(request, uow, who, await _still_there(uow, entered), {"completed": GONE})
    return RedirectResponse("/account?done=learned", HTTPStatus.SEE_OTHER)


def _entered(form: FormData) -> Entered:
    def texts(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each for each in form.getlist(name) if isinstance(each, str)))

    def text(name: str) -> str:
        return next(iter(texts(name)), "").strip()[:LONGEST_SEARCH]

    return Entered(
        completed=texts("completed"), prior_learning=texts("prior"), languages=texts("language"), hours=text("hours"), find=text("find")
    )


def _problems(entered: Entered) -> dict[str, str]:
    problems = {} if entered.languages else {"language": LANGUAGE}
    try:
        hours = entered.hours_per_week
    except ValueError:
        return {**problems, "hours": HOURS}
    return problems if hours is None or 0 < hours <= 168 else {**problems, "hours": HOURS}


def _write(entered: Entered) -> LearningWrite:
    return LearningWrite(
        completed=entered.completed,
        prior_learning=entered.prior_learning,
        languages=entered.languages,
        hours_per_week=entered.hours_per_week,
    )


async def _still_there(uow: UnitOfWork, entered: Entered) -> Entered:
    """What was entered, without what does not exist."""
    names = await uow.tracks.skill_names()
    return entered.model_copy(
        update={
            "completed": tuple(each.slug for each in await _named(uow, entered.completed)),
            "prior_learning": tuple(skill for skill in entered.prior_learning if skill in names),
            "languages": tuple(language for language in entered.languages if language in LANGUAGES),
        }
    )


async def _named(uow: UnitOfWork, slugs: Sequence[str]) -> list[CredentialName]:
    """Those of the credentials that exist, by title."""
    storables = [slug for slug in slugs if _is_storable(slug)]
    return sorted((await learning.credentials(uow, storables, "/completed")).found, key=lambda each: each.title)


def _is_storable(text: str) -> bool:
    try:
        storable(text)
    except ValueError:
        return False
    return True


def _chosen_first(names: Mapping[str, str], chosen: Sequence[str]) -> list[tuple[str, str]]:
    """What can be ticked: what is, then the rest, each by name."""
    return sorted(names.items(), key=lambda each: (each[0] not in chosen, each[1].lower()))


async def _form(request: Request, uow: UnitOfWork, who: Session, entered: Entered, problems: dict[str, str] | None = None) -> Response:
    chosen = await _named(uow, entered.completed)
    found: list[Any] = []
    if entered.find and _is_storable(entered.find):
        listed = await credentials.page(uow, who.actor, CatalogFilter(text=entered.find), None, FOUND + len(chosen))
        known = {each.slug for each in chosen}
        found = [each for each in listed.items if each.slug not in known][:FOUND]
    return page(
        request,
        "learning.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        entered=entered,
        chosen=chosen,
        found=found,
        skills=_chosen_first(await uow.tracks.skill_names(), entered.prior_learning),
        languages=_chosen_first({**{code: code for code in entered.languages}, **LANGUAGES}, entered.languages),
        problems=problems or {},
    )
