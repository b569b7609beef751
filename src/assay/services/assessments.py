"""Assessments from choosing a track to looking where it stands: start, list, read, resume, status."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from assay.db.repositories.assessments import AssessmentRow
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.answers import is_blank
from assay.domain.bundle import choose, shortage
from assay.domain.errors import Conflict, Expired, NotFound
from assay.domain.progress import AssessmentStatus, Progress, Times, derive, status_of
from assay.domain.questions import Options, QuestionContent, QuestionFormat, QuestionType
from assay.domain.release import Release
from assay.domain.rubric import Dimension
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.observability import metrics
from assay.observability.logging import known
from assay.services.identity import Identity
from assay.services.question_bank import BankTrack, QuestionBank

_NOT_THERE: Final = "There is no such assessment."


class TrackName(Value):
    """A track by name."""

    id: UUID
    slug: str
    name: str


class AskedQuestion(Value):
    """A question as the student sees it: nothing here tells the right answer."""

    id: UUID
    position: int
    type: QuestionType
    format: QuestionFormat
    prompt: str
    options: Options
    rubric_criteria: tuple[str, ...] | None = None
    """What an essay is read for."""


class Bundle(Value):
    """An assessment with its ten questions, as `start` answers."""

    assessment_id: UUID
    track: TrackName
    status: AssessmentStatus
    started_at: datetime
    expires_at: datetime
    resume_token: str
    questions: tuple[AskedQuestion, ...]


class AnswerState(Value):
    """What is saved for one question."""

    answer: Any
    answered_at: datetime


class AssessmentRead(Value):
    """An assessment with its questions and what has been answered."""

    assessment_id: UUID
    track: TrackName
    status: AssessmentStatus
    started_at: datetime
    expires_at: datetime
    submitted_at: datetime | None
    completed_at: datetime | None
    held_back: str | None
    questions: tuple[AskedQuestion, ...]
    answers: dict[UUID, AnswerState]
    answered: int


class AssessmentSummary(Value):
    """A line in a list."""

    assessment_id: UUID
    track: TrackName
    status: AssessmentStatus
    started_at: datetime
    expires_at: datetime
    submitted_at: datetime | None
    completed_at: datetime | None
    held_back: str | None
    """Told to a student whose result is there and not to be seen yet: why, in a sentence."""


class Page(Value):
    """A page of assessments; `next_cursor` continues it."""

    items: tuple[AssessmentSummary, ...]
    next_cursor: str | None


class Resumed(Value):
    """What a resume token gives: the assessment, and a bearer token for nothing else."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: int
    assessment: AssessmentRead


async def start(uow: UnitOfWork, bank: QuestionBank, identity: Identity, actor: Actor, track_id: UUID) -> tuple[Bundle, bool]:
    """A new bundle for this track and True, or the student's open one and False.

    Raises `NotFound` for a track that cannot be started and `Conflict` when its bank cannot fill the mix.
    """
    if actor.assessment_id is not None:
        raise NotFound("There is no such track.")
    for _ in range(3):
        if bank.version == 0:
            await bank.refresh(uow)
        track = bank.tracks.get(track_id)
        if track is None and await uow.questions.bank_version() == bank.version:
            raise NotFound("There is no active track with this id.")
        if track:
            known(track=track.slug)
        made = await _insert(uow, bank, identity, actor, track) if track else None
        if made is not None:
            metrics.looked_up("question_bank", 1, 0)
            metrics.ASSESSMENTS.labels(event="started", track=made.track.slug).inc()
            return made, True
        if (standing := await uow.assessments.open_one(actor, track_id)) is not None:
            if status_of(standing.times) is not AssessmentStatus.EXPIRED:
                return await _bundle(uow, bank, identity, standing), False
            await uow.assessments.close_expired(standing.id)
        else:
            await bank.refresh(uow)
    raise Conflict("The track is being edited just now. Try again in a moment.", code="track_changing")


async def _insert(uow: UnitOfWork, bank: QuestionBank, identity: Identity, actor: Actor, track: BankTrack) -> Bundle | None:
    if lacking := shortage(track.questions, track.question_mix):
        missing = ", ".join(f"{lack.available} of {lack.needed} {lack.type} questions" for lack in lacking)
        raise Conflict(f"The track {track.name} cannot be started: its bank has only {missing}.", code="track_short_of_questions")
    assessment_id = new_id()
    chosen = choose(track.questions, track.question_mix, seed=assessment_id.int)
    started = await uow.assessments.start(
        assessment_id,
        student_id=actor.id,
        track_id=track.id,
        track_slug=track.slug,
        track_version=track.version,
        expiry_days=track.expiry_days,
        release=track.release_policy,
        bank_version=bank.version,
        bundle=chosen,
    )
    if not started.person_exists:
        raise NotFound("This account cannot take assessments.")
    if started.started_at is None or started.expires_at is None:
        return None
    return Bundle(
        assessment_id=assessment_id,
        track=TrackName(id=track.id, slug=track.slug, name=track.name),
        status=AssessmentStatus.IN_PROGRESS,
        started_at=started.started_at,
        expires_at=started.expires_at,
        resume_token=identity.resume_token(assessment_id, actor.id, started.started_at, started.expires_at),
        questions=tuple(show(question.question_id, position, question.content) for position, question in enumerate(chosen, start=1)),
    )


def show(question_id: UUID, position: int, content: QuestionContent) -> AskedQuestion:
    """The student's view of a question."""
    criteria = None
    if content.rubric is not None:
        criteria = tuple(f"{dimension.value.capitalize()}: {content.rubric.dimension(dimension).levels[-1]}" for dimension in Dimension)
    return AskedQuestion(
        id=question_id,
        position=position,
        type=content.type,
        format=content.format,
        prompt=content.prompt,
        options=content.options,
        rubric_criteria=criteria,
    )


async def visible(uow: UnitOfWork, actor: Actor, assessment_id: UUID, *, lock: bool = False) -> AssessmentRow:
    """The assessment, if it is the caller's to see. Raises `NotFound` otherwise, whether it exists or not."""
    row = await uow.assessments.visible(assessment_id, actor, lock=lock)
    if row is None:
        raise NotFound(_NOT_THERE)
    known(track=row.track_slug)
    return row


def expired(row: AssessmentRow) -> Expired:
    """The error for an assessment whose time is over: what happened and how to begin again."""
    return Expired(
        f"This assessment expired on {row.times.expires_at:%d %B %Y}. Start the track again for a new one; nothing else is affected.",
        code="assessment_expired",
        track_id=str(row.track_id),
        restart="/api/v1/assessments/start",
    )


async def list_visible(uow: UnitOfWork, actor: Actor, cursor: UUID | None, limit: int) -> Page:
    """The caller's assessments (an advisor's: their cohorts'), newest first."""
    rows = await uow.assessments.page(actor, cursor, limit + 1)
    more = len(rows) > limit
    return Page(
        items=tuple(_summary(row, actor) for row in rows[:limit]),
        next_cursor=str(rows[limit - 1].id) if more else None,
    )


async def get(uow: UnitOfWork, bank: QuestionBank, actor: Actor, assessment_id: UUID) -> AssessmentRead:
    """One assessment with its questions and the answers that stand. Raises `NotFound`."""
    return await _read(uow, bank, await visible(uow, actor, assessment_id), actor)


async def resume(uow: UnitOfWork, bank: QuestionBank, identity: Identity, token: str) -> Resumed:
    """Continue on another device. Raises `Unauthenticated` for a bad token and `Expired` when the time is over."""
    actor, access_token, lifetime = identity.resume(token)
    row = await visible(uow, actor, actor.assessment_id or actor.id)
    if status_of(row.times) is AssessmentStatus.EXPIRED:
        raise expired(row)
    return Resumed(access_token=access_token, expires_in=int(lifetime.total_seconds()), assessment=await _read(uow, bank, row, actor))


async def status(uow: UnitOfWork, actor: Actor, assessment_id: UUID) -> Progress:
    """Where it stands; a student is told too when the result is held back. Raises `NotFound`."""
    standing = await uow.assessments.standing(assessment_id, actor)
    if standing is None:
        raise NotFound(_NOT_THERE)
    return derive(standing.times, standing.jobs, standing.degradations, held_back=held_back(actor, standing.times, standing.release))


def held_back(reader: Actor, times: Times, release: Release) -> str | None:
    """What `reader` is told in place of a result that there is and that is held back; None for a reader who may see it."""
    if reader.role is not Role.STUDENT or status_of(times) is not AssessmentStatus.COMPLETED:
        return None
    return release.held(times.now)


async def _bundle(uow: UnitOfWork, bank: QuestionBank, identity: Identity, row: AssessmentRow) -> Bundle:
    return Bundle(
        assessment_id=row.id,
        track=_track(row),
        status=status_of(row.times),
        started_at=row.times.started_at,
        expires_at=row.times.expires_at,
        resume_token=identity.resume_token(row.id, row.student_id, row.times.started_at, row.times.expires_at),
        questions=await _questions(uow, bank, row.id),
    )


async def _questions(uow: UnitOfWork, bank: QuestionBank, assessment_id: UUID) -> tuple[AskedQuestion, ...]:
    asked = await uow.assessments.asked(assessment_id)
    contents = await bank.contents(uow, [question.version_id for question in asked])
    return tuple(
        show(question.question_id, question.position, contents[question.version_id])
        for question in asked
        if question.version_id in contents
    )


async def _read(uow: UnitOfWork, bank: QuestionBank, row: AssessmentRow, reader: Actor) -> AssessmentRead:
    answers = await uow.responses.all(row.id)
    return AssessmentRead(
        **_summary(row, reader).model_dump(by_alias=False),
        questions=await _questions(uow, bank, row.id),
        answers={question_id: AnswerState(answer=saved.answer, answered_at=saved.answered_at) for question_id, saved in answers.items()},
        answered=sum(not is_blank(saved.answer) for saved in answers.values()),
    )


def _summary(row: AssessmentRow, reader: Actor) -> AssessmentSummary:
    return AssessmentSummary(
        assessment_id=row.id,
        track=_track(row),
        status=status_of(row.times),
        started_at=row.times.started_at,
        expires_at=row.times.expires_at,
        submitted_at=row.times.submitted_at,
        completed_at=row.times.completed_at,
        held_back=held_back(reader, row.times, row.release),
    )


def _track(row: AssessmentRow) -> TrackName:
    return TrackName(id=row.track_id, slug=row.track_slug, name=row.track_name)
