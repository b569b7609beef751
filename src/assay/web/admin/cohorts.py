"""Cohorts: made, renamed, and who belongs to them. Whoever advises a cohort sees what its students write, so each change says so."""

from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from assay.domain.actors import Permission, Role
from assay.domain.errors import Conflict, NotFound, PreconditionFailed
from assay.domain.preconditions import tag
from assay.edge.dependencies import Uow
from assay.services import enrolment, people
from assay.services.enrolment import CohortWrite
from assay.services.people import PersonWanted
from assay.web.admin.entered import text
from assay.web.rendering import page, plural
from assay.web.session import Session, may

router = APIRouter(prefix="/admin/cohorts")

type Keeper = Annotated[Session, may(Permission.COHORT_MANAGE)]

PAGE_SIZE: Final = 50
NAME: Final = "Write a name of 1 to 200 characters."
TAKEN: Final = "There is a cohort of this name already."
NOBODY: Final = "Nobody with this address has an account yet. Bring them in with a list: that gives them one."
DONE: Final = {
    "created": "The cohort is there. Now put students and advisors into it.",
    "renamed": "The cohort has its new name.",
    "joined": "They belong to the cohort now.",
    "left": "They do not belong to the cohort any more.",
}


@router.get("")
async def show_all(request: Request, _who: Keeper, uow: Uow, cursor: UUID | None = None, done: str = "") -> Response:
    """All cohorts, and a form for another."""
    return await _list(request, uow, cursor, notice=_told(done))


@router.post("")
async def create(request: Request, who: Keeper, uow: Uow) -> Response:
    """Make a cohort."""
    name = text(await request.form(), "name")
    try:
        made = await enrolment.create(uow, who.actor, CohortWrite(name=name))
    except ValidationError:
        return await _list(request, uow, None, name=name, problems={"name": NAME})
    except Conflict:
        return await _list(request, uow, None, name=name, problems={"name": TAKEN})
    return _to(made.id, "created")


@router.get("/{cohort_id}")
async def show(cohort_id: UUID, request: Request, _who: Keeper, uow: Uow, cursor: UUID | None = None, done: str = "") -> Response:
    """One cohort with its people."""
    return await _cohort(request, uow, cohort_id, cursor, notice=_told(done))


@router.get("/{cohort_id}/edit")
async def show_edit(cohort_id: UUID, request: Request, _who: Keeper, uow: Uow) -> Response:
    """The form to rename a cohort."""
    cohort = await enrolment.get(uow, cohort_id)
    return page(request, "admin/cohort_edit.html", cohort=cohort, name=cohort.name, seen=tag(cohort), problems={}, overtaken=False)


@router.post("/{cohort_id}/edit")
async def edit(cohort_id: UUID, request: Request, who: Keeper, uow: Uow) -> Response:
    """Rename a cohort, unless somebody else has meanwhile."""
    form = await request.form()
    name, problems, overtaken = text(form, "name"), {}, False
    try:
        await enrolment.rename(uow, who.actor, cohort_id, CohortWrite(name=name), frozenset({text(form, "seen")}))
    except ValidationError:
        problems = {"name": NAME}
    except PreconditionFailed:
        overtaken = True
    except Conflict:
        problems = {"name": TAKEN}
    if not problems and not overtaken:
        return _to(cohort_id, "renamed")
    cohort = await enrolment.get(uow, cohort_id)
    status = HTTPStatus.CONFLICT if overtaken else HTTPStatus.UNPROCESSABLE_ENTITY
    told: dict[str, Any] = {"cohort": cohort, "name": name, "seen": tag(cohort), "problems": problems, "overtaken": overtaken}
    return page(request, "admin/cohort_edit.html", status=status, **told)


@router.post("/{cohort_id}/members")
async def join(cohort_id: UUID, request: Request, who: Keeper, uow: Uow) -> Response:
    """Put somebody into a cohort by their e-mail address."""
    email = text(await request.form(), "email").strip()
    try:
        person = await people.find(uow, who.actor, PersonWanted(email=email))
        await enrolment.join(uow, who.actor, cohort_id, person.id)
    except ValidationError:
        problem = "Write an e-mail address."
    except NotFound:
        await enrolment.get(uow, cohort_id)
        problem = NOBODY
    except Conflict as conflict:
        problem = conflict.detail
    else:
        return _to(cohort_id, "joined")
    return await _cohort(request, uow, cohort_id, None, email=email, problems={"email": problem})


@router.post("/{cohort_id}/members/{person_id}/remove")
async def leave(cohort_id: UUID, person_id: UUID, who: Keeper, uow: Uow) -> Response:
    """Take somebody out of a cohort."""
    await enrolment.leave(uow, who.actor, cohort_id, person_id)
    return _to(cohort_id, "left")


async def _list(
    request: Request, uow: Uow, cursor: UUID | None, *, name: str = "", problems: dict[str, str] | None = None, notice: str = ""
) -> Response:
    listed = await enrolment.page(uow, cursor, PAGE_SIZE)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return page(request, "admin/cohorts.html", status=status, notice=notice, listed=listed, name=name, problems=problems or {})


async def _cohort(
    request: Request,
    uow: Uow,
    cohort_id: UUID,
    cursor: UUID | None,
    *,
    email: str = "",
    problems: dict[str, str] | None = None,
    notice: str = "",
) -> Response:
    cohort = await enrolment.get(uow, cohort_id)
    listed = await enrolment.members(uow, cohort_id, cursor, PAGE_SIZE)
    members = sorted(listed.items, key=lambda member: (member.role is Role.STUDENT, member.name.casefold()))
    return page(
        request,
        "admin/cohort.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        notice=notice,
        cohort=cohort,
        members=members,
        next_cursor=listed.next_cursor,
        email=email,
        problems=problems or {},
    )


def _told(done: str) -> str:
    """What has just been done: one of `DONE`, or what came of a list, as `list-ENROLLED-INVITED-ALREADY`."""
    what, *counts = done.split("-")
    if what == "list" and len(counts) == 3 and all(count.isdecimal() and len(count) < 6 for count in counts):
        enrolled, invited, already = map(int, counts)
        new = f", {invited} of them with a new account" if invited else ""
        return f"{plural(enrolled + invited, 'person', 'people')} enrolled{new}. {already} of the list were in it already."
    return DONE.get(done, "")


def _to(cohort_id: UUID, done: str) -> Response:
    return RedirectResponse(f"/admin/cohorts/{cohort_id}?done={done}", HTTPStatus.SEE_OTHER)
