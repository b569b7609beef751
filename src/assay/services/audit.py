"""The audit trail: who did what to what, written in the transaction that did it, and whether the chain still holds."""

from typing import Any
from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction, first_broken
from assay.observability.logging import current_correlation_id


async def record(
    uow: UnitOfWork, actor: Actor | None, action: AuditAction, target_type: str, target_id: UUID, changes: dict[str, Any]
) -> None:
    """Append an entry; `changes` hold JSON and nobody's words. Call it last: it holds the chain until the transaction ends.

    Without an `actor` it was the operator, at the command line.
    """
    await uow.audit.append(
        actor_id=actor.id if actor else None,
        action=action,
        target_type=target_type,
        target_id=str(target_id),
        changes=changes,
        correlation_id=current_correlation_id(),
    )


async def verify(uow: UnitOfWork) -> int | None:
    """The sequence number of the first entry that was altered or whose predecessor is missing; None when the chain holds."""
    after, previous = 0, None
    while links := await uow.audit.chain(after):
        if (broken := first_broken(links, previous)) is not None:
            return broken
        after, previous = links[-1].sequence, links[-1].hash
    return None
