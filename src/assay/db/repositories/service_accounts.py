"""Service accounts and their keys."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import ServiceAccount, ServiceKey

_NOW: Final = text("clock_timestamp()")
_THIS_HOUR: Final = func.date_trunc("hour", func.clock_timestamp())


class KnownKey(NamedTuple):
    """A key that is good, with what its account may do."""

    id: UUID
    secret_hash: str
    account_id: UUID
    scopes: list[str]
    cohort_ids: list[UUID]
    stale: bool
    """Whether its last use has to be noted anew."""


class ServiceAccounts:
    """The service accounts of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> Sequence[ServiceAccount]:
        """Every account that is not closed, the newest first."""
        query = select(ServiceAccount).where(ServiceAccount.closed_at.is_(None)).order_by(ServiceAccount.id.desc())
        return (await self._session.scalars(query)).all()

    async def keys(self, account_ids: Sequence[UUID]) -> Sequence[ServiceKey]:
        """Every key of these accounts that was not revoked, the oldest first."""
        query = select(ServiceKey).where(ServiceKey.account_id.in_(account_ids), ServiceKey.revoked_at.is_(None))
        return (await self._session.scalars(query.order_by(ServiceKey.id).execution_options(populate_existing=True))).all()

    async def get(self, account_id: UUID, *, lock: bool = False) -> ServiceAccount | None:
        """One account that is not closed; with `lock` nobody else's to change until this transaction ends."""
        query = select(ServiceAccount).where(ServiceAccount.id == account_id, ServiceAccount.closed_at.is_(None))
        return await self._session.scalar(query.with_for_update() if lock else query)

    async def add(self, account_id: UUID, name: str, scopes: Sequence[str], cohort_ids: Sequence[UUID]) -> None:
        """Write an account."""
        row = {"id": account_id, "name": name, "scopes": list(scopes), "cohort_ids": list(cohort_ids)}
        await self._session.execute(insert(ServiceAccount).values(row))

    async def add_key(self, key_id: UUID, account_id: UUID, public_id: str, secret_hash: str, lifetime: timedelta) -> None:
        """Write a key that is good for `lifetime`."""
        row = {"id": key_id, "account_id": account_id, "public_id": public_id, "secret_hash": secret_hash}
        await self._session.execute(insert(ServiceKey).values({**row, "expires_at": func.clock_timestamp() + lifetime}))

    async def live_keys(self, account_id: UUID) -> int:
        """How many keys of an account are good."""
        live = (ServiceKey.revoked_at.is_(None), ServiceKey.expires_at > _NOW)
        query = select(func.count()).select_from(ServiceKey).where(ServiceKey.account_id == account_id, *live)
        return await self._session.scalar(query) or 0

    async def known(self, public_id: str) -> KnownKey | None:
        """The key of this public id, if it is good and its account is not closed."""
        stale = or_(ServiceKey.last_used_at.is_(None), ServiceKey.last_used_at < _THIS_HOUR)
        query = (
            select(ServiceKey.id, ServiceKey.secret_hash, ServiceAccount.id, ServiceAccount.scopes, ServiceAccount.cohort_ids, stale)
            .join(ServiceAccount, ServiceAccount.id == ServiceKey.account_id)
            .where(ServiceKey.public_id == public_id, ServiceKey.revoked_at.is_(None), ServiceKey.expires_at > _NOW)
            .where(ServiceAccount.closed_at.is_(None))
        )
        row = (await self._session.execute(query)).first()
        return KnownKey(*row) if row else None

    async def note_use(self, key_id: UUID) -> None:
        """A key was used within this hour."""
        await self._session.execute(update(ServiceKey).where(ServiceKey.id == key_id).values(last_used_at=_THIS_HOUR))

    async def revoke(self, account_id: UUID, key_id: UUID | None = None) -> list[str]:
        """Revoke one key of an account, or all; the public ids of those that were not revoked before."""
        wanted = (ServiceKey.account_id == account_id, ServiceKey.revoked_at.is_(None))
        one = () if key_id is None else (ServiceKey.id == key_id,)
        query = update(ServiceKey).where(*wanted, *one).values(revoked_at=_NOW).returning(ServiceKey.public_id)
        return list(await self._session.scalars(query.execution_options(synchronize_session=False)))

    async def close(self, account_id: UUID) -> None:
        """Close an account for good."""
        query = update(ServiceAccount).where(ServiceAccount.id == account_id).values(closed_at=_NOW)
        await self._session.execute(query.execution_options(synchronize_session=False))
