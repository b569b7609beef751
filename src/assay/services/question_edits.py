"""The question bank as admins keep it: questions with immutable versions, and no active track left short of its mix."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from assay.db.models import Question, QuestionVersion
from assay.db.repositories.questions import BankFilter, Standing
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.bundle import MissingQuestions, missing
from assay.domain.changes import changes
from assay.domain.errors import Conflict, FieldProblem, Invalid, NotFound
from assay.domain.preconditions import require_seen
from assay.domain.questions import QuestionContent, QuestionType, Slug
from assay.domain.tracks import QuestionMix, TrackStatus
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.kit.text import all_storable
from assay.services import audit
from assay.services.track_edits import require_askable


class QuestionWrite(QuestionContent):
    """A question as it shall be: what is asked and how it is judged, which tracks ask it, how hard it is (1 to 3)."""

    tracks: tuple[Slug, ...] = ()
    difficulty: Annotated[int, Field(ge=1, le=3)] = 2

    @cached_property
    def content(self) -> QuestionContent:
        """What is asked, without its place in the bank."""
        return QuestionContent.model_validate(self.model_dump(by_alias=False, include=set(QuestionContent.model_fields)))

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, raw: Any) -> Any:
        return all_storable(raw)


class QuestionCreate(QuestionWrite):
    """A new question; its slug and its type stay."""

    slug: Slug
    is_active: bool = True


class QuestionRead(QuestionContent):
    """A question in its current version, with how it is judged: for those who keep the bank."""

    id: UUID
    slug: str
    version: int
    is_active: bool
    difficulty: int
    tracks: tuple[str, ...]
    changed_at: datetime

    @property
    def content(self) -> QuestionContent:
        """What is asked, without its place in the bank."""
        return QuestionContent.model_validate(self.model_dump(by_alias=False, include=set(QuestionContent.model_fields)))


class QuestionPage(Value):
    """Questions by slug."""

    items: tuple[QuestionRead, ...]
    next_cursor: str | None


class QuestionVersionRead(Value):
    """A question as it was: versions are never changed, since assessments point at them."""

    version: int
    content: QuestionContent
    content_hash: str
    rubric_hash: str | None
    created_at: datetime


async def page(uow: UnitOfWork, wanted: BankFilter, cursor: str | None, limit: int) -> QuestionPage:
    """Questions that are not deleted, after the slug `cursor`."""
    rows = await uow.questions.page(wanted, cursor, limit + 1)
    items = tuple(map(_read, rows[:limit]))
    return QuestionPage(items=items, next_cursor=items[-1].slug if len(rows) > limit else None)


async def get(uow: UnitOfWork, question_id: UUID) -> QuestionRead:
    """One question. Raises `NotFound`, also for one that was deleted."""
    standing = await uow.questions.one(question_id)
    if standing is None:
        raise NotFound("There is no such question.")
    return _read(standing)


class NeededBy(Value):
    """An active track that would be short of a type if a question were not asked any more."""

    slug: str
    name: str
    lack: MissingQuestions


async def needed_by(uow: UnitOfWork, question: QuestionRead) -> tuple[NeededBy, ...]:
    """The active tracks that cannot do without `question`: `deactivate` and `delete` refuse while there are any."""
    if not question.is_active:
        return ()
    found = [await uow.tracks.by_slug(slug) for slug in question.tracks]
    asking = {track.id: track for track in found if track and track.status == TrackStatus.ACTIVE}
    available = await uow.questions.counts(asking)
    return tuple(
        NeededBy(slug=track.slug, name=track.name, lack=lack)
        for track_id, track in asking.items()
        for lack in missing(_without(available[track_id], question.type), QuestionMix.model_validate(track.question_mix))
        if lack.type is question.type
    )


def _without(available: Mapping[QuestionType, int], kind: QuestionType) -> dict[QuestionType, int]:
    return {**available, kind: available.get(kind, 0) - 1}


async def versions(uow: UnitOfWork, question_id: UUID) -> list[QuestionVersionRead]:
    """Every version of a question, the newest first. Raises `NotFound`."""
    await get(uow, question_id)
    return [
        QuestionVersionRead(
            version=row.version,
            content=QuestionContent.model_validate(row.content),
            content_hash=row.content_hash,
            rubric_hash=row.rubric_hash,
            created_at=row.created_at,
        )
        for row in await uow.questions.history(question_id)
    ]


async def create(uow: UnitOfWork, actor: Actor | None, wanted: QuestionCreate) -> QuestionRead:
    """Write a question; without an `actor` it was the operator.

    Raises `Conflict` for a slug that is taken, `Invalid` for skills or tracks there are not.
    """
    track_ids = await _known(uow, wanted)
    question_id = new_id()
    values = {"id": question_id, "slug": wanted.slug, "type": wanted.type.value, "difficulty": wanted.difficulty, "current_version": 1}
    if not await uow.questions.insert({**values, "is_active": wanted.is_active}):
        detail = f"There is a question called {wanted.slug} already, or there was one."
        raise Conflict(detail, code="slug_taken", problems=(FieldProblem("/slug", "is taken"),))
    uow.questions.add(version_of(question_id, 1, wanted.content))
    await uow.questions.set_tracks(question_id, track_ids)
    await uow.session.flush()
    made = await get(uow, question_id)
    await audit.record(uow, actor, AuditAction.QUESTION_CREATED, "question", question_id, changes(None, made))
    return made


async def replace(uow: UnitOfWork, actor: Actor | None, question_id: UUID, wanted: QuestionWrite, seen: frozenset[str]) -> QuestionRead:
    """Bring a question to what is `wanted`, if it still is as it was `seen`: another content is another version.

    Assessments keep the version they were asked. Raises `NotFound`, what `require_seen` raises, `Conflict` for another type or when an
    active track would be left short, `Invalid` for skills or tracks there are not.
    """
    track_ids = await _known(uow, wanted)
    question, before = await _seen(uow, question_id, seen, track_ids)
    if wanted.type != question.type:
        problem = FieldProblem("/type", f"is {question.type} and stays so; make another question")
        raise Conflict("The type of a question stays.", code="question_type_stays", problems=(problem,))
    question.difficulty = wanted.difficulty
    standing = await uow.questions.version(question_id, question.current_version)
    if standing is None or standing.content_hash != wanted.content.hash:
        question.current_version += 1
        uow.questions.add(version_of(question_id, question.current_version, wanted.content))
    await uow.questions.set_tracks(question_id, track_ids)
    return await _written(uow, actor, before, AuditAction.QUESTION_UPDATED)


async def activate(uow: UnitOfWork, actor: Actor | None, question_id: UUID, seen: frozenset[str]) -> QuestionRead:
    """Let the question be asked. Raises `NotFound` and what `require_seen` raises."""
    question, before = await _seen(uow, question_id, seen)
    question.is_active = True
    return await _written(uow, actor, before, AuditAction.QUESTION_ACTIVATED)


async def deactivate(uow: UnitOfWork, actor: Actor | None, question_id: UUID, seen: frozenset[str]) -> QuestionRead:
    """Ask it no more until it is activated. Raises as `replace` does."""
    question, before = await _seen(uow, question_id, seen)
    question.is_active = False
    return await _written(uow, actor, before, AuditAction.QUESTION_DEACTIVATED)


async def delete(uow: UnitOfWork, actor: Actor | None, question_id: UUID, seen: frozenset[str]) -> None:
    """Take it out of the bank for good; its versions stay for the assessments that point at them. Raises as `replace` does."""
    _, before = await _seen(uow, question_id, seen)
    await uow.questions.delete(question_id)
    await _require_mixes(uow, before.tracks)
    await audit.record(uow, actor, AuditAction.QUESTION_DELETED, "question", question_id, changes(before, None))


def version_of(question_id: UUID, number: int, content: QuestionContent) -> QuestionVersion:
    """The row of a version."""
    return QuestionVersion(
        question_id=question_id,
        version=number,
        content=content.model_dump(mode="json"),
        content_hash=content.hash,
        rubric_hash=content.rubric.hash if content.rubric else None,
    )


async def _seen(
    uow: UnitOfWork, question_id: UUID, seen: frozenset[str], wanted_tracks: Collection[UUID] = ()
) -> tuple[Question, QuestionRead]:
    """The question, held, and every track that asks it or shall: tracks first, as everywhere, so that nobody waits in a circle."""
    asking = {track.id for slug in (await get(uow, question_id)).tracks if (track := await uow.tracks.by_slug(slug))}
    await uow.tracks.locked(asking | set(wanted_tracks))
    question = await uow.questions.locked(question_id)
    if question is None:
        raise NotFound("There is no such question.")
    before = await get(uow, question_id)
    require_seen(before, seen)
    return question, before


async def _written(uow: UnitOfWork, actor: Actor | None, before: QuestionRead, action: AuditAction) -> QuestionRead:
    await uow.session.flush()
    after = await get(uow, before.id)
    await _require_mixes(uow, before.tracks)
    if differences := changes(before, after):
        await audit.record(uow, actor, action, "question", before.id, differences)
    return after


async def _require_mixes(uow: UnitOfWork, tracks: Collection[str]) -> None:
    """Of the tracks that asked the question before, the active ones must still fill their mix."""
    asking = [track for slug in tracks if (track := await uow.tracks.by_slug(slug)) and track.status == TrackStatus.ACTIVE]
    await require_askable(uow, {track.id: (track.name, QuestionMix.model_validate(track.question_mix)) for track in asking})


async def _known(uow: UnitOfWork, wanted: QuestionWrite) -> list[UUID]:
    """The ids of the tracks. Raises `Invalid`."""
    names = await uow.tracks.skill_names()
    found = {slug: await uow.tracks.by_slug(slug) for slug in dict.fromkeys(wanted.tracks)}
    problems = [
        FieldProblem(f"/skills/{place}", f"there is no skill called {slug}")
        for place, slug in enumerate(wanted.skills)
        if slug not in names
    ]
    problems += [
        FieldProblem(f"/tracks/{place}", f"there is no track called {slug}") for place, slug in enumerate(wanted.tracks) if not found[slug]
    ]
    if problems:
        raise Invalid("The question names what there is not.", problems=tuple(problems))
    return [track.id for track in found.values() if track]


def _read(standing: Standing) -> QuestionRead:
    question, version, tracks = standing
    return QuestionRead(
        **QuestionContent.model_validate(version.content).model_dump(by_alias=False),
        id=question.id,
        slug=question.slug,
        version=version.version,
        is_active=question.is_active,
        difficulty=question.difficulty,
        tracks=tuple(tracks),
        changed_at=version.created_at,
    )
