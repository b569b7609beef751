"""The embedding index: versions, rebuilds in the background, the switch and the way back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from assay.api.v1.problems import problems
from assay.domain.actors import Actor
from assay.edge.dependencies import IdempotencyHeader, IndexKeeper, RuntimeDep, Uow
from assay.services import idempotency, index_versions
from assay.services.index_versions import DriftRead, IndexPage, IndexRead, IndexWrite

router = APIRouter(prefix="/index", tags=["index"])


@router.get("/versions", responses=problems(401, 403))
async def list_versions(
    _actor: IndexKeeper, uow: Uow, limit: Annotated[int, Query(ge=1, le=200)] = 50, cursor: UUID | None = None
) -> IndexPage:
    """All versions, newest first, each with the progress of its build."""
    return await index_versions.page(uow, cursor, limit)


@router.post("/versions", status_code=status.HTTP_202_ACCEPTED, responses=problems(401, 403, 409))
async def build_version(body: IndexWrite, actor: IndexKeeper, runtime: RuntimeDep, uow: Uow, key: IdempotencyHeader = None) -> IndexRead:
    """Build a version in the background and leave it ready: nothing is switched."""
    return await _request(uow, runtime, actor, body, key, switch=False)


@router.post("/rebuild", status_code=status.HTTP_202_ACCEPTED, responses=problems(401, 403, 409))
async def rebuild(body: IndexWrite, actor: IndexKeeper, runtime: RuntimeDep, uow: Uow, key: IdempotencyHeader = None) -> IndexRead:
    """Build a version in the background and switch to it once it is whole. The present one is searched until then."""
    return await _request(uow, runtime, actor, body, key, switch=True)


@router.get("/versions/{version_id}", responses=problems(401, 403, 404))
async def get_version(version_id: UUID, _actor: IndexKeeper, uow: Uow) -> IndexRead:
    """One version and its progress."""
    return await index_versions.get(uow, version_id)


@router.post("/versions/{version_id}/activate", responses=problems(401, 403, 404, 409, 503))
async def activate(version_id: UUID, actor: IndexKeeper, runtime: RuntimeDep, key: IdempotencyHeader = None) -> IndexRead:
    """Search this version from now on."""
    return await _activate(runtime, actor, version_id, key, ["activate", str(version_id)])


@router.post("/rollback", responses=problems(401, 403, 404, 409, 503))
async def roll_back(actor: IndexKeeper, runtime: RuntimeDep, key: IdempotencyHeader = None) -> IndexRead:
    """Search the version again that was searched before the present one."""
    async with runtime.open_uow(autocommit=True) as uow:
        version_id = await index_versions.before(uow)
    return await _activate(runtime, actor, version_id, key, ["rollback"])


@router.get("/drift", responses=problems(401, 403, 404))
async def read_drift(_actor: IndexKeeper, runtime: RuntimeDep, uow: Uow) -> DriftRead:
    """Which credentials have changed since the active version was built."""
    return await index_versions.compare(uow, runtime.embedder)


async def _request(uow: Uow, runtime: RuntimeDep, actor: Actor, body: IndexWrite, key: str | None, *, switch: bool) -> IndexRead:
    async def act() -> idempotency.JsonObject:
        asked = await index_versions.request(uow, runtime.embedder, afresh=body.afresh, switch=switch, actor_id=actor.id)
        return asked.model_dump(mode="json")

    request = ["index", switch, body.model_dump(mode="json")]
    return IndexRead.model_validate((await idempotency.once(uow, actor, key, request, act)).response)


async def _activate(runtime: RuntimeDep, actor: Actor, version_id: UUID, key: str | None, request: list[str]) -> IndexRead:
    """The store is asked first, outside of any transaction; then the switch is one."""
    await index_versions.require_switchable(runtime.open_uow, runtime.embedder, runtime.vector_store, version_id)
    async with runtime.open_uow() as uow:

        async def act() -> idempotency.JsonObject:
            return (await index_versions.activate(uow, version_id, actor_id=actor.id)).model_dump(mode="json")

        return IndexRead.model_validate((await idempotency.once(uow, actor, key, request, act)).response)
