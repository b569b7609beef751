"""Where the content stands, for those who keep it: what each track lacks, what is under way on it, and the catalog and index behind it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from assay.db.repositories.questions import TypeCount
from assay.db.unit_of_work import UnitOfWork
from assay.domain.bundle import MissingQuestions, missing
from assay.domain.questions import QuestionType
from assay.domain.tracks import QuestionMix
from assay.kit.model import Value
from assay.services import tracks
from assay.services.tracks import TrackRead


class TrackStanding(Value):
    """What the active bank offers a track, what it lacks for the track's mix, and how many assessments are open on it."""

    available: dict[QuestionType, int]
    lacking: tuple[MissingQuestions, ...]
    answering: int
    scoring: int

    def lacking_for(self, mix: QuestionMix) -> tuple[MissingQuestions, ...]:
        """What another mix would lack."""
        return tuple(missing(self.available, mix))


class IndexStanding(Value):
    """The index that is searched: when it was put in force, and how many credentials have changed since it was built."""

    activated_at: datetime | None
    chunks: int
    behind: int


class ContentStanding(Value):
    """Everything on one page."""

    tracks: tuple[TrackRead, ...]
    standings: dict[UUID, TrackStanding]
    questions: dict[QuestionType, TypeCount]
    credentials: dict[str, int]
    index: IndexStanding | None
    building: bool
    waiting_jobs: int
    """Jobs that were given up and that nobody has sent again."""


async def of_tracks(uow: UnitOfWork, listed: Sequence[TrackRead]) -> dict[UUID, TrackStanding]:
    """How each of these tracks stands."""
    available = await uow.questions.counts([track.id for track in listed])
    running = await uow.assessments.running()
    return {track.id: _of_track(available[track.id], track.question_mix, *running.get(track.id, (0, 0))) for track in listed}


async def read(uow: UnitOfWork) -> ContentStanding:
    """All of it, in a handful of statements."""
    listed = await tracks.list_tracks(uow, None)
    return ContentStanding(
        tracks=tuple(listed),
        standings=await of_tracks(uow, listed),
        questions=await uow.questions.totals(),
        credentials=await uow.credentials.totals(),
        index=await _index(uow),
        building=await uow.index.unfinished() is not None,
        waiting_jobs=await uow.job_records.waiting(),
    )


def _of_track(available: Mapping[QuestionType, int], mix: QuestionMix, answering: int, scoring: int) -> TrackStanding:
    return TrackStanding(available=dict(available), lacking=tuple(missing(available, mix)), answering=answering, scoring=scoring)


async def _index(uow: UnitOfWork) -> IndexStanding | None:
    active = await uow.index.active()
    if active is None:
        return None
    return IndexStanding(activated_at=active.activated_at, chunks=active.chunk_count, behind=await uow.index.behind())
