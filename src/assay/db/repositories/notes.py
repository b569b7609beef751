"""Notes that the advisors of a student share."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, bindparam, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import AdvisorNote, Assessment, User
from assay.domain.notes import NoteAbout

_WRITTEN: Final = (
    select(
        AdvisorNote.id,
        AdvisorNote.assessment_id,
        AdvisorNote.about,
        AdvisorNote.body,
        AdvisorNote.at,
        AdvisorNote.author_id,
        User.role,
        User.pseudonym,
    )
    .join(User, User.id == AdvisorNote.author_id)
    .join(Assessment, Assessment.id == AdvisorNote.assessment_id)
    .order_by(AdvisorNote.at, AdvisorNote.id)
)
_OF_STUDENT: Final = _WRITTEN.where(Assessment.student_id == bindparam("student", type_=Uuid()))
_AT_ASSESSMENT: Final = _OF_STUDENT.where(
    or_(AdvisorNote.assessment_id == bindparam("assessment", type_=Uuid()), AdvisorNote.about == NoteAbout.STUDENT.value)
)


class NoteRow(NamedTuple):
    """A note with who wrote it."""

    id: UUID
    assessment_id: UUID
    about: str
    body: str
    at: datetime
    author_id: UUID
    author_role: str
    author_pseudonym: UUID


class Notes:
    """The notes of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, assessment_id: UUID, author_id: UUID, about: NoteAbout, body: str) -> None:
        """Write a note."""
        row = {"assessment_id": assessment_id, "author_id": author_id, "about": about.value, "body": body}
        await self._session.execute(insert(AdvisorNote).values(row))

    async def at_assessment(self, student_id: UUID, assessment_id: UUID) -> list[NoteRow]:
        """What was noted of this assessment, and of its student wherever, oldest first."""
        rows = await self._session.execute(_AT_ASSESSMENT, {"student": student_id, "assessment": assessment_id})
        return [NoteRow(*row) for row in rows]

    async def of_student(self, student_id: UUID) -> list[NoteRow]:
        """Everything noted of a student and their assessments, oldest first."""
        return [NoteRow(*row) for row in await self._session.execute(_OF_STUDENT, {"student": student_id})]
