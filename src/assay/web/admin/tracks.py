"""Tracks as an admin keeps them: which there are and what they lack, their forms, and when they can be started."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from assay.domain.actors import Permission
from assay.domain.errors import Conflict, DomainError, Invalid, PreconditionFailed
from assay.domain.preconditions import tag
from assay.domain.tracks import TrackContent, TrackStatus
from assay.edge.dependencies import RuntimeDep, Uow
from assay.runtime import Runtime
from assay.services import content_standing, track_edits, tracks
from assay.services.track_edits import SHORT, TrackWrite
from assay.services.tracks import TrackRead
from assay.web.admin import field_names, track_form, words
from assay.web.admin.differences import Difference, differences, labels
from assay.web.admin.entries import ROWS_FIELD, Entries
from assay.web.admin.reading import GENERAL, Problems, capital
from assay.web.rendering import page
from assay.web.session import Session, may

type TrackKeeper = Annotated[Session, may(Permission.TRACK_WRITE)]
type Seen = Annotated[str, Form()]

router = APIRouter(prefix="/admin/tracks")

DONE: Final[Mapping[str, str]] = {
    "created": "The track is kept as a draft. Nobody sees it until it is made active.",
    "saved": "The track is saved.",
    "activated": "The track can be started now.",
    "retired": "Nobody can start the track any more. What is open can be finished.",
}
FIELDS: Final = TrackContent.model_fields.keys()


@router.get("")
async def listed(request: Request, who: TrackKeeper, uow: Uow, status: str = "") -> Response:
    """All tracks, or those of one status, with what each lacks and what is under way."""
    wanted = [TrackStatus(status)] if status in set(TrackStatus) else list(TrackStatus)
    found = [track for each in wanted for track in await tracks.list_tracks(uow, who.actor, each)]
    found.sort(key=lambda track: (list(TrackStatus).index(track.status) if track.status is TrackStatus.RETIRED else 0, track.name))
    standings = await content_standing.of_tracks(uow, found)
    return page(request, "admin/tracks.html", tracks=found, standings=standings, chosen=status, named=words)


@router.get("/new")
async def blank(request: Request, _who: TrackKeeper, runtime: RuntimeDep) -> Response:
    """The form of a new track."""
    return await _form(request, runtime, None, track_form.blank())


@router.post("/new")
async def create(request: Request, who: TrackKeeper, runtime: RuntimeDep) -> Response:
    """Keep a new track as a draft."""
    entries = Entries.of_form(await request.form())
    if entries.rearranged(entries.get(ROWS_FIELD), "name"):
        return await _form(request, runtime, None, entries)
    wanted, problems = track_form.read_new(entries, await _vocabulary(runtime))
    if wanted is None:
        return await _form(request, runtime, None, entries, problems)
    try:
        async with runtime.open_uow() as uow:
            made = await track_edits.create(uow, who.actor, wanted)
    except (Conflict, Invalid) as refused:
        return await _form(request, runtime, None, entries, _problems(entries, refused))
    return _to(made.id, "created")


@router.get("/{track_id:uuid}")
async def show(track_id: UUID, request: Request, who: TrackKeeper, runtime: RuntimeDep, done: str = "") -> Response:
    """A track with its form."""
    track = await _track(runtime, who, track_id)
    return await _form(request, runtime, track, track_form.entries_of(track_content(track)), done=done)


@router.post("/{track_id:uuid}")
async def save(track_id: UUID, request: Request, who: TrackKeeper, runtime: RuntimeDep) -> Response:
    """Bring a track to what the form says, unless somebody else has changed it meanwhile: then both are shown."""
    entries = Entries.of_form(await request.form())
    track = await _track(runtime, who, track_id)
    if entries.rearranged(entries.get(ROWS_FIELD), "name"):
        return await _form(request, runtime, track, entries)
    wanted, problems = track_form.read(entries, await _vocabulary(runtime), track.status)
    if wanted is None:
        return await _form(request, runtime, track, entries, problems)
    try:
        async with runtime.open_uow() as uow:
            await track_edits.replace(uow, who.actor, track_id, wanted, frozenset({entries.get("seen")}))
    except PreconditionFailed:
        now = await _track(runtime, who, track_id)
        return await _form(request, runtime, now, entries, theirs=_theirs(entries, now))
    except (Conflict, Invalid) as refused:
        return await _form(request, runtime, track, entries, _problems(entries, refused))
    return _to(track_id, "saved")


@router.post("/{track_id:uuid}/activate")
async def activate(track_id: UUID, who: TrackKeeper, uow: Uow, seen: Seen) -> Response:
    """Let students start a track. The service refuses one that is short of questions, as the page has said."""
    track = await tracks.get(uow, who.actor, track_id)
    wanted = TrackWrite.model_validate({**track_content(track).model_dump(by_alias=False), "status": TrackStatus.ACTIVE})
    await track_edits.replace(uow, who.actor, track_id, wanted, frozenset({seen}))
    return _to(track_id, "activated")


@router.post("/{track_id:uuid}/retire")
async def retire(track_id: UUID, who: TrackKeeper, uow: Uow, seen: Seen) -> Response:
    """Let nobody start a track any more."""
    await track_edits.retire(uow, who.actor, track_id, frozenset({seen}))
    return _to(track_id, "retired")


@router.get("/{track_id:uuid}/activate")
@router.get("/{track_id:uuid}/retire")
async def back(track_id: UUID, _who: TrackKeeper) -> Response:
    """Where a form was sent, asked for by reloading: back to the track."""
    return RedirectResponse(f"/admin/tracks/{track_id}", HTTPStatus.SEE_OTHER)


def track_content(track: TrackRead) -> TrackContent:
    """What a track is, without its identity and state."""
    return TrackContent.model_validate(track.model_dump(by_alias=False, include=set(FIELDS)))


async def _form(
    request: Request,
    runtime: Runtime,
    track: TrackRead | None,
    entries: Entries,
    problems: Problems | None = None,
    *,
    theirs: list[Difference] | None = None,
    done: str = "",
) -> Response:
    async with runtime.open_uow(autocommit=True) as uow:
        standing = (await content_standing.of_tracks(uow, [track]))[track.id] if track else None
        vocabulary = await uow.tracks.skill_names()
    return page(
        request,
        "admin/track.html",
        status=_status(problems, theirs),
        notice=DONE.get(done, ""),
        track=track,
        standing=standing,
        entries=entries,
        problems=problems or {},
        summary=field_names.summary(problems or {}, entries),
        theirs=theirs,
        seen=_seen(track, entries, theirs),
        was=_was(track, entries, theirs),
        vocabulary=sorted(vocabulary.items(), key=lambda skill: skill[1].casefold()),
        named=words,
    )


async def _track(runtime: Runtime, who: Session, track_id: UUID) -> TrackRead:
    async with runtime.open_uow(autocommit=True) as uow:
        return await tracks.get(uow, who.actor, track_id)


async def _vocabulary(runtime: Runtime) -> dict[str, str]:
    async with runtime.open_uow(autocommit=True) as uow:
        return await uow.tracks.skill_names()


def _status(problems: Problems | None, theirs: list[Difference] | None) -> HTTPStatus:
    if theirs is not None:
        return HTTPStatus.PRECONDITION_FAILED
    return HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK


def _seen(track: TrackRead | None, entries: Entries, theirs: list[Difference] | None) -> str:
    """The state that the form was made on; once the other's changes are shown, theirs."""
    if track is None:
        return ""
    return tag(track) if theirs is not None else entries.get("seen", tag(track))


def _was(track: TrackRead | None, entries: Entries, theirs: list[Difference] | None) -> str:
    """That state in words, to tell later what another has changed."""
    if track is None:
        return ""
    now = json.dumps(track_form.labelled(track_content(track)))
    return now if theirs is not None else entries.get("was", now)


def _theirs(entries: Entries, track: TrackRead) -> list[Difference]:
    return differences(labels(entries.get("was")), track_form.labelled(track_content(track)))


def _problems(entries: Entries, refused: DomainError) -> Problems:
    """What a service refuses, by field."""
    if refused.error_code == SHORT:
        return {"mix": refused.detail}
    told = {track_form.field_of_pointer(entries, each.pointer): capital(each.message) for each in refused.problems}
    return told or {GENERAL: refused.detail}


def _to(track_id: UUID, done: str) -> Response:
    return RedirectResponse(f"/admin/tracks/{track_id}?done={done}", HTTPStatus.SEE_OTHER)
