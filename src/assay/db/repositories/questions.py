"""The question bank: identities, immutable versions, and the bank's own version number."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Question, QuestionTrack, QuestionVersion, Track
from assay.db.models.base import Json
from assay.domain.questions import QuestionFormat, QuestionType


class BankRow(NamedTuple):
    """One active question of one active track, in its current version."""

    track_id: UUID
    question_id: UUID
    version_id: UUID
    type: str
    difficulty: int
    content: Json


class Standing(NamedTuple):
    """A question as it stands: its identity, its current version, and the slugs of the tracks that ask it."""

    question: Question
    version: QuestionVersion
    tracks: list[str]


class BankFilter(NamedTuple):
    """Which questions are wanted; None leaves it open. `text` is looked for in slug and prompt."""

    type: QuestionType | None = None
    track_id: UUID | None = None
    active: bool | None = None
    format: QuestionFormat | None = None
    skill: str | None = None
    text: str | None = None
    ids: Collection[UUID] | None = None
    deleted: bool = False
    """Those that were deleted, instead of those that were not."""


class TypeCount(NamedTuple):
    """How many questions there are of a type, and how many of them may be asked."""

    active: int
    inactive: int


_TRACKS: Final = (
    select(func.coalesce(func.array_agg(aggregate_order_by(Track.slug, Track.slug)), text("'{}'")))
    .join(QuestionTrack, QuestionTrack.track_id == Track.id)
    .where(QuestionTrack.question_id == Question.id)
    .correlate(Question)
    .scalar_subquery()
)
_STANDING: Final = select(Question, QuestionVersion, _TRACKS).join(
    QuestionVersion, (QuestionVersion.question_id == Question.id) & (QuestionVersion.version == Question.current_version)
)


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

    async def slugs(self, ids: Collection[UUID]) -> set[str]:
        """The slugs of these questions, deleted ones too."""
        return set(await self._session.scalars(select(Question.slug).where(Question.id.in_(ids))))

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

    async def counts(self, track_ids: Collection[UUID]) -> dict[UUID, dict[QuestionType, int]]:
        """How many questions of each type may be asked, by track."""
        query = (
            select(QuestionTrack.track_id, Question.type, func.count())
            .join(Question, Question.id == QuestionTrack.question_id)
            .where(Question.is_active, Question.deleted_at.is_(None), QuestionTrack.track_id.in_(track_ids))
            .group_by(QuestionTrack.track_id, Question.type)
        )
        found: dict[UUID, dict[QuestionType, int]] = {track_id: {} for track_id in track_ids}
        for track_id, kind, number in await self._session.execute(query):
            found[track_id][QuestionType(kind)] = number
        return found

    async def insert(self, values: Mapping[str, Any]) -> bool:
        """Write a new question unless there is one of its slug; whether it was written."""
        query = insert(Question).values(values).on_conflict_do_nothing(index_elements=["slug"]).returning(Question.id)
        return (await self._session.execute(query)).first() is not None

    async def locked(self, question_id: UUID) -> Question | None:
        """One question, held until the transaction ends; none that was deleted."""
        query = select(Question).where(Question.id == question_id, Question.deleted_at.is_(None)).with_for_update()
        return await self._session.scalar(query.execution_options(populate_existing=True))

    async def delete(self, question_id: UUID) -> None:
        """Take a question out of the bank. The row stays: versions and assessments point at it."""
        gone = update(Question).where(Question.id == question_id).values(is_active=False, deleted_at=func.clock_timestamp())
        await self._session.execute(gone)

    async def page(self, wanted: BankFilter, cursor: str | None, limit: int) -> list[Standing]:
        """Questions as `wanted`, by slug, after `cursor`."""
        query = _narrowed(_STANDING, wanted)
        if cursor is not None:
            query = query.where(Question.slug > cursor)
        rows = await self._session.execute(query.order_by(Question.slug).limit(limit))
        return [Standing(*row) for row in rows]

    async def totals(self) -> dict[QuestionType, TypeCount]:
        """How many questions there are of each type that are not deleted."""
        active, inactive = func.count().filter(Question.is_active), func.count().filter(Question.is_active.is_(False))
        query = select(Question.type, active, inactive).where(Question.deleted_at.is_(None)).group_by(Question.type)
        found = {QuestionType(kind): TypeCount(*numbers) for kind, *numbers in await self._session.execute(query)}
        return {kind: found.get(kind, TypeCount(0, 0)) for kind in QuestionType}

    async def one(self, question_id: UUID) -> Standing | None:
        """One question as it stands; none that was deleted."""
        row = (await self._session.execute(_STANDING.where(Question.id == question_id, Question.deleted_at.is_(None)))).first()
        return None if row is None else Standing(*row)

    async def history(self, question_id: UUID) -> list[QuestionVersion]:
        """All versions of a question, the newest first."""
        query = select(QuestionVersion).where(QuestionVersion.question_id == question_id).order_by(QuestionVersion.version.desc())
        return list(await self._session.scalars(query))

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


def _narrowed(query: Select[Any], wanted: BankFilter) -> Select[Any]:
    query = query.where(Question.deleted_at.is_not(None) if wanted.deleted else Question.deleted_at.is_(None))
    if wanted.type is not None:
        query = query.where(Question.type == wanted.type)
    if wanted.active is not None:
        query = query.where(Question.is_active == wanted.active)
    if wanted.track_id is not None:
        query = query.where(Question.id.in_(select(QuestionTrack.question_id).where(QuestionTrack.track_id == wanted.track_id)))
    if wanted.ids is not None:
        query = query.where(Question.id.in_(wanted.ids))
    return _narrowed_by_content(query, wanted)


def _narrowed_by_content(query: Select[Any], wanted: BankFilter) -> Select[Any]:
    content = QuestionVersion.content
    if wanted.format is not None:
        query = query.where(content.contains({"format": wanted.format.value}))
    if wanted.skill is not None:
        query = query.where(content.contains({"skills": [wanted.skill]}))
    if wanted.text is not None:
        prompt = content["prompt"].astext
        query = query.where(or_(Question.slug.icontains(wanted.text, autoescape=True), prompt.icontains(wanted.text, autoescape=True)))
    return query
