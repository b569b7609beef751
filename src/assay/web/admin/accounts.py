"""Accounts: made for somebody, given another role, and a link by which their owner chooses a password."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from assay.domain.actors import Role
from assay.domain.errors import Conflict
from assay.edge.dependencies import RuntimeDep, Uow
from assay.services import accounts, password_links, people
from assay.services.accounts import AccountWrite, RoleWrite
from assay.web.admin.entered import misfits, text
from assay.web.admin.people import Keeper
from assay.web.rendering import page

router = APIRouter(prefix="/admin/people")

ROLES: Final = tuple((role.value, role.value.capitalize()) for role in Role)
SENTENCES: Final = {
    "email": "Write one e-mail address.",
    "name": "Write their name, in 200 characters at most.",
    "role": "Choose from the list.",
}


@router.get("/new")
async def ask(request: Request, _who: Keeper) -> Response:
    """The form for another account."""
    return _form(request, {"email": "", "name": "", "role": Role.STUDENT.value}, {})


@router.post("/new")
async def create(request: Request, who: Keeper, runtime: RuntimeDep) -> Response:
    """Make the account."""
    form = await request.form()
    given = {name: text(form, name).strip() for name in SENTENCES}
    try:
        wanted = AccountWrite.model_validate(given)
        async with runtime.open_uow() as uow:
            made = await accounts.create(uow, who.actor, wanted)
    except ValidationError as error:
        return _form(request, given, misfits(error, SENTENCES))
    except Conflict as conflict:
        return _form(request, given, {"email": conflict.detail})
    return RedirectResponse(f"/admin/people/{made.id}?done=made", HTTPStatus.SEE_OTHER)


@router.get("/{person_id}/role")
async def ask_role(person_id: UUID, request: Request, who: Keeper, uow: Uow) -> Response:
    """The form for another role, or why there is none."""
    return await _role(request, who, uow, person_id, "")


@router.post("/{person_id}/role")
async def change_role(person_id: UUID, request: Request, who: Keeper, runtime: RuntimeDep) -> Response:
    """Give somebody another role."""
    given = text(await request.form(), "role")
    problem = ""
    try:
        async with runtime.open_uow() as uow:
            await accounts.change_role(uow, who.actor, person_id, RoleWrite.model_validate({"role": given}))
    except ValidationError:
        problem = SENTENCES["role"]
    except Conflict as conflict:
        problem = conflict.detail
    if problem:
        async with runtime.open_uow(autocommit=True) as uow:
            return await _role(request, who, uow, person_id, problem)
    await runtime.identity.learn_who_left(runtime.open_uow)
    return RedirectResponse(f"/admin/people/{person_id}?done=role", HTTPStatus.SEE_OTHER)


@router.post("/{person_id}/link")
async def make_link(person_id: UUID, request: Request, who: Keeper, uow: Uow, runtime: RuntimeDep) -> Response:
    """Make a link and show it, this once; earlier ones end."""
    link = await password_links.make(uow, who.actor, person_id, runtime.settings.public_url, runtime.clock)
    return page(request, "admin/person_link.html", link=link, person=await people.get(uow, person_id))


@router.get("/{person_id}/link")
async def back(person_id: UUID, _who: Keeper) -> Response:
    """Where a link was shown, asked for by its address: it is not shown again."""
    return RedirectResponse(f"/admin/people/{person_id}", HTTPStatus.SEE_OTHER)


def _form(request: Request, given: dict[str, str], problems: dict[str, str]) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    return page(request, "admin/person_new.html", status=status, given=given, problems=problems, roles=ROLES)


async def _role(request: Request, who: Keeper, uow: Uow, person_id: UUID, problem: str) -> Response:
    person = await people.get(uow, person_id)
    obstacle = await accounts.obstacle(uow, who.actor, person)
    told: dict[str, Any] = {"person": person, "roles": ROLES, "problems": {"role": problem} if problem and not obstacle else {}}
    status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
    return page(request, "admin/person_role.html", status=status, refused=obstacle.detail if obstacle else "", **told)
