"""Tracks: the roles a student can choose."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from assay.api.v1.problems import problems
from assay.domain.tracks import TrackStatus
from assay.edge.dependencies import TrackReader, Uow
from assay.kit.model import Value
from assay.services import tracks
from assay.services.tracks import TrackRead

router = APIRouter(prefix="/tracks", tags=["tracks"])


class TrackList(Value):
    """All tracks in one answer; there are few."""

    items: tuple[TrackRead, ...]
    next_cursor: str | None = None


@router.get("", responses=problems(401, 403))
async def list_tracks(
    actor: TrackReader, uow: Uow, status: Annotated[TrackStatus | None, Query(description="Admins only")] = None
) -> TrackList:
    """Roles that can be chosen, with the skills in focus and the question mix."""
    return TrackList(items=tuple(await tracks.list_tracks(uow, actor, status)))


@router.get("/{track_id}", responses=problems(401, 403, 404))
async def get_track(track_id: UUID, actor: TrackReader, uow: Uow) -> TrackRead:
    """One role."""
    return await tracks.get(uow, actor, track_id)
