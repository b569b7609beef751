"""Persons: found by address or pseudonym, shown by pseudonym. Nothing that names anybody stands in an address."""

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from assay.domain.actors import Permission
from assay.domain.errors import NotFound
from assay.edge.dependencies import Uow
from assay.services import people, person_records
from assay.services.people import PersonRead, PersonWanted
from assay.web.admin.entered import text
from assay.web.rendering import page
from assay.web.session import Session, may

router = APIRouter(prefix="/admin/people")

type Keeper = Annotated[Session, may(Permission.PERSON_MANAGE)]

NOBODY: Final = "Nobody is known by this. Check the spelling; only a whole address, pseudonym or id finds somebody."
DONE: Final = {
    "held": "A legal hold stands on this person now.",
    "released": "The legal hold is lifted.",
    "made": "The account is made. Hand its owner a link by which they choose a password.",
    "role": "The role is changed, and their sessions have ended.",
}


@router.get("")
async def ask(request: Request, _who: Keeper) -> Response:
    """The form to find somebody by."""
    return page(request, "admin/people.html", wanted="", issuer="", problems={})


@router.post("/find")
async def find(request: Request, who: Keeper, uow: Uow) -> Response:
    """Whose address, pseudonym, id or name elsewhere this is."""
    form = await request.form()
    wanted, issuer = text(form, "wanted").strip(), text(form, "issuer").strip()
    try:
        found = await _found(uow, who, wanted, issuer)
    except (ValidationError, NotFound):
        problems = {"wanted": NOBODY if wanted else "Write an e-mail address, a pseudonym or an id."}
        return page(request, "admin/people.html", status=HTTPStatus.UNPROCESSABLE_ENTITY, wanted=wanted, issuer=issuer, problems=problems)
    return RedirectResponse(f"/admin/people/{found.id}", HTTPStatus.SEE_OTHER)


@router.get("/find")
async def back(_who: Keeper) -> Response:
    """Where the form was sent, asked for by reloading."""
    return RedirectResponse("/admin/people", HTTPStatus.SEE_OTHER)


@router.get("/{person_id}")
async def show(person_id: UUID, request: Request, who: Keeper, uow: Uow, done: str = "") -> Response:
    """One person as far as an admin sees them without giving a reason."""
    record = await person_records.get(uow, who.actor, person_id)
    return page(request, "admin/person.html", notice=DONE.get(done, ""), record=record, person=record.person, own=person_id == who.actor.id)


async def _found(uow: Uow, who: Session, wanted: str, issuer: str) -> PersonRead:
    """Raises `ValidationError` for what is no address, `NotFound`."""
    if issuer:
        return await people.find(uow, who.actor, PersonWanted(issuer=issuer, subject=wanted))
    try:
        name = UUID(wanted)
    except ValueError:
        return await people.find(uow, who.actor, PersonWanted(email=wanted))
    try:
        return await people.find(uow, who.actor, PersonWanted(pseudonym=name))
    except NotFound:
        return await people.get(uow, name)
