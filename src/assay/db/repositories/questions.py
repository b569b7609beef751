"""The question bank: identities, immutable versions, and the bank's own version number."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Question, QuestionTrack, QuestionVersion, Track
from assay.db.models.base import Json


class BankRow(NamedTuple):
    """One active question of one active track, in its current version."""

    track_id: UUID
    question_id: UUID
    version_id: UUID
    type: str
    difficulty: int
    content: Json


class Questions:
    """The questions of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def bank_version(self) -> int:
        """Grows with every change of tracks or questions; an in-process copy with the same number is current."""
        return int((await self._session.execute(text("SELECT version FROM bank_state"))).scalar_one())

    async def active_bank(self) -> list[BankRow]:
        """Every question that may be asked, per track."""
        query = (
            select(
                QuestionTrack.track_id,
                Question.id,
                QuestionVersion.id,
                Question.type,
                Question.difficulty,
                QuestionVersion.content,
            )
            .join(Question, Question.id == QuestionTrack.question_id)
            .join(Track, Track.id == QuestionTrack.track_id)
            .join(
                QuestionVersion,
                (QuestionVersion.question_id == Question.id) & (QuestionVersion.version == Question.current_version),
            )
            .where(Question.is_active, Question.deleted_at.is_(None), Track.status == "active")
            .order_by(QuestionTrack.track_id, Question.id)
        )
        return [BankRow(*row) for row in await self._session.execute(query)]

    async def versions(self, ids: Iterable[UUID]) -> list[QuestionVersion]:
        """The versions with these ids."""
        return list(await self._session.scalars(select(QuestionVersion).where(QuestionVersion.id.in_(list(ids)))))

    async def by_slug(self, slug: str) -> Question | None:
        """One question by its slug."""
        return await self._session.scalar(select(Question).where(Question.slug == slug))

    async def standing(self) -> dict[str, tuple[str, int, frozenset[str]]]:
        """By slug: the current version's content hash, the difficulty, and the slugs of the tracks that ask the question."""
        query = (
            select(Question.slug, QuestionVersion.content_hash, Question.difficulty, func.array_agg(Track.slug).label("tracks"))
            .join(
                QuestionVersion,
                (QuestionVersion.question_id == Question.id) & (QuestionVersion.version == Question.current_version),
            )
            .join(QuestionTrack, QuestionTrack.question_id == Question.id)
            .join(Track, Track.id == QuestionTrack.track_id)
            .group_by(Question.id, QuestionVersion.id)
        )
        rows = await self._session.execute(query)
        return {row.slug: (row.content_hash, row.difficulty, frozenset(row.tracks)) for row in rows}

    async def version(self, question_id: UUID, version: int) -> QuestionVersion | None:
        """One version of one question."""
        return await self._session.scalar(
            select(QuestionVersion).where(QuestionVersion.question_id == question_id, QuestionVersion.version == version)
        )

    async def set_tracks(self, question_id: UUID, track_ids: Sequence[UUID]) -> None:
        """Ask the question in exactly these tracks."""
        await self._session.execute(delete(QuestionTrack).where(QuestionTrack.question_id == question_id))
        self._session.add_all(QuestionTrack(question_id=question_id, track_id=track_id) for track_id in track_ids)

    def add(self, row: Question | QuestionVersion) -> None:
        """Write a new question or version."""
        self._session.add(row)
