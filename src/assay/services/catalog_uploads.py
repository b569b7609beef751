"""A catalog file that comes over the wire: told by its media type, worked off at once when it is small, in the background when not."""

from typing import BinaryIO, Final

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.actors import Actor
from assay.domain.errors import FieldProblem, Invalid
from assay.domain.imports import CatalogFormat, ImportOptions
from assay.domain.interchange import MEDIA_TYPES
from assay.services import catalog_import_runs, catalog_imports, idempotency
from assay.services.catalog_imports import ImportRead

AT_ONCE: Final = 256 * 1024
"""Bytes of a file, some 300 credentials, that a caller can wait for."""
SUFFIX: Final = {CatalogFormat.CSV: "csv", CatalogFormat.JSONL: "jsonl", CatalogFormat.CTDL: "jsonld"}


def kind_of(wanted: CatalogFormat | None, media_type: str) -> CatalogFormat:
    """The format of a body: as the caller says, else by its media type. Raises `Invalid` for one that is none of ours."""
    kind = wanted or MEDIA_TYPES.get(media_type.partition(";")[0].strip().lower())
    if kind is None:
        problem = FieldProblem("/header/content-type", f"must be one of {', '.join(MEDIA_TYPES)}, unless ?format= says what it is")
        raise Invalid("It is not said what kind of file this is.", problems=(problem,))
    return kind


async def submit(
    open_uow: OpenUnitOfWork, actor: Actor, source: BinaryIO, kind: CatalogFormat, options: ImportOptions, key: str | None
) -> ImportRead:
    """Import a file, or have it imported. Under a `key` that was used before: how that import stands now. Raises `Conflict`."""
    digest, size = catalog_imports.file_hash(source)
    staged = size > AT_ONCE

    async with open_uow() as uow:

        async def act() -> idempotency.JsonObject:
            if not staged and not options.dry_run:  # before the key is taken, so that it can be used again
                await catalog_import_runs.require_alone(uow)
            begun = await catalog_imports.begin(uow, source, kind, options, staged=staged, requested_by=actor.id, kept=options.dry_run)
            return begun.model_dump(mode="json")

        request = ["catalog import", digest, kind.value, options.model_dump(mode="json")]
        outcome = await idempotency.once(uow, actor, key, request, act)
    begun = ImportRead.model_validate(outcome.response)
    if not staged and not outcome.replayed:
        return await catalog_import_runs.run(open_uow, source, begun.id)
    async with open_uow(autocommit=True) as uow:
        return await catalog_imports.get(uow, begun.id)
