"""Filling vector stores from what Postgres keeps, as indexing does."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy import text

from assay.domain.ports import StoredChunk, VectorStore
from assay.runtime import Runtime


async def batches(*given: Sequence[StoredChunk]) -> AsyncIterator[Sequence[StoredChunk]]:
    """What a store is filled from."""
    for batch in given:
        yield batch


async def kept(runtime: Runtime, version: UUID) -> list[StoredChunk]:
    """All chunks of a version as Postgres keeps them."""
    async with runtime.open_uow(autocommit=True) as uow:
        held = [each.version_id for each in await uow.index.indexed(version)]
        return await uow.index.stored(version, held)


async def fill(runtime: Runtime, store: VectorStore, version: UUID) -> list[StoredChunk]:
    """Make a version searchable in `store`; what it holds."""
    chunks = await kept(runtime, version)
    await store.build(version, len(chunks[0].vector), batches(chunks[:500], chunks[500:]))
    return chunks


async def second_version(runtime: Runtime, active: UUID, chunks: int) -> UUID:
    """Another version that holds some of the chunks of `active`, written as a rebuild writes them."""
    async with runtime.open_uow() as uow:
        made = await uow.index.request(embedder="e", dimension=256, chunking="c", catalog_hash="h", status="building")
        some = "SELECT credential_version_id FROM embedding_artifacts WHERE index_version_id = :of ORDER BY id LIMIT :chunks"
        versions = list((await uow.session.execute(text(some), {"of": active, "chunks": chunks})).scalars())
        await uow.index.copy(active, made.id, versions)
    return made.id
