"""Model replies by content key, and the record of calls."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import ModelCall, StoredReply
from assay.db.models.base import Json
from assay.domain.grading import Identity, ModelReply


class Replies:
    """The stored replies of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, key: str) -> ModelReply | None:
        """The reply stored under `key`."""
        stored = await self._session.scalar(select(StoredReply.reply).where(StoredReply.key == key))
        return None if stored is None else ModelReply.model_validate(stored)

    async def store(self, key: str, purpose: str, reply: ModelReply) -> None:
        """Keep `reply` under `key`; the first one stays."""
        row = insert(StoredReply).values(key=key, purpose=purpose, reply=reply.model_dump(mode="json"))
        await self._session.execute(row.on_conflict_do_nothing())

    def record_call(
        self, *, assessment_id: UUID, purpose: str, identity: Identity, outcome: str, usage: Json, reply_key: str | None
    ) -> None:
        """Write down one call and how it ended."""
        self._session.add(
            ModelCall(
                assessment_id=assessment_id,
                purpose=purpose,
                producer=identity.producer,
                model=identity.model,
                prompt_hash=identity.prompt_hash,
                parameters=identity.parameters.model_dump(mode="json"),
                outcome=outcome,
                usage=usage,
                reply_key=reply_key,
            )
        )
