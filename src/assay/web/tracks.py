"""Tracks: what each is for, what it asks, and starting one."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Permission
from assay.domain.errors import NotFound
from assay.domain.progress import AssessmentStatus
from assay.edge.dependencies import RuntimeDep, Uow
from assay.services import assessments, tracks
from assay.services.tracks import TrackRead
from assay.web.rendering import page
from assay.web.session import Session, Taker, TrackReader

router = APIRouter(prefix="/tracks")

RECENT = 50


@router.get("")
async def gallery(request: Request, who: TrackReader, uow: Uow) -> Response:
    """All tracks that can be started."""
    offered = await tracks.list_tracks(uow, who.actor)
    return page(request, "tracks.html", tracks=offered, open_tracks=await _open_tracks(uow, who))


@router.get("/{track}")
async def show(track: str, request: Request, who: TrackReader, uow: Uow) -> Response:
    """One track, by its slug or its id."""
    found = await _find(uow, who, track)
    opened = await _open_tracks(uow, who)
    return page(request, "track.html", track=found, open_id=opened.get(found.id))


@router.post("/{track}/start")
async def start(track: str, request: Request, who: Taker, runtime: RuntimeDep, uow: Uow) -> Response:
    """Start, or go on with the assessment of this track that is open."""
    found = await _find(uow, who, track)
    bundle, _ = await assessments.start(uow, runtime.bank, runtime.identity, who.actor, found.id)
    request.state.track = found.slug
    return RedirectResponse(f"/assessments/{bundle.assessment_id}", HTTPStatus.SEE_OTHER)


async def _find(uow: UnitOfWork, who: Session, track: str) -> TrackRead:
    for offered in await tracks.list_tracks(uow, who.actor):
        if track in {offered.slug, str(offered.id)}:
            return offered
    raise NotFound("There is no such track, or it is no longer offered.")


async def _open_tracks(uow: UnitOfWork, who: Session) -> dict[UUID, UUID]:
    """The student's open assessments by track."""
    listed = await assessments.list_visible(uow, who.actor, None, RECENT)
    mine = who.actor.may(Permission.ASSESSMENT_TAKE)
    return {each.track.id: each.assessment_id for each in listed.items if mine and each.status is AssessmentStatus.IN_PROGRESS}
