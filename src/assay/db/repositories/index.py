"""The embedding index: versions, their chunks, and the one switch that makes a version the active one."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import EmbeddingArtifact, IndexVersion
from assay.domain.passages import Chunk
from assay.domain.ports import Vector

_SWITCH_LOCK = text("SELECT pg_advisory_xact_lock(7236002)")
# chunks of an immutable credential version, cut and embedded the same way, are the same chunks
_COPY = text(
    """
    INSERT INTO embedding_artifacts (index_version_id, credential_version_id, section, start, "end", text, embedding)
    SELECT :target, credential_version_id, section, start, "end", text, embedding
    FROM embedding_artifacts WHERE index_version_id = :source AND credential_version_id = ANY(:versions)
    ORDER BY credential_version_id, id
    RETURNING credential_version_id
    """
)


class EmbeddedChunk(NamedTuple):
    """A chunk of a credential version with its vector."""

    credential_version_id: UUID
    chunk: Chunk
    vector: Vector


_ACTIVE = select(IndexVersion).where(IndexVersion.status == "active")


class IndexVersions:
    """The index of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def active(self) -> IndexVersion | None:
        """The version that is searched."""
        return await self._session.scalar(_ACTIVE)

    async def get(self, version_id: UUID) -> IndexVersion | None:
        """One version."""
        return await self._session.get(IndexVersion, version_id)

    async def list(self) -> list[IndexVersion]:
        """All versions, newest first."""
        return list(await self._session.scalars(select(IndexVersion).order_by(IndexVersion.created_at.desc(), IndexVersion.id)))

    async def begin(self, *, embedder: str, dimension: int, chunking: str, catalog_hash: str) -> UUID:
        """A new version that is being built; its id."""
        row = IndexVersion(embedder=embedder, dimension=dimension, chunking=chunking, catalog_hash=catalog_hash, status="building")
        self._session.add(row)
        await self._session.flush()
        return row.id

    async def copy(self, source: UUID, target: UUID, credential_version_ids: Iterable[UUID]) -> set[UUID]:
        """Take over the chunks that `source` has of these credential versions; the versions that had any."""
        rows = await self._session.execute(_COPY, {"source": source, "target": target, "versions": list(credential_version_ids)})
        return set(rows.scalars())

    async def add_chunks(self, version_id: UUID, chunks: Sequence[EmbeddedChunk]) -> None:
        """Write chunks into a version that is being built."""
        rows = [
            {
                "index_version_id": version_id,
                "credential_version_id": entry.credential_version_id,
                "section": entry.chunk.section,
                "start": entry.chunk.start,
                "end": entry.chunk.end,
                "text": entry.chunk.text,
                "embedding": entry.vector,
            }
            for entry in chunks
        ]
        if rows:
            await self._session.execute(insert(EmbeddingArtifact), rows)

    async def mark(self, version_id: UUID, status: str) -> int:
        """Set the status of a version that is not active, with the number of its chunks, which is returned."""
        counted = select(func.count()).select_from(EmbeddingArtifact).where(EmbeddingArtifact.index_version_id == version_id)
        count = int((await self._session.execute(counted)).scalar_one())
        await self._session.execute(
            update(IndexVersion)
            .where(IndexVersion.id == version_id, IndexVersion.status != "active")
            .values(status=status, chunk_count=count)
        )
        return count

    async def lock_switch(self) -> None:
        """Wait until nobody else switches; held until this transaction ends."""
        await self._session.execute(_SWITCH_LOCK)

    async def activate(self, version_id: UUID) -> None:
        """Make a ready (or retired) version the active one and retire the one before it. Searches see either, never neither."""
        retire = update(IndexVersion).where(IndexVersion.status == "active", IndexVersion.id != version_id).values(status="retired")
        await self._session.execute(retire)
        switch = update(IndexVersion).where(IndexVersion.id == version_id, IndexVersion.status.in_(("ready", "retired")))
        await self._session.execute(switch.values(status="active", activated_at=func.clock_timestamp()))
