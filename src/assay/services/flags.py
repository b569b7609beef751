"""Flags that an advisor puts on an assessment, for the advisors of the student alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from assay.db.repositories.flags import FlagRow
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Author, Role
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict
from assay.domain.flags import MAX_NOTE, FlagCode, is_open
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services import assessments, audit


class FlagWrite(Value):
    """Why somebody should look again, or `resolved`, which closes what was noted before."""

    code: FlagCode
    note: Annotated[StorableText, Field(max_length=MAX_NOTE)] | None = None


class FlagRead(Value):
    """A flag as it was put there."""

    id: UUID
    code: FlagCode
    note: str | None
    by: Author
    at: datetime


class FlagReceipt(Value):
    """All flags of the assessment, oldest first, and whether any is open."""

    assessment_id: UUID
    flagged: bool
    flags: tuple[FlagRead, ...]


async def flag(uow: UnitOfWork, actor: Actor, assessment_id: UUID, write: FlagWrite) -> FlagReceipt:
    """Put a flag on an assessment of a student whom the caller advises.

    Raises `NotFound` for another's, and `Conflict` when there is nothing to resolve.
    """
    row = await assessments.visible(uow, actor, assessment_id, lock=True)
    if write.code is FlagCode.RESOLVED and not _flagged(await uow.flags.all(row.id)):
        raise Conflict("Nothing is flagged here.", code="nothing_flagged")
    await uow.flags.add(row.id, actor.id, write.code, write.note if write.note and write.note.strip() else None)
    rows = await uow.flags.all(row.id)
    await audit.record(uow, actor, AuditAction.ASSESSMENT_FLAGGED, "assessment", row.id, {"code": write.code.value})
    return FlagReceipt(assessment_id=row.id, flagged=_flagged(rows), flags=_read(rows, actor))


async def for_reader(uow: UnitOfWork, reader: Actor, assessment_id: UUID) -> tuple[FlagRead, ...] | None:
    """The flags of an assessment the reader may see, oldest first; None for anybody but an advisor."""
    return _read(await uow.flags.all(assessment_id), reader) if reader.role is Role.ADVISOR else None


async def of_many(uow: UnitOfWork, reader: Actor, assessment_ids: Sequence[UUID]) -> dict[UUID, tuple[FlagRead, ...]]:
    """The flags of assessments the reader may see, by assessment, oldest first; those without any are left out."""
    rows: dict[UUID, list[FlagRow]] = {}
    for assessment_id, row in await uow.flags.of_many(assessment_ids):
        rows.setdefault(assessment_id, []).append(row)
    return {each: _read(found, reader) for each, found in rows.items()}


def _flagged(rows: Sequence[FlagRow]) -> bool:
    return is_open(FlagCode(row.code) for row in rows)


def _read(rows: Sequence[FlagRow], reader: Actor) -> tuple[FlagRead, ...]:
    return tuple(
        FlagRead(
            id=row.id,
            code=FlagCode(row.code),
            note=row.note,
            by=Author.shown_to(reader, row.author_role, row.author_pseudonym),
            at=row.at,
        )
        for row in rows
    )
