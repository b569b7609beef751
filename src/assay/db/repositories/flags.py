"""Flags that advisors put on assessments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import AssessmentFlag, User
from assay.domain.flags import FlagCode

_ALL: Final = (
    select(AssessmentFlag.id, AssessmentFlag.code, AssessmentFlag.note, AssessmentFlag.at, User.role, User.pseudonym)
    .join(User, User.id == AssessmentFlag.author_id)
    .where(AssessmentFlag.assessment_id == bindparam("assessment", type_=Uuid()))
    .order_by(AssessmentFlag.at, AssessmentFlag.id)
)
_OF_MANY: Final = (
    select(
        AssessmentFlag.assessment_id,
        AssessmentFlag.id,
        AssessmentFlag.code,
        AssessmentFlag.note,
        AssessmentFlag.at,
        User.role,
        User.pseudonym,
    )
    .join(User, User.id == AssessmentFlag.author_id)
    .where(AssessmentFlag.assessment_id == func.any(bindparam("assessments", type_=ARRAY(Uuid()))))
    .order_by(AssessmentFlag.at, AssessmentFlag.id)
)


class FlagRow(NamedTuple):
    """A flag with who put it there."""

    id: UUID
    code: str
    note: str | None
    at: datetime
    author_role: str
    author_pseudonym: UUID


class Flags:
    """The flags of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, assessment_id: UUID, author_id: UUID, code: FlagCode, note: str | None) -> None:
        """Write a flag."""
        row = {"assessment_id": assessment_id, "author_id": author_id, "code": code.value, "note": note}
        await self._session.execute(insert(AssessmentFlag).values(row))

    async def all(self, assessment_id: UUID) -> list[FlagRow]:
        """Everything noted about an assessment, oldest first."""
        return [FlagRow(*row) for row in await self._session.execute(_ALL, {"assessment": assessment_id})]

    async def of_many(self, assessment_ids: Sequence[UUID]) -> list[tuple[UUID, FlagRow]]:
        """Everything noted about these assessments, each with which it is, oldest first."""
        rows = await self._session.execute(_OF_MANY, {"assessments": list(assessment_ids)})
        return [(row[0], FlagRow(*row[1:])) for row in rows]
