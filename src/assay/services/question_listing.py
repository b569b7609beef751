"""The question bank as a list: what each question asks, where, and whether it may be asked, deleted ones too where they are wanted."""

from datetime import datetime
from uuid import UUID

from assay.db.repositories.questions import BankFilter, Standing
from assay.db.unit_of_work import UnitOfWork
from assay.domain.questions import QuestionContent
from assay.kit.model import Value


class QuestionLine(Value):
    """A question in its current version."""

    id: UUID
    version_id: UUID
    slug: str
    content: QuestionContent
    version: int
    is_active: bool
    deleted_at: datetime | None
    difficulty: int
    tracks: tuple[str, ...]


class QuestionLines(Value):
    """Questions by slug."""

    items: tuple[QuestionLine, ...]
    next_cursor: str | None


async def page(uow: UnitOfWork, wanted: BankFilter, cursor: str | None, limit: int) -> QuestionLines:
    """Questions as `wanted`, after the slug `cursor`, at most `limit`."""
    rows = await uow.questions.page(wanted, cursor, limit + 1)
    items = tuple(map(_line, rows[:limit]))
    return QuestionLines(items=items, next_cursor=items[-1].slug if len(rows) > limit else None)


def _line(standing: Standing) -> QuestionLine:
    question, version, tracks = standing
    return QuestionLine(
        id=question.id,
        version_id=version.id,
        slug=question.slug,
        content=QuestionContent.model_validate(version.content),
        version=version.version,
        is_active=question.is_active,
        deleted_at=question.deleted_at,
        difficulty=question.difficulty,
        tracks=tuple(tracks),
    )
