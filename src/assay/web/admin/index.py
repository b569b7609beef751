"""The search index as an admin keeps it: what is searched, how far the catalog has moved on, rebuilding, switching and going back."""

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from assay.domain.actors import Permission
from assay.domain.errors import Conflict
from assay.edge.dependencies import RuntimeDep, Uow
from assay.runtime import Runtime
from assay.services import index_outlook, index_versions
from assay.web.admin import catalog_words
from assay.web.rendering import fragment, page
from assay.web.session import Session, may

type IndexKeeper = Annotated[Session, may(Permission.INDEX_MANAGE)]

router = APIRouter(prefix="/admin/index")

_PAGE: Final = 20
_DONE: Final = {
    "asked": "The index is being rebuilt. Searches go on meanwhile.",
    "switched": "Searches go to this version from now on.",
}
REFUSALS: Final = {
    "index_not_ready": "It is not whole: only a version that is ready, or was searched before, can be searched.",
    "index_of_another_embedder": "It was built by another embedder than the one that reads questions now, so that its vectors mean nothing "
    "to it. Rebuild the index instead.",
    "index_not_held": "The vector store does not hold it any more. Rebuild the index instead.",
    "unavailable": "The vector store does not answer just now, so it is not known whether it holds this version. Try again in a moment.",
}
"""Why a version cannot be switched to, by the code of the refusal."""
_RACED: Final = {
    "index_building": "A version is being built already. When it is whole you can ask for another.",
}


@router.get("")
async def index(request: Request, _who: IndexKeeper, runtime: RuntimeDep, uow: Uow, done: str = "", cursor: UUID | None = None) -> Response:
    """What is searched, and all versions."""
    return await _index(request, runtime, uow, notice=_DONE.get(done, ""), cursor=cursor)


@router.get("/fragment")
async def index_fragment(_who: IndexKeeper, runtime: RuntimeDep, uow: Uow) -> Response:
    """How far the build is; it ends when none is under way."""
    outlook = await index_outlook.outlook(uow, runtime.embedder)
    return HTMLResponse(fragment("admin/index_progress.html", told=catalog_words, building=outlook.building))


@router.post("/rebuild")
async def rebuild(request: Request, who: IndexKeeper, runtime: RuntimeDep, uow: Uow) -> Response:
    """Ask for a new version; it is switched to when it is whole, unless it shall only be built."""
    form = await request.form()
    afresh, switch = form.get("afresh") == "yes", form.get("switch") != "no"
    try:
        await index_versions.request(uow, runtime.embedder, afresh=afresh, switch=switch, actor_id=who.actor.id)
    except Conflict as refused:
        return await _index(request, runtime, uow, refused=refused)
    return RedirectResponse("/admin/index?done=asked", HTTPStatus.SEE_OTHER)


@router.get("/versions/{version_id:uuid}")
async def version(version_id: UUID, request: Request, _who: IndexKeeper, runtime: RuntimeDep, done: str = "") -> Response:
    """One version beside the one that is searched, and beside the catalog."""
    return await _version(request, runtime, version_id, notice=_DONE.get(done, ""))


@router.post("/versions/{version_id:uuid}/activate")
async def activate(version_id: UUID, request: Request, who: IndexKeeper, runtime: RuntimeDep) -> Response:
    """Search this version from now on."""
    # the store is asked first, outside of any transaction; then the switch is one
    if await index_outlook.refusal(runtime.open_uow, runtime.embedder, runtime.vector_store, version_id):
        return await _version(request, runtime, version_id, status=HTTPStatus.CONFLICT)
    async with runtime.open_uow() as uow:
        await index_versions.activate(uow, version_id, actor_id=who.actor.id)
    return RedirectResponse(f"/admin/index/versions/{version_id}?done=switched", HTTPStatus.SEE_OTHER)


async def _index(
    request: Request, runtime: Runtime, uow: Uow, *, notice: str = "", cursor: UUID | None = None, refused: Conflict | None = None
) -> Response:
    return page(
        request,
        "admin/index.html",
        status=HTTPStatus.CONFLICT if refused else HTTPStatus.OK,
        notice=notice,
        told=catalog_words,
        refused=_RACED.get(refused.error_code, refused.detail) if refused else "",
        outlook=await index_outlook.outlook(uow, runtime.embedder),
        listed=await index_versions.page(uow, cursor, _PAGE),
        embedder=runtime.embedder.name,
    )


async def _version(
    request: Request, runtime: Runtime, version_id: UUID, *, notice: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Response:
    refusal = await index_outlook.refusal(runtime.open_uow, runtime.embedder, runtime.vector_store, version_id)
    async with runtime.open_uow(autocommit=True) as uow:
        found = await index_versions.get(uow, version_id)
        drift = await index_versions.compare(uow, runtime.embedder, version_id)
        outlook = await index_outlook.outlook(uow, runtime.embedder)
    return page(
        request,
        "admin/index_version.html",
        status=status,
        notice=notice,
        told=catalog_words,
        built=found,
        drift=drift,
        outlook=outlook,
        refusal=REFUSALS.get(refusal, REFUSALS["index_not_ready"]) if refusal else "",
        refused=status is HTTPStatus.CONFLICT,
    )
