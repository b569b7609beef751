"""Tracks: the roles a student can choose, and what those who keep them do with them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from assay.api.v1.problems import problems
from assay.domain.tracks import TrackStatus
from assay.edge.conditional import Seen, tagged
from assay.edge.dependencies import IdempotencyHeader, TrackKeeper, TrackReader, Uow
from assay.services import idempotency, track_edits, tracks
from assay.services.track_edits import TrackCreate, TrackWrite
from assay.services.tracks import TrackList, TrackRead

router = APIRouter(prefix="/tracks", tags=["tracks"])


@router.get("", responses=problems(401, 403))
async def list_tracks(
    actor: TrackReader, uow: Uow, wanted: Annotated[TrackStatus | None, Query(alias="status", description="Admins only")] = None
) -> TrackList:
    """Roles that can be chosen, with the skills in focus and the question mix."""
    return TrackList(items=tuple(await tracks.list_tracks(uow, actor, wanted)))


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 409))
async def create_track(body: TrackCreate, actor: TrackKeeper, uow: Uow, response: Response, key: IdempotencyHeader = None) -> TrackRead:
    """Define a role: a draft, unless its questions are there already and it shall be active at once."""

    async def act() -> idempotency.JsonObject:
        return (await track_edits.create(uow, actor, body)).model_dump(mode="json")

    done = await idempotency.once(uow, actor, key, ["track", body.model_dump(mode="json")], act)
    return tagged(response, TrackRead.model_validate(done.response))


@router.get("/{track_id}", responses=problems(401, 403, 404))
async def get_track(track_id: UUID, actor: TrackReader, uow: Uow, response: Response) -> TrackRead:
    """One role."""
    return tagged(response, await tracks.get(uow, actor, track_id))


@router.put("/{track_id}", responses=problems(401, 403, 404, 409, 412, 428))
async def replace_track(track_id: UUID, body: TrackWrite, actor: TrackKeeper, uow: Uow, seen: Seen, response: Response) -> TrackRead:
    """Edit, activate or retire a role. Assessments that are open keep what they were asked."""
    return tagged(response, await track_edits.replace(uow, actor, track_id, body, seen))


@router.delete("/{track_id}", responses=problems(401, 403, 404, 412, 428))
async def retire_track(track_id: UUID, actor: TrackKeeper, uow: Uow, seen: Seen, response: Response) -> TrackRead:
    """Let nobody start a role any more. It stays where it is referred to, and can be made active again."""
    return tagged(response, await track_edits.retire(uow, actor, track_id, seen))
