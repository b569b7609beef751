"""By which names of others people are known."""

import hashlib
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import ExternalIdentity, User
from assay.db.types import key_ring


class ExternalIdentities:
    """The external names of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def alone(self, issuer: str, subject: str) -> None:
        """Let nobody else deal with this name until this transaction ends: the first sign-in makes one account, not two."""
        await self._session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(indexes(issuer, subject)[0][:8], signed=True))))

    async def known(self, issuer: str, subject: str) -> User | None:
        """Whose name this is."""
        query = select(User).join(ExternalIdentity, ExternalIdentity.user_id == User.id)
        return await self._session.scalar(query.where(ExternalIdentity.subject_index.in_(indexes(issuer, subject))))

    async def add(self, user_id: UUID, issuer: str, subject: str) -> None:
        """Somebody is known by this name from now on."""
        row = {"user_id": user_id, "issuer": issuer, "subject": subject, "subject_index": indexes(issuer, subject)[0]}
        await self._session.execute(insert(ExternalIdentity).values(row))


def indexes(issuer: str, subject: str) -> list[bytes]:
    """The keyed hashes of a name elsewhere under each key for look-ups, the one that is written first."""
    # hashed first: the keyed hash takes capital letters for small ones, but subjects differ by them (OpenID Connect Core, 2)
    return key_ring().blind_indexes(hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest())
