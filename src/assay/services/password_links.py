"""Choosing a password: by a link that an admin made and handed over, since no mail is sent, or by knowing the present one."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from assay.db.models import User
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict, FieldProblem, Invalid, Unauthenticated
from assay.domain.password_rules import objection
from assay.kit.clock import Clock
from assay.kit.model import Value
from assay.security.passwords import Passwords
from assay.security.tokens import new_secret, secret_hash
from assay.services import audit, people

LINK_LIFETIME: Final = timedelta(hours=72)
MAX_LINK: Final = 100


class PasswordLinkRead(Value):
    """A link, told this once, and until when it is good."""

    url: str
    expires_at: datetime


async def make(uow: UnitOfWork, actor: Actor | None, person_id: UUID, public_url: str, clock: Clock) -> PasswordLinkRead:
    """A link by which somebody chooses a password, the first one or another; earlier links end. Raises `NotFound`, `Conflict`."""
    user = await people.held(uow, person_id)
    if not user.is_active:
        raise Conflict("This account is not active any more.", code="not_active")
    secret = new_secret()
    await uow.password_links.add(person_id, secret_hash(secret), LINK_LIFETIME)
    first = user.password_hash is None
    await audit.record(uow, actor, AuditAction.PERSON_LINKED, "person", person_id, {"first": first})
    return PasswordLinkRead(url=f"{public_url.rstrip('/')}/choose-password?link={secret}", expires_at=clock() + LINK_LIFETIME)


async def is_good(uow: UnitOfWork, secret: str) -> bool:
    """Whether a link still opens something."""
    return await uow.password_links.whose(secret_hash(secret)) is not None


async def can_change(uow: UnitOfWork, actor: Actor) -> bool:
    """Whether the caller has a password here: whoever signs in elsewhere alone has none."""
    user = await uow.accounts.get(actor.id)
    return user is not None and user.password_hash is not None


async def choose(open_uow: OpenUnitOfWork, passwords: Passwords, secret: str, password: str) -> None:
    """Set the password of whoever has this link, which is spent, and end all their sessions.

    Raises `Unauthenticated` for a link that is none, `Invalid` for a password that is not taken, which leaves the link good.
    """
    async with open_uow(autocommit=True) as uow:
        user = await uow.password_links.whose(secret_hash(secret))
    if user is None:
        raise Unauthenticated("This link has been used or has expired. Ask for a new one.", code="link_spent")
    require_good(user, password)
    hashed = await passwords.hash(password)
    async with open_uow() as uow:
        if await uow.password_links.use(secret_hash(secret)) is None:
            raise Unauthenticated("This link has been used or has expired. Ask for a new one.", code="link_spent")
        await _set(uow, user.id, hashed)


async def change(open_uow: OpenUnitOfWork, passwords: Passwords, actor: Actor, present: str, password: str) -> None:
    """Set another password for the caller, who knows the present one, and end all their sessions.

    Raises `Unauthenticated` when they do not know it, `Invalid` for a password that is not taken.
    """
    async with open_uow(autocommit=True) as uow:
        user = await uow.accounts.get(actor.id)
    fits = await passwords.verify(present, user.password_hash if user else None)
    if user is None or not fits or actor.assessment_id is not None:
        raise Invalid("The present password is another one.", code="wrong_password", problems=(FieldProblem("/present", "is another one"),))
    require_good(user, password)
    hashed = await passwords.hash(password)
    async with open_uow() as uow:
        await _set(uow, user.id, hashed)


def require_good(user: User, password: str) -> None:
    """Raises `Invalid` with the reason, to be shown to whoever chose it."""
    if why := objection(password, (user.name, user.email)):
        raise Invalid(why, code="weak_password", problems=(FieldProblem("/password", why),))


async def _set(uow: UnitOfWork, user_id: UUID, hashed: str) -> None:
    user = await people.held(uow, user_id)
    if not user.is_active:
        raise Unauthenticated("This account has been closed.")
    user.password_hash = hashed
    await uow.session.flush()
    await uow.web_sessions.end_all(user_id)
    await audit.record(uow, Actor(id=user_id, role=Role(user.role)), AuditAction.PERSON_PASSWORD_SET, "person", user_id, {})
