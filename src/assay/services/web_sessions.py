"""Sessions of the pages: who is signed in where, for how long, and how that ends.

A session is known by a secret that only its browser has; the database keeps a hash. It ends by signing out, by signing out everywhere,
when nobody has done anything in it for a while, and after its lifetime, whatever happens in it.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.errors import NotFound, Unauthenticated
from assay.kit.model import Value
from assay.security.tokens import new_secret, secret_hash

TOUCH_EVERY: Final = timedelta(minutes=1)
"""Being there is written down so often at most: a page view mostly costs one read and no write."""


class Limits(NamedTuple):
    """How long a session lasts: while nobody does anything in it, and at most."""

    idle: timedelta
    lifetime: timedelta


class LiveSession(NamedTuple):
    """A session that holds: whose it is, and how long it still does unless something is done in it, and at most."""

    id: UUID
    actor: Actor
    idle_left: timedelta
    rest: timedelta


class SessionRead(Value):
    """A live session of somebody's own."""

    id: UUID
    device: str
    confined: bool
    """It came from a link to one assessment and opens nothing else."""
    since: datetime
    last_seen_at: datetime
    current: bool


async def begin(uow: UnitOfWork, actor: Actor, limits: Limits, device: str, until: datetime | None = None) -> str:
    """Sign `actor` in, not past `until`; the secret of the session, which is told this once. Raises `Unauthenticated`."""
    secret = new_secret()
    if await uow.web_sessions.begin(actor.id, actor.assessment_id, secret_hash(secret), device, limits.lifetime, until) is None:
        raise Unauthenticated("This account no longer exists.")
    return secret


async def find(open_uow: OpenUnitOfWork, secret: str, limits: Limits, *, active: bool) -> LiveSession | None:
    """The live session with this secret. `active` says that its person is doing something, which begins the idle time anew.

    One read; at most one small write a minute.
    """
    async with open_uow(autocommit=True) as uow:
        found = await uow.web_sessions.find(secret_hash(secret), limits.idle)
        if found is None:
            return None
        if active and found.unseen > TOUCH_EVERY:
            await uow.web_sessions.touch(found.id, TOUCH_EVERY)
    unseen = timedelta(0) if active and found.unseen > TOUCH_EVERY else found.unseen
    actor = Actor(id=found.user_id, role=Role(found.role), assessment_id=found.assessment_id)
    return LiveSession(found.id, actor, limits.idle - unseen, found.rest)


async def mine(uow: UnitOfWork, actor: Actor, current: UUID, limits: Limits) -> tuple[SessionRead, ...]:
    """The caller's live sessions, the present one first. Raises `NotFound` for a session confined to one assessment."""
    rows = await uow.web_sessions.of(_person(actor), limits.idle)
    read = [
        SessionRead(
            id=row.id,
            device=row.device,
            confined=row.assessment_id is not None,
            since=row.created_at,
            last_seen_at=row.last_seen_at,
            current=row.id == current,
        )
        for row in rows
    ]
    return tuple(sorted(read, key=lambda each: not each.current))


async def sign_out(uow: UnitOfWork, actor: Actor, session_id: UUID) -> None:
    """End the session one is in; one that has ended already stays so."""
    await uow.web_sessions.end(session_id, actor.id)


async def end(uow: UnitOfWork, actor: Actor, session_id: UUID) -> None:
    """End one of the caller's own sessions. Raises `NotFound`."""
    if not await uow.web_sessions.end(session_id, actor.id):
        raise NotFound("There is no such session, or it has ended already.")


async def end_everywhere(uow: UnitOfWork, actor: Actor) -> None:
    """End all sessions of the caller's: pages, refresh tokens and access tokens. Raises `NotFound` for a confined session."""
    await uow.web_sessions.end_all(_person(actor))


def _person(actor: Actor) -> UUID:
    if actor.assessment_id is not None:
        raise NotFound("A link to one assessment opens nothing else. Sign in.")
    return actor.id
