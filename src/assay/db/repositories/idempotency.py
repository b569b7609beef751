"""Requests already answered, by actor and key."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import IdempotencyKey
from assay.db.models.base import Json, encrypted

_RESPONSE = encrypted(IdempotencyKey, "response")
_CLAIM = text(
    """
    INSERT INTO idempotency_keys (actor_id, key, request_hash, expires_at)
    VALUES (:actor, :key, :hash, clock_timestamp() + interval '24 hours')
    ON CONFLICT (actor_id, key) DO UPDATE
    SET request_hash = excluded.request_hash, response = NULL, expires_at = excluded.expires_at
    WHERE idempotency_keys.expires_at <= clock_timestamp()
    RETURNING id
    """
)
# skipping what a request holds just now: it takes the key anew
_FORGET = text(
    """
    DELETE FROM idempotency_keys WHERE id IN (
        SELECT id FROM idempotency_keys WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED
    ) RETURNING id
    """
)


class Answered(NamedTuple):
    """What was asked and answered under a key."""

    request_hash: str
    response: Json | None


class IdempotencyKeys:
    """The keys of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(self, actor_id: UUID, key: str, request_hash: str) -> bool:
        """Take the key for this transaction; False when it is taken. Waits for a concurrent holder to commit or roll back."""
        row = await self._session.execute(_CLAIM, {"actor": actor_id, "key": key, "hash": request_hash})
        return row.first() is not None

    async def find(self, actor_id: UUID, key: str) -> Answered | None:
        """What stands under the key."""
        query = select(IdempotencyKey.request_hash, IdempotencyKey.response)
        row = (await self._session.execute(query.where(IdempotencyKey.actor_id == actor_id, IdempotencyKey.key == key))).first()
        return Answered(*row) if row else None

    async def forget_expired(self, limit: int) -> int:
        """Delete at most `limit` keys whose time is over; how many."""
        return len((await self._session.execute(_FORGET, {"limit": limit})).all())

    async def answer(self, actor_id: UUID, key: str, response: Json) -> None:
        """Store the answer beside the key."""
        query = (
            update(IdempotencyKey)
            .where(IdempotencyKey.actor_id == bindparam("actor"), IdempotencyKey.key == bindparam("wanted"))
            .values(response=_RESPONSE.sealed(response, actor_id, key))
            .execution_options(synchronize_session=False)
        )
        await self._session.execute(query, {"actor": actor_id, "wanted": key})
