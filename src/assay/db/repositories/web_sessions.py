"""Sessions of the pages: begun, found by the hash of their secret, seen, ended. The database's clock alone decides what is over."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import PasswordLink, RefreshToken, User, WebSession

_NOW: Final = text("clock_timestamp()")
_BEGIN: Final = text(
    """
    INSERT INTO web_sessions (user_id, assessment_id, secret_hash, device, created_at, last_seen_at, expires_at)
    SELECT id, :assessment, :hash, :device, clock_timestamp(), clock_timestamp(),
        least(clock_timestamp() + CAST(:lifetime AS interval), CAST(:until AS timestamptz))
    FROM users WHERE id = :person AND is_active RETURNING id
    """
)
_LIVE: Final = "s.ended_at IS NULL AND s.expires_at > clock_timestamp() AND s.last_seen_at > clock_timestamp() - CAST(:idle AS interval)"
_FIND: Final = text(
    f"""
    SELECT s.id, s.user_id, u.role, s.assessment_id, clock_timestamp() - s.last_seen_at AS unseen, s.expires_at - clock_timestamp() AS rest
    FROM web_sessions s JOIN users u ON u.id = s.user_id WHERE s.secret_hash = :hash AND {_LIVE} AND u.is_active
    """  # noqa: S608 - put together from constants
)
# Nobody else's touch is waited for, and one who came second writes nothing.
_TOUCH: Final = text(
    """
    UPDATE web_sessions SET last_seen_at = clock_timestamp()
    WHERE id = :id AND last_seen_at < clock_timestamp() - CAST(:every AS interval)
    """
)
_OF: Final = text(
    f"""
    SELECT s.id, s.assessment_id, s.device, s.created_at, s.last_seen_at FROM web_sessions s
    WHERE s.user_id = :person AND {_LIVE} ORDER BY s.last_seen_at DESC, s.id
    """  # noqa: S608 - put together from constants
)


class FoundSession(NamedTuple):
    """A live session: whose, how long nobody has done anything in it, and how long it can last at most."""

    id: UUID
    user_id: UUID
    role: str
    assessment_id: UUID | None
    unseen: timedelta
    rest: timedelta


class SessionRow(NamedTuple):
    """A live session as its owner may know it."""

    id: UUID
    assessment_id: UUID | None
    device: str
    created_at: datetime
    last_seen_at: datetime


class WebSessions:
    """The sessions of the pages, in this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin(
        self, person: UUID, assessment: UUID | None, secret_hash: str, device: str, lifetime: timedelta, until: datetime | None
    ) -> UUID | None:
        """Write a session that lasts for `lifetime`, and not past `until`; its id, None when there is no such active account."""
        values = {"person": person, "assessment": assessment, "hash": secret_hash, "device": device, "lifetime": lifetime, "until": until}
        found: UUID | None = await self._session.scalar(_BEGIN, values)
        return found

    async def find(self, secret_hash: str, idle: timedelta) -> FoundSession | None:
        """The live session with this hash, of an active account; None when it is unknown, ended, past its time or idle for too long."""
        row = (await self._session.execute(_FIND, {"hash": secret_hash, "idle": idle})).one_or_none()
        return FoundSession(*row) if row else None

    async def touch(self, session_id: UUID, every: timedelta) -> None:
        """Note that somebody is there, unless that was noted less than `every` ago."""
        await self._session.execute(_TOUCH, {"id": session_id, "every": every})

    async def of(self, person: UUID, idle: timedelta) -> list[SessionRow]:
        """Somebody's live sessions, the one last used first."""
        return [SessionRow(*row) for row in await self._session.execute(_OF, {"person": person, "idle": idle})]

    async def end(self, session_id: UUID, person: UUID) -> bool:
        """End one session of `person`; whether there was one to end."""
        ended = update(WebSession).where(WebSession.id == session_id, WebSession.user_id == person, WebSession.ended_at.is_(None))
        return bool((await self._session.execute(ended.values(ended_at=_NOW))).rowcount)  # type: ignore[attr-defined] # a CursorResult

    async def end_everybodys(self) -> None:
        """Nobody is signed in any more, by whatever means, and no link by which a password is chosen is good any more."""
        await self._session.execute(update(User).values(sessions_ended_at=_NOW))
        await self._session.execute(update(WebSession).where(WebSession.ended_at.is_(None)).values(ended_at=_NOW))
        await self._session.execute(update(RefreshToken).where(RefreshToken.revoked_at.is_(None)).values(revoked_at=_NOW))
        await self._session.execute(update(PasswordLink).where(PasswordLink.used_at.is_(None)).values(used_at=_NOW))

    async def end_all(self, person: UUID) -> None:
        """End everything by which `person` is signed in: sessions of the pages, refresh tokens, and access tokens made until now."""
        sessions = update(WebSession).where(WebSession.user_id == person, WebSession.ended_at.is_(None))
        tokens = update(RefreshToken).where(RefreshToken.user_id == person, RefreshToken.revoked_at.is_(None))
        await self._session.execute(update(User).where(User.id == person).values(sessions_ended_at=_NOW))
        await self._session.execute(sessions.values(ended_at=_NOW))
        await self._session.execute(tokens.values(revoked_at=_NOW))
