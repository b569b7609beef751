"""Links by which people choose a password."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import PasswordLink, User

_NOW: Final = text("clock_timestamp()")


class PasswordLinks:
    """The links of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, user_id: UUID, secret_hash: str, lifetime: timedelta) -> None:
        """A link for somebody; earlier ones are good for nothing any more."""
        earlier = update(PasswordLink).where(PasswordLink.user_id == user_id, PasswordLink.used_at.is_(None))
        await self._session.execute(earlier.values(used_at=_NOW))
        row = {"user_id": user_id, "secret_hash": secret_hash, "expires_at": func.clock_timestamp() + lifetime}
        await self._session.execute(insert(PasswordLink).values(row))

    async def whose(self, secret_hash: str) -> User | None:
        """Whose live link this is."""
        query = select(User).join(PasswordLink, PasswordLink.user_id == User.id)
        live = (PasswordLink.secret_hash == secret_hash, PasswordLink.used_at.is_(None), PasswordLink.expires_at > _NOW)
        return await self._session.scalar(query.where(*live, User.is_active))

    async def use(self, secret_hash: str) -> UUID | None:
        """Spend a live link; whose it was, None when it is none or was just spent by somebody else."""
        query = update(PasswordLink).where(
            PasswordLink.secret_hash == secret_hash, PasswordLink.used_at.is_(None), PasswordLink.expires_at > _NOW
        )
        return await self._session.scalar(query.values(used_at=_NOW).returning(PasswordLink.user_id))
