"""The index as an admin keeps it: which versions there are, how far a build is, what has changed since, and which one is searched."""

from datetime import datetime
from typing import Final
from uuid import UUID

from assay.db.models import IndexVersion
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict, NotFound, ProviderError, Unavailable
from assay.domain.indexing import SWITCHABLE, BuildPhase, Drift, IndexStatus, drift
from assay.domain.passages import CHUNKING
from assay.domain.ports import Embedder, VectorStore
from assay.kit.model import Value
from assay.observability.logging import current_correlation_id
from assay.services import indexing

_NAMED: Final = 200
"""Slugs of changed credentials that an answer lists of each kind; the counts are always whole."""


class IndexWrite(Value):
    """What to build: `afresh` embeds everything anew instead of what has changed."""

    afresh: bool = False


class BuildProgress(Value):
    """How far a build is, in credentials. Indexing the vectors has no count of its own."""

    phase: BuildPhase
    done: int
    total: int
    percent: int


class IndexRead(Value):
    """A version of the index. `embedded` and `copied` count chunks that were asked of the embedder or taken from the version before."""

    id: UUID
    status: IndexStatus
    embedder: str
    dimension: int
    chunking: str
    catalog_hash: str
    chunk_count: int
    embedded: int
    copied: int
    progress: BuildProgress
    failure: str | None
    created_at: datetime
    finished_at: datetime | None
    activated_at: datetime | None


class IndexPage(Value):
    """Versions, newest first."""

    items: tuple[IndexRead, ...]
    next_cursor: UUID | None


class DriftRead(Drift):
    """The catalog beside the active version; `reasons` say in words why a rebuild would change something."""

    version_id: UUID
    current: bool
    added_count: int
    edited_count: int
    removed_count: int
    reasons: tuple[str, ...]


async def page(uow: UnitOfWork, cursor: UUID | None, limit: int) -> IndexPage:
    """Versions older than `cursor`, at most `limit`."""
    rows = await uow.index.newest(before=cursor, limit=limit + 1)
    return IndexPage(items=tuple(map(read, rows[:limit])), next_cursor=rows[limit - 1].id if len(rows) > limit else None)


async def get(uow: UnitOfWork, version_id: UUID) -> IndexRead:
    """One version. Raises `NotFound`."""
    row = await uow.index.get(version_id)
    if row is None:
        raise NotFound("There is no such index version.")
    return read(row)


async def request(uow: UnitOfWork, embedder: Embedder, *, afresh: bool, switch: bool, actor_id: UUID) -> IndexRead:
    """Ask for a version that is built in the background, and switched to if wanted. Raises `Conflict` while another is being built."""
    await uow.index.lock_switch()
    if (other := await uow.index.unfinished()) is not None:
        raise Conflict("An index version is being built already.", code="index_building", version_id=str(other.id))
    row = await indexing.request(uow, embedder, afresh=afresh, switch=switch, requested_by=actor_id)
    await uow.audit.append(
        actor_id=actor_id,
        action=AuditAction.INDEX_REQUESTED,
        target_type="index_version",
        target_id=str(row.id),
        changes={"afresh": afresh, "switchWhenReady": switch},
        correlation_id=current_correlation_id(),
    )
    return read(row)


async def require_switchable(open_uow: OpenUnitOfWork, embedder: Embedder, store: VectorStore, version_id: UUID) -> IndexRead:
    """The version, if searches could go to it now. Raises `NotFound`, `Conflict` with the reason, or `Unavailable`."""
    async with open_uow(autocommit=True) as uow:
        version = await get(uow, version_id)
    if version.status is IndexStatus.ACTIVE:
        return version
    if version.status not in SWITCHABLE:
        raise Conflict(f"This version is {version.status}: only one that is ready or was active can be searched.", code="index_not_ready")
    if version.embedder != embedder.name:
        raise Conflict(
            f"This version was built by {version.embedder}, questions are embedded by {embedder.name}.", code="index_of_another_embedder"
        )
    try:
        held = await store.holds(version.id)
    except ProviderError as problem:
        raise Unavailable("The vector store does not answer.") from problem
    if held != version.chunk_count:
        raise Conflict("The vector store does not hold this version (any more): rebuild the index.", code="index_not_held")
    return version


async def activate(uow: UnitOfWork, version_id: UUID, *, actor_id: UUID | None) -> IndexRead:
    """Search this version from now on; without effect when it is searched already. Ask `require_switchable` first. Raises `Conflict`."""
    await uow.index.lock_switch()
    version = await get(uow, version_id)
    if version.status is IndexStatus.ACTIVE:
        return version
    if not await indexing.switch_to(uow, version_id, requested_by=actor_id):
        raise Conflict("This version can no longer be switched to.", code="index_not_ready")
    return await get(uow, version_id)


async def before(uow: UnitOfWork) -> UUID:
    """The version that was searched before the present one. Raises `Conflict` when there is none."""
    active = await uow.index.active()
    earlier = await uow.index.before(active) if active else None
    if earlier is None:
        raise Conflict("There is no earlier version to go back to.", code="index_nothing_before")
    return earlier.id


async def compare(uow: UnitOfWork, embedder: Embedder, version_id: UUID | None = None) -> DriftRead:
    """What has changed since a version was built, the active one unless another is named. Raises `NotFound`."""
    version = await uow.index.get(version_id) if version_id else await uow.index.active()
    if version is None:
        raise NotFound("There is no such index version." if version_id else "There is no active index version.")
    found = drift(await uow.index.indexed(version.id), await uow.index.published())
    reasons = [f"{found.count} credentials have changed"] if found.count else []
    if version.embedder != embedder.name:
        reasons.append(f"the index was built by {version.embedder}, {embedder.name} is configured")
    if version.chunking != CHUNKING:
        reasons.append(f"credentials were cut by {version.chunking}, now by {CHUNKING}")
    return DriftRead(
        version_id=version.id,
        current=not reasons,
        added_count=len(found.added),
        edited_count=len(found.edited),
        removed_count=len(found.removed),
        added=found.added[:_NAMED],
        edited=found.edited[:_NAMED],
        removed=found.removed[:_NAMED],
        reasons=tuple(reasons),
    )


def read(row: IndexVersion) -> IndexRead:
    """A version as it is shown."""
    finished = row.phase == BuildPhase.DONE
    done, total = row.credentials_done, row.credentials
    share = 100 * done // total if total else 0
    return IndexRead(
        id=row.id,
        status=IndexStatus(row.status),
        embedder=row.embedder,
        dimension=row.dimension,
        chunking=row.chunking,
        catalog_hash=row.catalog_hash,
        chunk_count=row.chunk_count,
        embedded=row.embedded,
        copied=row.copied,
        progress=BuildProgress(phase=BuildPhase(row.phase), done=done, total=total, percent=100 if finished else min(share, 99)),
        failure=row.failure,
        created_at=row.created_at,
        finished_at=row.finished_at,
        activated_at=row.activated_at,
    )
