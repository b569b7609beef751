"""Cohorts as admins keep them: their names, and who belongs to them."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Cohort, CohortMember, User
from assay.domain.actors import Role


class CohortSize(NamedTuple):
    """A cohort with how many students and advisors it has."""

    id: UUID
    name: str
    created_at: datetime
    students: int
    advisors: int


class MemberRow(NamedTuple):
    """Somebody who belongs to a cohort."""

    person_id: UUID
    name: str
    role: str
    pseudonym: UUID
    joined_at: datetime


class Enrolment:
    """Cohorts and their members, in this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(self, before: UUID | None, limit: int) -> list[CohortSize]:
        """Cohorts, the newest first, older than `before`."""
        students, advisors = (func.count().filter(User.role == role.value) for role in (Role.STUDENT, Role.ADVISOR))
        query = (
            select(Cohort.id, Cohort.name, Cohort.created_at, students, advisors)
            .outerjoin(CohortMember, CohortMember.cohort_id == Cohort.id)
            .outerjoin(User, User.id == CohortMember.user_id)
            .group_by(Cohort.id)
            .order_by(Cohort.id.desc())
            .limit(limit)
        )
        return [CohortSize(*row) for row in await self._session.execute(query if before is None else query.where(Cohort.id < before))]

    async def get(self, cohort_id: UUID, *, hold: bool = False) -> Cohort | None:
        """One cohort, held until this transaction ends when asked."""
        return await self._session.get(Cohort, cohort_id, with_for_update=hold or None, populate_existing=True)

    async def by_name(self, name: str) -> Cohort | None:
        """The cohort of this name."""
        return await self._session.scalar(select(Cohort).where(Cohort.name == name))

    async def add(self, cohort_id: UUID, name: str) -> bool:
        """Write a cohort; False when the name is taken."""
        row = insert(Cohort).values(id=cohort_id, name=name).on_conflict_do_nothing().returning(Cohort.id)
        return await self._session.scalar(row) is not None

    async def rename(self, cohort_id: UUID, name: str) -> bool:
        """Give a cohort another name; False when it is taken."""
        if (other := await self.by_name(name)) is not None:
            return other.id == cohort_id
        await self._session.execute(update(Cohort).where(Cohort.id == cohort_id).values(name=name))
        return True

    async def members(self, cohort_id: UUID, after: UUID | None, limit: int) -> list[MemberRow]:
        """Who belongs to a cohort, by id, behind `after`."""
        query = (
            select(User.id, User.name, User.role, User.pseudonym, CohortMember.created_at)
            .join(CohortMember, CohortMember.user_id == User.id)
            .where(CohortMember.cohort_id == cohort_id)
            .order_by(User.id)
            .limit(limit)
        )
        return [MemberRow(*row) for row in await self._session.execute(query if after is None else query.where(User.id > after))]

    async def of_person(self, person_id: UUID) -> list[Cohort]:
        """The cohorts somebody belongs to, by name."""
        query = select(Cohort).join(CohortMember, CohortMember.cohort_id == Cohort.id).where(CohortMember.user_id == person_id)
        return list(await self._session.scalars(query.order_by(Cohort.name)))

    async def join(self, cohort_id: UUID, person_id: UUID) -> bool:
        """Put somebody into a cohort; False when they are in it."""
        row = insert(CohortMember).values(cohort_id=cohort_id, user_id=person_id).on_conflict_do_nothing().returning(CohortMember.user_id)
        return await self._session.scalar(row) is not None

    async def holds(self, cohort_id: UUID, person_id: UUID) -> bool:
        """Whether somebody is in a cohort."""
        query = select(CohortMember.user_id).where(CohortMember.cohort_id == cohort_id, CohortMember.user_id == person_id)
        return await self._session.scalar(query) is not None

    async def leave(self, cohort_id: UUID, person_id: UUID) -> bool:
        """Take somebody out of a cohort; False when they are not in it."""
        row = delete(CohortMember).where(CohortMember.cohort_id == cohort_id, CohortMember.user_id == person_id)
        return await self._session.scalar(row.returning(CohortMember.user_id)) is not None
