"""People as admins keep them: found by e-mail, told by id, role and pseudonym, and put under a legal hold or released from it."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from assay.db.models import User
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict, NotFound
from assay.domain.masking import masked
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services import audit


def _stripped(text: str) -> str:
    return text.strip()


type Reason = Annotated[StorableText, AfterValidator(_stripped), Field(min_length=8, max_length=500)]
"""Why something is done to or with somebody's data, as an auditor will read it: names and addresses in it are masked there."""


class Reasoned(Value):
    """A request that has to say why."""

    reason: Reason


class PersonWanted(Value):
    """Somebody by e-mail address, by pseudonym, or by issuer and subject of single sign-on. It goes in the body: URLs end in logs."""

    email: Annotated[StorableText, Field(min_length=3, max_length=320)] | None = None
    pseudonym: UUID | None = None
    issuer: Annotated[StorableText, Field(min_length=1, max_length=500)] | None = None
    subject: Annotated[StorableText, Field(min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _by_one(self) -> Self:
        ways = sum(each is not None for each in (self.email, self.pseudonym, self.subject))
        if (self.issuer is None) != (self.subject is None) or ways != 1:
            msg = "either email, or pseudonym, or issuer and subject are wanted"
            raise ValueError(msg)
        return self


class HoldRead(Value):
    """A legal hold that stands."""

    reason: str
    since: datetime


class PersonRead(Value):
    """An account without what it says of the person."""

    id: UUID
    role: Role
    pseudonym: UUID
    is_active: bool
    created_at: datetime
    erased_at: datetime | None
    hold: HoldRead | None


async def find(uow: UnitOfWork, actor: Actor | None, wanted: PersonWanted) -> PersonRead:
    """Whose address, pseudonym or name elsewhere this is. Raises `NotFound`."""
    by_address = await uow.accounts.by_email(wanted.email) if wanted.email else None
    by_pseudonym = await uow.accounts.by_pseudonym(wanted.pseudonym) if wanted.pseudonym else None
    elsewhere = await uow.external_identities.known(wanted.issuer, wanted.subject) if wanted.issuer and wanted.subject else None
    found = await read(uow, _known(by_address or by_pseudonym or elsewhere))
    await audit.record(uow, actor, AuditAction.PERSON_FOUND, "person", found.id, {})
    return found


async def get(uow: UnitOfWork, person_id: UUID) -> PersonRead:
    """One account. Raises `NotFound`."""
    return await read(uow, _known(await uow.accounts.get(person_id)))


async def hold(uow: UnitOfWork, actor: Actor | None, person_id: UUID, why: Reasoned) -> PersonRead:
    """Keep all that is kept about a person, whatever retention says or anybody asks. The same again changes nothing.

    Raises `NotFound`, and `Conflict` when there is a hold for another reason or nothing left to hold.
    """
    user = await held(uow, person_id)
    if standing := await uow.legal_holds.of(person_id):
        if standing.reason == why.reason:
            return await read(uow, user)
        raise Conflict("There is a legal hold on this person already.", code="already_held")
    if user.erased_at:
        raise Conflict("This person has been erased: there is nothing left to hold.", code="already_erased")
    await uow.legal_holds.add(person_id, why.reason, actor.id if actor else None)
    await audit.record(uow, actor, AuditAction.PERSON_HELD, "person", person_id, {"reason": told(why, user)})
    return await read(uow, user)


async def release(uow: UnitOfWork, actor: Actor | None, person_id: UUID, why: Reasoned) -> PersonRead:
    """Lift the hold on a person. Raises `NotFound`, and `Conflict` when there is none."""
    user = await held(uow, person_id)
    if not await uow.legal_holds.of(person_id):
        raise Conflict("There is no legal hold on this person.", code="not_held")
    await uow.legal_holds.lift(person_id, actor.id if actor else None)
    await audit.record(uow, actor, AuditAction.PERSON_RELEASED, "person", person_id, {"reason": told(why, user)})
    return await read(uow, user)


async def held(uow: UnitOfWork, person_id: UUID) -> User:
    """The account, nobody else's to change until this transaction ends. Raises `NotFound`."""
    return _known(await uow.accounts.held(person_id))


def told(why: Reasoned, user: User) -> str:
    """The reason as the audit trail may keep it: longer than it may know who this was."""
    return masked(why.reason, (user.name, user.external_id or ""))


def _known(user: User | None) -> User:
    if user is None:
        raise NotFound("There is no such person.")
    return user


async def read(uow: UnitOfWork, user: User) -> PersonRead:
    """An account as admins see it."""
    standing = await uow.legal_holds.of(user.id)
    return PersonRead(
        id=user.id,
        role=Role(user.role),
        pseudonym=user.pseudonym,
        is_active=user.is_active,
        created_at=user.created_at,
        erased_at=user.erased_at,
        hold=HoldRead(reason=standing.reason, since=standing.set_at) if standing else None,
    )
