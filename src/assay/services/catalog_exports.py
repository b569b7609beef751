"""The catalog written down: page after page, so that it never stands in memory as a whole, in a form that imports as it was."""

from collections.abc import AsyncIterator
from typing import Final

from assay.db.repositories.catalog import CatalogEntry, CatalogFilter
from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.credentials import CredentialStatus
from assay.domain.imports import CatalogFormat
from assay.domain.interchange import WRITERS
from assay.domain.interchange.rows import CatalogRow

_PAGE: Final = 500


async def entries(open_uow: OpenUnitOfWork, wanted: CatalogFilter) -> AsyncIterator[list[CatalogEntry]]:
    """Credentials in their current version by slug, in pages; no transaction is open between them."""
    after: str | None = None
    while True:
        async with open_uow(autocommit=True) as uow:
            page = await uow.catalog.page(wanted, after, _PAGE)
        if page:
            yield page
            after = page[-1].slug
        if len(page) < _PAGE:
            return


async def export(open_uow: OpenUnitOfWork, kind: CatalogFormat, status: CredentialStatus | None = None) -> AsyncIterator[bytes]:
    """A file of credentials in their current version, those of `status` or all."""
    async with open_uow(autocommit=True) as uow:
        names = await uow.tracks.skill_names()
    writer, between = WRITERS[kind], b""
    yield writer.begin
    async for page in entries(open_uow, CatalogFilter(status=status)):
        yield between + writer.between.join(writer.each(row_of(entry), names) for entry in page)
        between = writer.between
    yield writer.end


def media_type(kind: CatalogFormat) -> str:
    """What such a file is on the wire."""
    return WRITERS[kind].media_type


def row_of(entry: CatalogEntry) -> CatalogRow:
    """A credential as a row of a file."""
    identity = {"slug": entry.slug, "sourceId": entry.source_id, "status": entry.status}
    return CatalogRow.model_validate({**entry.content, **entry.details, **identity})
