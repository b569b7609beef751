"""Accounts as admins make and change them: a person without a password, and what role somebody has."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from assay.db.models import User
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict, FieldProblem
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.kit.text import StorableText, storable
from assay.services import audit, people
from assay.services.people import PersonRead


def _stripped(text: str) -> str:
    return text.strip()


class AccountWrite(Value):
    """Somebody who is to have an account."""

    email: Annotated[str, Field(min_length=3, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$"), AfterValidator(storable)]
    name: Annotated[StorableText, AfterValidator(_stripped), Field(min_length=1, max_length=200)]
    role: Role


class RoleWrite(Value):
    """The role that somebody is to have."""

    role: Role


async def create(uow: UnitOfWork, actor: Actor | None, wanted: AccountWrite) -> PersonRead:
    """Write an account without a password. Raises `Conflict` for an address that is somebody's."""
    await uow.accounts.alone(wanted.email)
    if await uow.accounts.by_email(wanted.email) is not None:
        problem = FieldProblem("/email", "is somebody's already")
        raise Conflict("There is an account with this address already. Find it instead.", code="known_already", problems=(problem,))
    user = User(id=new_id(), email=wanted.email, name=wanted.name, role=wanted.role.value, pseudonym=new_id(), is_active=True)
    uow.accounts.add(user)
    await uow.session.flush()
    await uow.session.refresh(user)
    made = await people.read(uow, user)
    await audit.record(uow, actor, AuditAction.PERSON_CREATED, "person", user.id, {"role": wanted.role.value})
    return made


async def obstacle(uow: UnitOfWork, actor: Actor | None, person: PersonRead) -> Conflict | None:
    """Why `actor` cannot give this person another role as things stand; None when they can."""
    if actor and actor.id == person.id:
        return Conflict("You cannot change your own role: ask another admin.", code="own_account")
    if not person.is_active:
        return Conflict("This account is not active any more.", code="not_active")
    if person.role is Role.ADMIN and await uow.accounts.active_admins() == 1:
        return Conflict("This is the last admin. Make another one first.", code="last_admin")
    return None


async def change_role(uow: UnitOfWork, actor: Actor | None, person_id: UUID, wanted: RoleWrite) -> PersonRead:
    """Give somebody another role, and end their sessions; the same role changes nothing.

    Raises `NotFound`; `Conflict` for oneself, for the last admin, and for an account that is closed.
    """
    await uow.accounts.hold_admins()
    user = await people.held(uow, person_id)
    if user.role == wanted.role:
        return await people.read(uow, user)
    if conflict := await obstacle(uow, actor, await people.read(uow, user)):
        raise conflict
    before, user.role = user.role, wanted.role.value
    await uow.session.flush()
    await uow.web_sessions.end_all(person_id)
    await audit.record(uow, actor, AuditAction.PERSON_ROLE_CHANGED, "person", person_id, {"role": [before, wanted.role.value]})
    await uow.session.refresh(user)
    return await people.read(uow, user)
