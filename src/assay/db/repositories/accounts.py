"""Accounts, refresh tokens and cohort membership."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Cohort, CohortMember, RefreshToken, User
from assay.db.types import key_ring
from assay.domain.actors import Role

_TOKENS_LIVE: Final = "clock_timestamp() - interval '30 days'"  # longer than any access token
_MARGIN: Final = timedelta(minutes=5)
"""For clocks that differ."""


class Access(NamedTuple):
    """What somebody may do now, None for nothing, and before when their tokens are good for nothing."""

    role: Role | None
    sessions_ended_at: datetime | None


class Accounts:
    """The people of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def by_email(self, email: str) -> User | None:
        """The account with this e-mail, found by its keyed hash."""
        return await self._session.scalar(select(User).where(User.email_index.in_(key_ring().blind_indexes(email))))

    async def by_pseudonym(self, pseudonym: UUID) -> User | None:
        """The account that this names in analytics and to advisors."""
        return await self._session.scalar(select(User).where(User.pseudonym == pseudonym))

    async def get(self, user_id: UUID) -> User | None:
        """One account."""
        return await self._session.get(User, user_id)

    async def held(self, user_id: UUID) -> User | None:
        """One account as it stands, held until this transaction ends."""
        return await self._session.get(User, user_id, with_for_update=True, populate_existing=True)

    async def access_changes(self, lifetime: timedelta) -> dict[UUID, Access]:
        """Whose tokens (which live for `lifetime`) may say what is no longer true, and what is true now."""
        ended = User.sessions_ended_at > func.clock_timestamp() - (lifetime + _MARGIN)
        changed = User.access_changed_at > text(_TOKENS_LIVE)
        left = User.is_active.is_(False) & (User.sessions_ended_at > text(_TOKENS_LIVE))
        query = select(User.id, User.role, User.is_active, User.sessions_ended_at).where(ended | changed | left)
        rows = await self._session.execute(query)
        return {row.id: Access(Role(row.role) if row.is_active else None, row.sessions_ended_at) for row in rows}

    async def alone(self, email: str) -> None:
        """Let nobody else deal with this address until this transaction ends: two who make its account at once make one."""
        key = int.from_bytes(key_ring().blind_index(email)[:8], signed=True)
        await self._session.execute(select(func.pg_advisory_xact_lock(key)))

    async def hold_admins(self) -> None:
        """Hold the accounts of all admins until this transaction ends, so that no two demote each other at once."""
        query = select(User.id).where(User.role == Role.ADMIN.value).order_by(User.id).with_for_update()
        await self._session.execute(query)

    async def active_admins(self) -> int:
        """How many there are."""
        query = select(func.count()).select_from(User).where(User.role == Role.ADMIN.value, User.is_active)
        return await self._session.scalar(query) or 0

    def add(self, user: User) -> None:
        """Write a new account; its `email_index` is set here."""
        user.email_index = key_ring().blind_index(user.email)
        self._session.add(user)

    def add_refresh_token(self, token: RefreshToken) -> None:
        """Write a new link of a refresh chain."""
        self._session.add(token)

    async def use_refresh_token(self, token_hash: str) -> RefreshToken | None:
        """Mark the live token as used and return it; None when it is unknown, used, revoked or past its time."""
        query = (
            update(RefreshToken)
            .where(
                RefreshToken.token_hash == token_hash,
                RefreshToken.used_at.is_(None),
                RefreshToken.revoked_at.is_(None),
                RefreshToken.expires_at > text("clock_timestamp()"),
            )
            .values(used_at=text("clock_timestamp()"))
            .returning(RefreshToken)
        )
        return await self._session.scalar(query)

    async def revoke_family_of(self, token_hash: str) -> UUID | None:
        """Revoke every token of the chain that `token_hash` belongs to; returns the chain, None for an unknown token."""
        family = await self._session.scalar(select(RefreshToken.family_id).where(RefreshToken.token_hash == token_hash))
        if family is not None:
            await self._session.execute(
                update(RefreshToken)
                .where(RefreshToken.family_id == family, RefreshToken.revoked_at.is_(None))
                .values(revoked_at=text("clock_timestamp()"))
            )
        return family

    async def join_cohort(self, name: str, user_id: UUID, created_at: datetime) -> None:
        """Put a person into the cohort called `name`, which is made when it does not exist."""
        await self._session.execute(insert(Cohort).values(name=name, created_at=created_at).on_conflict_do_nothing())
        cohort_id = await self._session.scalar(select(Cohort.id).where(Cohort.name == name))
        await self._session.execute(insert(CohortMember).values(cohort_id=cohort_id, user_id=user_id).on_conflict_do_nothing())
