"""The record of a call to a model, and the reply under its content key: written however often the database has to come back first."""

import asyncio
from typing import Final
from uuid import UUID

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.errors import Unavailable
from assay.domain.grading import Identity, ModelReply

AGAIN_SECONDS: Final = 0.5


async def record(
    open_uow: OpenUnitOfWork,
    *,
    assessment_id: UUID,
    purpose: str,
    identity: Identity,
    outcome: str,
    reply: ModelReply | None = None,
    key: str | None = None,
) -> None:
    """Write down one call and how it ended, and keep a `reply` under `key`.

    A reply that has arrived is paid for: while the database is away it is held here and written when it is back, not asked for again.
    Whoever loses the lease meanwhile is cancelled, as anywhere in a job.
    """
    while True:
        try:
            async with open_uow(autocommit=True) as uow:
                await uow.replies.record(
                    assessment_id=assessment_id, purpose=purpose, identity=identity, outcome=outcome, reply=reply, key=key
                )
        except Unavailable:
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return
