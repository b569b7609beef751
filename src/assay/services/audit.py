"""The audit trail: who did what to what, written in the transaction that did it, and whether the chain still holds."""

from typing import Any, Final
from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import GENESIS, AuditAction, ChainReport, Mark, first_broken
from assay.domain.masking import without_addresses
from assay.observability.logging import current_correlation_id

ALTERED: Final = "The entry was altered, or the one before it is missing or another one."
MISSING: Final = "The newest entry is not there any more, or it is another one."
UNNOTED: Final = "The entry was put in past the note that is taken of each new one."


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
        changes=without_addresses(changes),
        correlation_id=current_correlation_id(),
    )


async def verify(uow: UnitOfWork) -> ChainReport:
    """Read the whole chain: from what retention has left off to the newest entry. Others may write, and retention remove, meanwhile."""
    while True:
        anchor, head = await uow.audit.anchor(), await uow.audit.head()
        report = await _walk(uow, anchor, head)
        if report.holds or await uow.audit.anchor() == anchor:
            return report


async def _walk(uow: UnitOfWork, anchor: Mark | None, head: Mark | None) -> ChainReport:
    entries, last = 0, anchor or Mark(sequence=0, hash=GENESIS)
    seen = {last.sequence: last.hash}

    def report(broken_at: int | None = None, why: str | None = None) -> ChainReport:
        begins = anchor.sequence if anchor else None
        up_to = last.sequence if entries else None
        return ChainReport(holds=broken_at is None, entries=entries, begins_after=begins, up_to=up_to, broken_at=broken_at, why=why)

    while links := await uow.audit.chain(last.sequence):
        if (broken := first_broken(links, last.hash)) is not None:
            return report(broken, ALTERED)
        entries += len(links)
        last = Mark(sequence=links[-1].sequence, hash=links[-1].hash)
        seen |= {link.sequence: link.hash for link in links if head and link.sequence == head.sequence}
    if head is not None and seen.get(head.sequence) != head.hash:
        return report(head.sequence, MISSING)
    newest = await uow.audit.head()
    if entries and (newest is None or newest.sequence < last.sequence):
        return report(last.sequence, UNNOTED)
    return report()
