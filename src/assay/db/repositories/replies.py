"""Model replies by content key, and the record of calls."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, Text, Uuid, any_, bindparam, case, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Assessment, ModelCall, StoredReply
from assay.db.models.base import encrypted, table
from assay.domain.grading import Identity, ModelReply

# Built once: several of these run for every essay, and building a statement costs as much as running it.
_FIND: Final = select(StoredReply.key, StoredReply.reply).where(StoredReply.key == any_(bindparam("keys", type_=ARRAY(Text()))))
_CALL: Final = ("purpose", "producer", "model", "prompt_hash", "parameters", "outcome", "usage")
# The assessment is held while this is written. Where it is gone, erased while its essays were read, the call counts as spent and nothing
# of the reply is kept.
_ALIVE: Final = (
    select(Assessment.id)
    .where(Assessment.id == bindparam("assessment_id", type_=Uuid()))
    .with_for_update(read=True, key_share=True)
    .cte("alive")
    .prefix_with("MATERIALIZED", dialect="postgresql")
)
_WHOSE: Final = select(_ALIVE.c.id).scalar_subquery()
_RECORD: Final = insert(table(ModelCall)).values(
    {name: bindparam(name) for name in _CALL}
    | {
        "assessment_id": _WHOSE,
        "reply_key": case((_WHOSE.is_not(None), bindparam("reply_key", type_=Text()))),
    }
)
_STORED: Final = select(
    bindparam("stored_key", type_=Text()),
    bindparam("stored_purpose", type_=Text()),
    bindparam("stored_reply", type_=LargeBinary()),
    _ALIVE.c.id,
)
_REPLY: Final = encrypted(StoredReply, "reply")
_STORE: Final = (
    insert(table(StoredReply)).from_select(["key", "purpose", "reply", "assessment_id"], _STORED).on_conflict_do_nothing().cte("stored")
)
_RECORD_AND_STORE: Final = _RECORD.add_cte(_STORE)


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

    async def record(
        self,
        *,
        assessment_id: UUID,
        purpose: str,
        identity: Identity,
        outcome: str,
        reply: ModelReply | None = None,
        key: str | None = None,
    ) -> None:
        """Write down one call and how it ended; a `reply` is kept under `key`, where the first one stays. One statement.

        Of an assessment that is no more, the call is written without the reply.
        """
        row = {
            "assessment_id": assessment_id,
            "purpose": purpose,
            "producer": identity.producer,
            "model": identity.model,
            "prompt_hash": identity.prompt_hash,
            "parameters": identity.parameters.model_dump(mode="json"),
            "outcome": outcome,
            "usage": reply.usage.model_dump(mode="json") if reply else {},
            "reply_key": key,
        }
        if reply is None or key is None:
            await self._session.execute(_RECORD, row)
            return
        stored = {"stored_key": key, "stored_purpose": purpose, "stored_reply": _REPLY.sealed(reply.model_dump(mode="json"), key)}
        await self._session.execute(_RECORD_AND_STORE, row | stored)
