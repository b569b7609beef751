"""Tracks, as students preview them."""

from uuid import UUID

from assay.db.models import Track
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Permission
from assay.domain.errors import NotFound
from assay.domain.release import ReleasePolicy
from assay.domain.tracks import QuestionMix, SkillLevel, TrackStatus
from assay.kit.model import Value


class SkillRead(Value):
    """A skill with its name for people."""

    slug: str
    name: str


class TrackRead(Value):
    """A track as the API and the pages show it."""

    id: UUID
    slug: str
    status: TrackStatus
    name: str
    description: str
    skill_focus: tuple[str, ...]
    skills: tuple[SkillRead, ...]
    question_mix: QuestionMix
    target_level: SkillLevel
    expiry_days: int
    fallback_credentials: tuple[str, ...]
    release_policy: ReleasePolicy
    version: int


class TrackList(Value):
    """All tracks in one answer; there are few."""

    items: tuple[TrackRead, ...]
    next_cursor: str | None = None


async def list_tracks(uow: UnitOfWork, actor: Actor | None, status: TrackStatus | None = None) -> list[TrackRead]:
    """Active tracks; those who may edit tracks can ask for other states. Without an `actor` it is the operator, who sees all."""
    wanted = [status] if status and _keeps(actor) else [TrackStatus.ACTIVE] if actor else [*TrackStatus]
    names = await uow.tracks.skill_names()
    return [_read(track, names) for track in await uow.tracks.list(wanted)]


async def list_names(uow: UnitOfWork) -> list[tuple[str, str]]:
    """Slug and name of each active track, by name."""
    return [(track.slug, track.name) for track in await uow.tracks.list([TrackStatus.ACTIVE])]


async def get(uow: UnitOfWork, actor: Actor | None, track_id: UUID) -> TrackRead:
    """One track. Raises `NotFound`, also for one that is not active and not the caller's to edit."""
    track = await uow.tracks.get(track_id)
    if track is None or (track.status != TrackStatus.ACTIVE and not _keeps(actor)):
        raise NotFound("There is no such track.")
    return _read(track, await uow.tracks.skill_names())


def _keeps(actor: Actor | None) -> bool:
    return actor is None or actor.may(Permission.TRACK_WRITE)


def _read(track: Track, names: dict[str, str]) -> TrackRead:
    return TrackRead(
        id=track.id,
        slug=track.slug,
        status=TrackStatus(track.status),
        name=track.name,
        description=track.description,
        skill_focus=tuple(track.skill_focus),
        skills=tuple(SkillRead(slug=slug, name=names.get(slug, slug)) for slug in track.skill_focus),
        question_mix=QuestionMix.model_validate(track.question_mix),
        target_level=SkillLevel(track.target_level),
        expiry_days=track.expiry_days,
        fallback_credentials=tuple(track.fallback_credentials),
        release_policy=ReleasePolicy.model_validate(track.release_policy),
        version=track.version,
    )
