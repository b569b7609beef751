"""Building an index version: filled beside the one that is searched, made searchable, switched to in one transaction."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import batched
from typing import Final
from uuid import UUID

import structlog

from assay.db.models import IndexVersion
from assay.db.repositories.index import EmbeddedChunk
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.audit import AuditAction
from assay.domain.credentials import CredentialContent
from assay.domain.errors import ProviderError, Unavailable
from assay.domain.indexing import BuildPhase, IndexStatus, Offered, catalog_hash
from assay.domain.passages import CHUNKING, Chunk, chunks
from assay.domain.ports import Embedder, StoredChunk, Vector, VectorStore
from assay.kit.hashing import text_hash
from assay.kit.model import Value
from assay.observability import metrics
from assay.observability.logging import current_correlation_id

log = structlog.get_logger(__name__)

_COPIED_AT_ONCE: Final = 500
_EMBEDDED_AT_ONCE: Final = 32
"""Credentials in one transaction; an embedding call reads the chunks of as many, about 300."""
_STORED_AT_ONCE: Final = 100
_REMOVED_AT_ONCE: Final = 10_000
BEAT_SECONDS: Final = 5.0
SILENT_SECONDS: Final = 60.0
"""A builder that has given no sign of life for so long is dead, and another takes up its build where it stands."""


class IndexReport(Value):
    """What became of the index. `embedded` and `copied` count chunks; both are 0 when nothing had to be done."""

    version_id: UUID
    built: bool
    active: bool
    chunk_count: int
    embedded: int = 0
    copied: int = 0


class _Plan(Value):
    """What fills a version: `kept` is copied from `source` as it stands there, `changed` is cut and embedded anew where its text is new."""

    target: UUID
    source: UUID | None
    previous: UUID | None
    """Active when the build began."""
    kept: tuple[Offered, ...]
    changed: tuple[Offered, ...]
    offered: tuple[Offered, ...]
    names: dict[str, str]


async def ensure_index(open_uow: OpenUnitOfWork, embedder: Embedder, store: VectorStore) -> IndexReport:
    """Build and activate an index unless the active one has this embedder, this way of cutting and this catalog.

    A store that does not hold the active version (another store than before, or one that was emptied) is filled; nothing is embedded
    for that. Raises `ProviderError`.
    """
    async with open_uow(autocommit=True) as uow:
        active = await uow.index.active()
        catalog = catalog_hash(await uow.index.published())
    if active is None or (active.embedder, active.chunking, active.catalog_hash) != (embedder.name, CHUNKING, catalog):
        return await rebuild(open_uow, embedder, store)
    if await store.holds(active.id) != active.chunk_count:
        await store.build(active.id, active.dimension, _stored(open_uow, active.id))
    return IndexReport(version_id=active.id, built=False, active=True, chunk_count=active.chunk_count)


async def rebuild(
    open_uow: OpenUnitOfWork, embedder: Embedder, store: VectorStore, *, afresh: bool = False, switch: bool = True
) -> IndexReport:
    """Fill a new index version beside the active one and switch to it; without `switch` it stays ready to be switched to.

    Only texts that the active index does not hold are embedded, all of them when `afresh`. When another process has put an equal index
    in place meanwhile, that one stays. Raises `ProviderError`; the new version is then marked failed, the old one serves on.
    """
    async with open_uow() as uow:
        version = await request(uow, embedder, afresh=afresh, switch=switch)
        await uow.index.begin(version.id)
    try:
        return await build(open_uow, embedder, store, version.id)
    except asyncio.CancelledError:
        await asyncio.shield(_fail(open_uow, store, version.id, "interrupted"))
        raise


async def request(
    uow: UnitOfWork, embedder: Embedder, *, afresh: bool = False, switch: bool = True, requested_by: UUID | None = None
) -> IndexVersion:
    """Ask for a new version; `build_next` builds it in the background."""
    return await uow.index.request(
        embedder=embedder.name,
        dimension=embedder.dimension,
        chunking=CHUNKING,
        catalog_hash=catalog_hash(await uow.index.published()),
        status=IndexStatus.QUEUED,
        phase=BuildPhase.WAITING,
        afresh=afresh,
        switch_when_ready=switch,
        requested_by=requested_by,
    )


async def build_next(open_uow: OpenUnitOfWork, embedder: Embedder, store: VectorStore) -> IndexReport | None:
    """Build the version that has waited longest, or whose builder has died; None when none waits. A provider that fails is logged."""
    async with open_uow(autocommit=True) as uow:
        version_id = await uow.index.claim(SILENT_SECONDS)
    if version_id is None:
        return None
    try:
        return await build(open_uow, embedder, store, version_id)
    except ProviderError as problem:
        log.warning("index_failed", version=str(version_id), problem=str(problem))
    except asyncio.CancelledError:  # this process ends, the build does not: whoever comes next goes on from where it stands
        async with open_uow(autocommit=True) as uow:
            await uow.index.update(version_id, status=IndexStatus.QUEUED)
        raise
    return None


async def build(open_uow: OpenUnitOfWork, embedder: Embedder, store: VectorStore, version_id: UUID) -> IndexReport:
    """Fill a version that this process has taken up, make it searchable, and switch to it if that was asked for. May be repeated."""
    async with _alive(open_uow, version_id):
        try:
            plan = await _begin(open_uow, embedder, version_id)
            await _copy(open_uow, plan)
            await _embed(open_uow, embedder, plan)
            async with open_uow(autocommit=True) as uow:
                await uow.index.update(version_id, phase=BuildPhase.INDEXING)
            await store.build(version_id, embedder.dimension, _stored(open_uow, version_id))
        except Exception as problem:
            await _fail(open_uow, store, version_id, str(problem) if isinstance(problem, ProviderError) else type(problem).__name__)
            raise
        return await _switch(open_uow, embedder, plan)


async def _begin(open_uow: OpenUnitOfWork, embedder: Embedder, version_id: UUID) -> _Plan:
    async with open_uow() as uow:
        version, active = await uow.index.get(version_id), await uow.index.active()
        offered = await uow.index.published()
        names = await uow.tracks.skill_names()
        done = {each.version_id for each in await uow.index.indexed(version_id)}
        afresh = version is not None and version.afresh
        same = active if active and not afresh and (active.embedder, active.chunking) == (embedder.name, CHUNKING) else None
        held = {each.version_id for each in await uow.index.indexed(same.id)} if same else set()
        identity = {"embedder": embedder.name, "dimension": embedder.dimension, "chunking": CHUNKING}
        counts = {"credentials": len(offered), "credentials_done": len(done), "chunk_count": await uow.index.count(version_id)}
        await uow.index.update(version_id, **identity, **counts, catalog_hash=catalog_hash(offered))
    left = [each for each in offered if each.version_id not in done]
    return _Plan(
        target=version_id,
        source=same.id if same else None,
        previous=active.id if active else None,
        kept=tuple(each for each in left if each.version_id in held),
        changed=tuple(each for each in left if each.version_id not in held),
        offered=tuple(offered),
        names=names,
    )


async def _copy(open_uow: OpenUnitOfWork, plan: _Plan) -> None:
    """Take over what has not changed, a transaction for each batch: none is long."""
    for batch in batched(plan.kept, _COPIED_AT_ONCE):
        async with open_uow() as uow:
            copied = await uow.index.copy(plan.source or plan.target, plan.target, [each.version_id for each in batch])
            await uow.index.advance(plan.target, credentials=len(batch), copied=copied)


async def _embed(open_uow: OpenUnitOfWork, embedder: Embedder, plan: _Plan) -> None:
    """Cut, embed and write what has changed; no transaction is open while the embedder works."""
    for number, batch in enumerate(batched(plan.changed, _EMBEDDED_AT_ONCE), start=1):
        cut, known = await _cut(open_uow, plan, batch)
        new = list({text_hash(chunk.embedded): chunk.embedded for _, chunk in cut if text_hash(chunk.embedded) not in known}.items())
        metrics.looked_up("embeddings", len({text_hash(chunk.embedded) for _, chunk in cut}) - len(new), len(new))
        made = await embedder.embed([text for _, text in new]) if new else []
        vectors = {**known, **{key: vector for (key, _), vector in zip(new, made, strict=True)}}
        hashed = ((version, chunk, text_hash(chunk.embedded)) for version, chunk in cut)
        entries = [EmbeddedChunk(version, chunk, key, vectors[key]) for version, chunk, key in hashed]
        fresh = sum(entry.source_hash not in known for entry in entries)
        async with open_uow() as uow:
            await uow.index.add_chunks(plan.target, entries)
            await uow.index.advance(plan.target, credentials=len(batch), embedded=fresh, copied=len(entries) - fresh)
        log.info("index_progress", done=number * _EMBEDDED_AT_ONCE, total=len(plan.changed))


async def _cut(open_uow: OpenUnitOfWork, plan: _Plan, batch: Sequence[Offered]) -> tuple[list[tuple[UUID, Chunk]], dict[str, Vector]]:
    """The chunks of these credentials, and the vectors there are of texts in their earlier versions."""
    async with open_uow(autocommit=True) as uow:
        rows = await uow.credentials.by_version_ids([each.version_id for each in batch])
        known = await uow.index.vectors(plan.source, [each.credential_id for each in batch]) if plan.source else {}
    contents = ((each.version_id, CredentialContent.model_validate(rows[each.version_id].content)) for each in batch)
    return [(version_id, chunk) for version_id, content in contents for chunk in chunks(content, plan.names)], known


async def _stored(open_uow: OpenUnitOfWork, version_id: UUID) -> AsyncIterator[Sequence[StoredChunk]]:
    """All chunks of a version as they are kept, in batches; no transaction is open between them."""
    async with open_uow(autocommit=True) as uow:
        held = [each.version_id for each in await uow.index.indexed(version_id)]
    for batch in batched(held, _STORED_AT_ONCE):
        async with open_uow(autocommit=True) as uow:
            stored = await uow.index.stored(version_id, batch)
        yield stored


async def _switch(open_uow: OpenUnitOfWork, embedder: Embedder, plan: _Plan) -> IndexReport:
    async with open_uow() as uow:
        await uow.index.lock_switch()
        version, active = await uow.index.get(plan.target), await uow.index.active()
        catalog = catalog_hash(plan.offered)
        raced = (
            active is not None
            and active.id not in {plan.previous, plan.target}
            and (active.embedder, active.chunking, active.catalog_hash) == (embedder.name, CHUNKING, catalog)
        )
        count = await uow.index.count(plan.target)
        mine = await uow.index.finish(plan.target, IndexStatus.RETIRED if raced else IndexStatus.READY, chunks=count)
        switched = mine and not raced and version is not None and version.switch_when_ready
        if switched:
            await switch_to(uow, plan.target, requested_by=version.requested_by if version else None)
    if active and raced:
        return IndexReport(version_id=active.id, built=False, active=True, chunk_count=active.chunk_count)
    embedded, copied = (version.embedded, version.copied) if version else (0, 0)
    log.info("index_built", chunks=count, embedded=embedded, copied=copied, switched=switched)
    return IndexReport(version_id=plan.target, built=True, active=switched, chunk_count=count, embedded=embedded, copied=copied)


async def switch_to(uow: UnitOfWork, version_id: UUID, *, requested_by: UUID | None) -> bool:
    """Search `version_id` from now on, and note who wanted it; False when it cannot be. The caller holds `lock_switch`.

    A first index takes no other's place: that is no switch, and not recorded.
    """
    active = await uow.index.active()
    previous = active.id if active else None
    if await uow.index.activate(version_id) is None:
        return False
    if previous is not None:
        await uow.audit.append(
            actor_id=requested_by,
            action=AuditAction.INDEX_SWITCHED,
            target_type="index_version",
            target_id=str(version_id),
            changes={"from": str(previous), "to": str(version_id)},
            correlation_id=current_correlation_id(),
        )
    return True


async def _fail(open_uow: OpenUnitOfWork, store: VectorStore, version_id: UUID, failure: str) -> None:
    """Mark a build failed and remove what it has written. A database that is away leaves it to be taken up again."""
    with suppress(Unavailable):
        async with open_uow() as uow:
            if not await uow.index.finish(version_id, IndexStatus.FAILED, chunks=0, failure=failure):
                return
        removed = _REMOVED_AT_ONCE
        while removed == _REMOVED_AT_ONCE:
            async with open_uow() as uow:
                removed = await uow.index.clear(version_id, _REMOVED_AT_ONCE)
    with suppress(ProviderError):
        await store.drop(version_id)


@asynccontextmanager
async def _alive(open_uow: OpenUnitOfWork, version_id: UUID) -> AsyncIterator[None]:
    """Say every few seconds that the builder lives, also while the store works for minutes."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            with suppress(Unavailable):
                async with open_uow(autocommit=True) as uow:
                    await uow.index.update(version_id)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
