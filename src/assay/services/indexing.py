"""The life of the embedding index: built beside the old one, switched in one transaction; search never waits and never sees a gap."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog

from assay.db.repositories.credentials import CredentialRow
from assay.db.repositories.index import EmbeddedChunk
from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.credentials import CredentialContent
from assay.domain.passages import CHUNKING, Chunk, chunks
from assay.domain.ports import Embedder
from assay.kit.hashing import content_hash
from assay.kit.model import Value

log = structlog.get_logger(__name__)

_BATCH: Final = 256
"""Chunks embedded and written at a time."""


class IndexReport(Value):
    """What became of the index. `embedded` and `copied` count chunks; both are 0 when nothing had to be done."""

    version_id: UUID
    built: bool
    chunk_count: int
    embedded: int = 0
    copied: int = 0


class _Plan(Value):
    """What a rebuild will do: fill `target` with `changed`, beside what it has `copied`; `previous` was active when it began."""

    target: UUID
    previous: UUID | None
    copied: int
    changed: tuple[tuple[UUID, Chunk], ...]
    catalog_hash: str


async def ensure_index(open_uow: OpenUnitOfWork, embedder: Embedder) -> IndexReport:
    """Build and activate an index unless the active one has this embedder, this way of cutting and this catalog. Raises `ProviderError`."""
    async with open_uow() as uow:
        active = await uow.index.active()
        catalog = catalog_hash(await uow.credentials.published())
    if active and (active.embedder, active.chunking, active.catalog_hash) == (embedder.name, CHUNKING, catalog):
        return IndexReport(version_id=active.id, built=False, chunk_count=active.chunk_count)
    return await rebuild(open_uow, embedder)


async def rebuild(open_uow: OpenUnitOfWork, embedder: Embedder, *, afresh: bool = False) -> IndexReport:
    """Fill a new index version beside the active one, then switch to it in one transaction.

    Only credential versions that the active index does not hold are embedded, all of them when `afresh`. When another process has put
    an equal index in place meanwhile, that one stays. Raises `ProviderError`; the new version is then marked failed, the old one serves on.
    """
    plan = await _begin(open_uow, embedder, afresh=afresh)
    try:
        await _fill(open_uow, embedder, plan)
    except BaseException:
        async with open_uow() as uow:
            await uow.index.mark(plan.target, "failed")
        raise
    return await _switch(open_uow, embedder, plan)


def catalog_hash(rows: Sequence[CredentialRow]) -> str:
    """What an index is built over: the published credentials in their current versions."""
    return content_hash(sorted((row.slug, row.content_hash) for row in rows))


async def _begin(open_uow: OpenUnitOfWork, embedder: Embedder, *, afresh: bool) -> _Plan:
    async with open_uow() as uow:
        active = await uow.index.active()
        rows = await uow.credentials.published()
        names = await uow.tracks.skill_names()
        catalog = catalog_hash(rows)
        target = await uow.index.begin(embedder=embedder.name, dimension=embedder.dimension, chunking=CHUNKING, catalog_hash=catalog)
        same = active if active and not afresh and (active.embedder, active.chunking) == (embedder.name, CHUNKING) else None
        known = await uow.index.copy(same.id, target, [row.version_id for row in rows]) if same else set()
        copied = await uow.index.mark(target, "building")
    changed = [row for row in rows if row.version_id not in known]
    return _Plan(
        target=target,
        previous=active.id if active else None,
        copied=copied,
        changed=tuple((row.version_id, chunk) for row in changed for chunk in chunks(CredentialContent.model_validate(row.content), names)),
        catalog_hash=catalog,
    )


async def _fill(open_uow: OpenUnitOfWork, embedder: Embedder, plan: _Plan) -> None:
    """Embed and write batch by batch; no transaction is open while the embedder works."""
    for first in range(0, len(plan.changed), _BATCH):
        batch = plan.changed[first : first + _BATCH]
        vectors = await embedder.embed([chunk.embedded for _, chunk in batch])
        entries = [EmbeddedChunk(version, chunk, vector) for (version, chunk), vector in zip(batch, vectors, strict=True)]
        async with open_uow() as uow:
            await uow.index.add_chunks(plan.target, entries)
            await uow.index.mark(plan.target, "building")  # its count is the progress
        log.info("index_progress", done=min(first + _BATCH, len(plan.changed)), total=len(plan.changed))


async def _switch(open_uow: OpenUnitOfWork, embedder: Embedder, plan: _Plan) -> IndexReport:
    async with open_uow() as uow:
        await uow.index.lock_switch()
        active = await uow.index.active()
        raced = (
            active is not None
            and active.id != plan.previous
            and (active.embedder, active.chunking, active.catalog_hash) == (embedder.name, CHUNKING, plan.catalog_hash)
        )
        count = await uow.index.mark(plan.target, "retired" if raced else "ready")
        if not raced:
            await uow.index.activate(plan.target)
    if active and raced:
        return IndexReport(version_id=active.id, built=False, chunk_count=active.chunk_count)
    log.info("index_switched", chunks=count, embedded=len(plan.changed), copied=plan.copied)
    return IndexReport(version_id=plan.target, built=True, chunk_count=count, embedded=len(plan.changed), copied=plan.copied)
