"""Legal holds: whose data must be kept as it is, and why."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import LegalHold


class StandingHold(NamedTuple):
    """A hold that has not been lifted."""

    person_id: UUID
    reason: str
    set_at: datetime


class LegalHolds:
    """The holds of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of(self, person_id: UUID) -> StandingHold | None:
        """The hold on a person, if one stands."""
        query = select(LegalHold.person_id, LegalHold.reason, LegalHold.set_at)
        row = (await self._session.execute(query.where(LegalHold.person_id == person_id, LegalHold.lifted_at.is_(None)))).first()
        return StandingHold(*row) if row else None

    async def add(self, person_id: UUID, reason: str, set_by: UUID | None) -> None:
        """Keep a person's data from now on."""
        await self._session.execute(insert(LegalHold).values(person_id=person_id, reason=reason, set_by=set_by))

    async def lift(self, person_id: UUID, lifted_by: UUID | None) -> None:
        """End the hold on a person."""
        query = update(LegalHold).where(LegalHold.person_id == person_id, LegalHold.lifted_at.is_(None))
        await self._session.execute(query.values(lifted_by=lifted_by, lifted_at=func.clock_timestamp()))
