"""Model replies by content key, and the record of calls."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import ModelCall, StoredReply
from assay.db.models.base import Json, table
from assay.domain.grading import Identity, ModelReply

# Built once: several of these run for every essay, and building a statement costs as much as running it.
_FIND: Final = select(StoredReply.key, StoredReply.reply).where(StoredReply.key == any_(bindparam("keys", type_=ARRAY(Text()))))
_STORE: Final = insert(table(StoredReply)).on_conflict_do_nothing()
_RECORD: Final = insert(table(ModelCall))


class Replies:
    """The stored replies of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, key: str) -> ModelReply | None:
        """The reply stored under `key`."""
        return (await self.find_all([key]))[key]

    async def find_all(self, keys: Sequence[str]) -> dict[str, ModelReply | None]:
        """What is stored under each of `keys`."""
        found: dict[str, ModelReply | None] = dict.fromkeys(keys)
        rows = await self._session.execute(_FIND, {"keys": list(keys)})
        return found | {row.key: ModelReply.model_validate(row.reply) for row in rows}

    async def store(self, key: str, purpose: str, reply: ModelReply) -> None:
        """Keep `reply` under `key`; the first one stays."""
        await self._session.execute(_STORE, {"key": key, "purpose": purpose, "reply": reply.model_dump(mode="json")})

    async def record_call(
        self, *, assessment_id: UUID, purpose: str, identity: Identity, outcome: str, usage: Json, reply_key: str | None
    ) -> None:
        """Write down one call and how it ended."""
        row = {
            "assessment_id": assessment_id,
            "purpose": purpose,
            "producer": identity.producer,
            "model": identity.model,
            "prompt_hash": identity.prompt_hash,
            "parameters": identity.parameters.model_dump(mode="json"),
            "outcome": outcome,
            "usage": usage,
            "reply_key": reply_key,
        }
        await self._session.execute(_RECORD, row)
