"""The audit chain: entries are appended one after the other, each behind the hash of the one before."""

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import AuditAnchor, AuditHead, AuditLog
from assay.domain.audit import GENESIS, AuditAction, AuditEntry, ChainLink, Mark, spellings

_LOCK_KEY: Final = 0x61756469  # "audi"
# a statement of its own: what follows must see what the one who held the lock before has committed
_LOCK: Final = text("SELECT pg_advisory_xact_lock(:key)")
_LAST: Final = text("SELECT clock_timestamp(), (SELECT hash FROM audit_logs ORDER BY sequence DESC LIMIT 1)")
_FIELDS: Final = tuple(AuditEntry.model_fields)


class AuditSieve(NamedTuple):
    """Which entries are wanted; None is no condition. `until` itself is left out."""

    actor_id: UUID | None = None
    action: AuditAction | None = None
    target_type: str | None = None
    target_id: str | None = None
    correlation_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditTrail:
    """The audit entries of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def append(
        self, *, actor_id: UUID | None, action: AuditAction, target_type: str, target_id: str, changes: dict[str, Any], correlation_id: str
    ) -> None:
        """Write the next entry. Holds the chain until this transaction ends, so call it last."""
        await self._session.execute(_LOCK, {"key": _LOCK_KEY})
        now, last = (await self._session.execute(_LAST)).one()
        previous = last or GENESIS
        entry = AuditEntry(
            at=now,
            actor_id=actor_id,
            action=action,
            target_type=target_type,
            target_id=target_id,
            changes=changes,
            correlation_id=correlation_id,
        )
        fields = {name: getattr(entry, name) for name in _FIELDS}
        await self._session.execute(insert(AuditLog).values(**fields, previous_hash=previous, hash=entry.hash(previous)))

    async def targets(self, target_type: str) -> set[UUID]:
        """The ids of everything of this type that somebody has a hand in."""
        return {
            UUID(name)
            for name in await self._session.scalars(select(AuditLog.target_id).where(AuditLog.target_type == target_type).distinct())
        }

    async def anchor(self) -> Mark | None:
        """The last entry that retention has removed; None when the chain is whole."""
        query = select(AuditAnchor.sequence, AuditAnchor.hash).order_by(AuditAnchor.sequence.desc()).limit(1)
        row = (await self._session.execute(query)).first()
        return Mark(sequence=row.sequence, hash=row.hash) if row else None

    async def head(self) -> Mark | None:
        """The newest entry, as it was noted when it was written; None while there is none."""
        row = (await self._session.execute(select(AuditHead.sequence, AuditHead.hash))).first()
        return Mark(sequence=row.sequence, hash=row.hash) if row else None

    async def page(self, wanted: AuditSieve, before: int | None, limit: int) -> list[ChainLink]:
        """Entries that fit, the newest first, older than the number `before`."""
        query = select(AuditLog).where(*_conditions(wanted)).order_by(AuditLog.sequence.desc()).limit(limit)
        rows = await self._session.scalars(query if before is None else query.where(AuditLog.sequence < before))
        return [_link(row) for row in rows]

    async def chain(self, after: int = 0, limit: int = 1_000) -> list[ChainLink]:
        """The entries behind the sequence number `after`, oldest first, at most `limit`."""
        rows = await self._session.scalars(select(AuditLog).where(AuditLog.sequence > after).order_by(AuditLog.sequence).limit(limit))
        return [_link(row) for row in rows]


def _conditions(wanted: AuditSieve) -> list[ColumnElement[bool]]:
    held = {
        AuditLog.actor_id: wanted.actor_id,
        AuditLog.target_type: wanted.target_type,
        AuditLog.target_id: wanted.target_id,
        AuditLog.correlation_id: wanted.correlation_id,
    }
    conditions = [column == value for column, value in held.items() if value is not None]
    if wanted.action is not None:
        conditions.append(AuditLog.action.in_(spellings(wanted.action)))
    if wanted.since is not None:
        conditions.append(AuditLog.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditLog.at < wanted.until)
    return conditions


def _link(row: AuditLog) -> ChainLink:
    entry = AuditEntry.model_validate({name: getattr(row, name) for name in _FIELDS})
    return ChainLink(sequence=row.sequence, entry=entry, previous_hash=row.previous_hash, hash=row.hash)
