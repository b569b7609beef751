"""What students declare of their learning."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import LearnerDeclaration
from assay.domain.learning import Learning

# Built once: one of these runs for every recommendation.
_COLUMNS: Final = tuple(getattr(LearnerDeclaration, name) for name in (*Learning.model_fields, "updated_at"))
_OF_STUDENT: Final = select(*_COLUMNS).where(LearnerDeclaration.student_id == bindparam("id", type_=Uuid()))
_PUT: Final = text(
    """
    INSERT INTO learner_declarations (student_id, completed, prior_learning, languages, hours_per_week, updated_at)
    SELECT id, CAST(:completed AS text[]), CAST(:prior_learning AS text[]), CAST(:languages AS text[]), :hours_per_week, clock_timestamp()
    FROM users WHERE id = :id AND is_active AND role = 'student'
    ON CONFLICT (student_id) DO UPDATE SET completed = excluded.completed, prior_learning = excluded.prior_learning,
        languages = excluded.languages, hours_per_week = excluded.hours_per_week, updated_at = excluded.updated_at
    RETURNING updated_at
    """
)


class Declarations:
    """The declarations of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_student(self, student_id: UUID) -> tuple[Learning, datetime] | None:
        """What a student declared, and when; None for nothing."""
        row = (await self._session.execute(_OF_STUDENT, {"id": student_id})).first()
        return (_learning(row), row.updated_at) if row else None

    async def put(self, student_id: UUID, learning: Learning) -> datetime | None:
        """Write what a student declares in place of what stood; the moment, or None when there is no such student."""
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in learning}
        moment: datetime | None = (await self._session.execute(_PUT, {"id": student_id, **values})).scalar_one_or_none()
        return moment


def _learning(row: Row[tuple[object, ...]]) -> Learning:
    return Learning.model_validate({name: getattr(row, name) for name in Learning.model_fields})
