"""Notes on an assessment or its student, for the student's advisors alone: written once, read by all of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from assay.db.repositories.notes import NoteRow
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Author
from assay.domain.audit import AuditAction
from assay.domain.errors import FieldProblem, Invalid
from assay.domain.notes import MAX_BODY, NoteAbout
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services import assessments, audit


class NoteWrite(Value):
    """What is to be remembered, about the assessment or about its student."""

    body: Annotated[StorableText, Field(max_length=MAX_BODY)]
    about: NoteAbout = NoteAbout.ASSESSMENT


class NoteRead(Value):
    """A note as it was written."""

    id: UUID
    assessment_id: UUID
    """Where it was written; one about the student shows with their other assessments too."""
    about: NoteAbout
    body: str
    by: Author
    own: bool
    """Whether the reader wrote it."""
    at: datetime


class NoteList(Value):
    """All notes in one answer, oldest first; there are few."""

    items: tuple[NoteRead, ...]
    next_cursor: str | None = None


async def write(uow: UnitOfWork, actor: Actor, assessment_id: UUID, note: NoteWrite) -> NoteList:
    """Write a note on an assessment of a student whom the caller advises.

    Raises `NotFound` for another's, and `Invalid` for one that says nothing.
    """
    row = await assessments.visible(uow, actor, assessment_id, lock=True)
    if not note.body.strip():
        raise Invalid("Write what is to be remembered.", code="empty_note", problems=(FieldProblem("/body", "is empty"),))
    await uow.notes.add(row.id, actor.id, note.about, note.body)
    written = shown(await uow.notes.at_assessment(row.student_id, row.id), actor)
    await audit.record(uow, actor, AuditAction.ASSESSMENT_NOTED, "assessment", row.id, {"about": note.about.value})
    return NoteList(items=written)


async def read(uow: UnitOfWork, actor: Actor, assessment_id: UUID) -> NoteList:
    """The notes of an assessment and of its student. Raises `NotFound` for an assessment that is none of the caller's."""
    row = await assessments.visible(uow, actor, assessment_id)
    return NoteList(items=shown(await uow.notes.at_assessment(row.student_id, row.id), actor))


def shown(rows: Iterable[NoteRow], reader: Actor) -> tuple[NoteRead, ...]:
    """Notes as `reader` may know their authors."""
    return tuple(
        NoteRead(
            id=row.id,
            assessment_id=row.assessment_id,
            about=NoteAbout(row.about),
            body=row.body,
            by=Author.shown_to(reader, row.author_role, row.author_pseudonym),
            own=row.author_id == reader.id,
            at=row.at,
        )
        for row in rows
    )
