"""What is amiss in the catalog, as a page; and the catalog as a file."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from assay.db.repositories.catalog import CatalogFilter
from assay.domain.credentials import CredentialStatus
from assay.domain.imports import CatalogFormat
from assay.edge.dependencies import RuntimeDep
from assay.runtime import Runtime
from assay.services import catalog_exports, catalog_reports, catalog_uploads, credential_uses
from assay.web.admin import catalog_words
from assay.web.admin.catalog import CatalogKeeper
from assay.web.rendering import page

router = APIRouter(prefix="/admin/catalog")

READ_AT_ONCE: Final = 20_000
"""Credentials that can be looked through while somebody waits: some ten seconds of them."""
ASKED_AT_ONCE: Final = 500
"""Credentials whose links can be asked for while somebody waits, eight at a time."""


_TOLD: Final = 200
"""Findings of each kind that are listed; their number is always whole."""


@router.get("/report")
async def report(request: Request, _who: CatalogKeeper, runtime: RuntimeDep) -> Response:
    """What is amiss, links not asked for."""
    return await _page(request, runtime, links=False)


@router.post("/report")
async def report_with_links(request: Request, _who: CatalogKeeper, runtime: RuntimeDep) -> Response:
    """The same, with every homepage asked for whether it is there."""
    return await _page(request, runtime, links=True)


@router.get("/export")
async def export(request: Request, _who: CatalogKeeper, runtime: RuntimeDep) -> Response:
    """The catalog in its current versions, as a file that imports as it was."""
    given = request.query_params
    kind = next((each for each in CatalogFormat if each == given.get("format")), CatalogFormat.CSV)
    status = next((each for each in CredentialStatus if each == given.get("status")), None)
    parts = catalog_exports.export(runtime.open_uow, kind, status)
    disposition = {"Content-Disposition": f'attachment; filename="catalog.{catalog_uploads.SUFFIX[kind]}"'}
    return StreamingResponse(parts, media_type=catalog_exports.media_type(kind), headers=disposition)


async def _page(request: Request, runtime: Runtime, *, links: bool) -> Response:
    async with runtime.open_uow(autocommit=True) as uow:
        count = await uow.catalog.count(CatalogFilter())
        uncovered = await credential_uses.uncovered(uow)
    asks = links and count <= ASKED_AT_ONCE
    found = await catalog_reports.report(runtime.open_uow, runtime.links if asks else None) if count <= READ_AT_ONCE else None
    return page(
        request,
        "admin/catalog_report.html",
        status=HTTPStatus.OK,
        told=catalog_words,
        most=_TOLD,
        count=count,
        found=found,
        uncovered=uncovered,
        asked=asks,
        may_ask=count <= ASKED_AT_ONCE,
        addresses=await _addresses(runtime, found),
    )


async def _addresses(runtime: Runtime, found: catalog_reports.CatalogReport | None) -> dict[str, str]:
    """Pages of the credentials that a report names, by slug."""
    if found is None:
        return {}
    slugs = {link.slug for link in found.bad_links} | {each.slug for each in found.dangling}
    slugs.update(*[each.slugs for each in found.duplicates], *[each.slugs for each in found.near_duplicates])
    async with runtime.open_uow(autocommit=True) as uow:
        known = await uow.catalog.known(sorted(slugs), [], held=False)
    return {each.slug: f"/admin/catalog/{each.credential_id}" for each in known}
