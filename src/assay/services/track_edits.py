"""Tracks as admins keep them: define, edit, activate and retire. One that can be started can always be asked in full."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from pydantic import model_validator

from assay.db.models import Track
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.bundle import MissingQuestions, missing
from assay.domain.changes import changes
from assay.domain.errors import Conflict, FieldProblem, Invalid, NotFound
from assay.domain.preconditions import require_seen
from assay.domain.questions import Slug
from assay.domain.tracks import QuestionMix, TrackContent, TrackStatus
from assay.kit.ids import new_id
from assay.kit.text import all_storable
from assay.services import audit, tracks
from assay.services.tracks import TrackRead

SHORT: Final = "track_short_of_questions"
"""The code of every answer that would leave an active track without enough questions."""


class TrackWrite(TrackContent):
    """A track as it shall be. Left out of the present state, what has a default falls back to it."""

    status: TrackStatus = TrackStatus.DRAFT

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, raw: Any) -> Any:
        return all_storable(raw)


class TrackCreate(TrackWrite):
    """A new track; its slug stays."""

    slug: Slug


async def create(uow: UnitOfWork, actor: Actor | None, wanted: TrackCreate) -> TrackRead:
    """Write a track; without an `actor` it was the operator.

    Raises `Conflict` for a slug that is taken or an active track without questions, `Invalid` for unknown names.
    """
    track_id = new_id()
    await _require_known(uow, wanted)
    if wanted.status is TrackStatus.ACTIVE:
        await require_askable(uow, {track_id: (wanted.name, wanted.question_mix)})
    if not await uow.tracks.insert({"id": track_id, "slug": wanted.slug, **columns(wanted, wanted.status)}):
        raise Conflict(f"There is a track called {wanted.slug} already.", code="slug_taken", problems=(FieldProblem("/slug", "is taken"),))
    made = await tracks.get(uow, actor, track_id)
    await audit.record(uow, actor, AuditAction.TRACK_CREATED, "track", track_id, changes(None, made))
    return made


async def replace(uow: UnitOfWork, actor: Actor | None, track_id: UUID, wanted: TrackWrite, seen: frozenset[str]) -> TrackRead:
    """Bring a track to what is `wanted`, if it still is as it was `seen`. Assessments that are open keep what they were asked.

    Raises as `create` does, `NotFound`, and what `require_seen` raises.
    """
    row, before = await _seen(uow, actor, track_id, seen)
    await _require_known(uow, wanted)
    if wanted.status is TrackStatus.ACTIVE:
        await require_askable(uow, {track_id: (wanted.name, wanted.question_mix)})
    return await _write(uow, actor, row, before, columns(wanted, wanted.status), AuditAction.TRACK_UPDATED)


async def retire(uow: UnitOfWork, actor: Actor | None, track_id: UUID, seen: frozenset[str]) -> TrackRead:
    """Let nobody start the track any more; what is open is finished. Raises as `replace` does."""
    row, before = await _seen(uow, actor, track_id, seen)
    return await _write(uow, actor, row, before, {"status": TrackStatus.RETIRED.value}, AuditAction.TRACK_RETIRED)


def columns(content: TrackContent, status: TrackStatus) -> dict[str, Any]:
    """What a row of a track holds, its identity and version aside."""
    return {
        "status": status.value,
        "name": content.name,
        "description": content.description,
        "skill_focus": list(content.skill_focus),
        "question_mix": content.question_mix.model_dump(mode="json"),
        "target_level": content.target_level.value,
        "expiry_days": content.expiry_days,
        "fallback_credentials": list(content.fallback_credentials),
        "release_policy": content.release_policy.stored,
    }


def assign(row: Track, values: Mapping[str, Any]) -> bool:
    """Bring `row` to `values`, one version further if that changes anything; whether it does."""
    changed = any(getattr(row, name) != value for name, value in values.items())
    if changed:
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
    return changed


async def require_askable(uow: UnitOfWork, mixes: Mapping[UUID, tuple[str, QuestionMix]]) -> None:
    """Raises `Conflict`, naming what is missing, unless the bank fills the mix of each track (its name and mix, by id).

    Hold the tracks first, so that nobody takes a question away at the same time.
    """
    available = await uow.questions.counts(mixes)
    lacking = {track_id: missing(available[track_id], mix) for track_id, (_, mix) in mixes.items()}
    short = [(mixes[track_id][0], lacks) for track_id, lacks in lacking.items() if lacks]
    if short:
        told = " ".join(_told(name, lacks) for name, lacks in short)
        detail = f"{told} Add or activate questions for it, or ask for fewer of these, first."
        problems = tuple(FieldProblem(f"/questionMix/{lack.type}", _lack(lack)) for _, lacks in short for lack in lacks)
        raise Conflict(detail, code=SHORT, problems=problems)


async def _seen(uow: UnitOfWork, actor: Actor | None, track_id: UUID, seen: frozenset[str]) -> tuple[Track, TrackRead]:
    held = await uow.tracks.locked([track_id])
    if not held:
        raise NotFound("There is no such track.")
    before = await tracks.get(uow, actor, track_id)
    require_seen(before, seen)
    return held[0], before


async def _write(
    uow: UnitOfWork, actor: Actor | None, row: Track, before: TrackRead, values: Mapping[str, Any], action: AuditAction
) -> TrackRead:
    if not assign(row, values):
        return before
    await uow.session.flush()
    after = await tracks.get(uow, actor, row.id)
    await audit.record(uow, actor, action, "track", row.id, changes(before, after))
    return after


async def _require_known(uow: UnitOfWork, wanted: TrackContent) -> None:
    if unknown := [*await _unknown_skills(uow, wanted), *await _unknown_credentials(uow, wanted)]:
        raise Invalid("The track names what there is not.", problems=tuple(unknown))


async def _unknown_skills(uow: UnitOfWork, wanted: TrackContent) -> list[FieldProblem]:
    known = await uow.tracks.skill_names()
    return [FieldProblem(f"/skillFocus/{place}", f"there is no skill called {slug}") for place, slug in _without(wanted.skill_focus, known)]


async def _unknown_credentials(uow: UnitOfWork, wanted: TrackContent) -> list[FieldProblem]:
    listed = wanted.fallback_credentials
    known = {row.slug: row for row in await uow.credentials.by_slugs(listed)} if listed else {}
    return [
        FieldProblem(f"/fallbackCredentials/{place}", f"no published credential is called {slug}")
        for place, slug in _without(listed, known)
    ]


def _without(named: tuple[str, ...], known: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    return ((place, slug) for place, slug in enumerate(named) if slug not in known)


def _told(name: str, lacks: list[MissingQuestions]) -> str:
    return f"{name} {', '.join(map(_lack, lacks))}."


def _lack(lack: MissingQuestions) -> str:
    return f"needs {lack.needed} {lack.type} questions and has {lack.available}"
