"""The embedding index: versions, their chunks, and the one switch that makes a version the active one."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import any_, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Uuid

from assay.db.models import Credential, CredentialVersion, EmbeddingArtifact, IndexVersion
from assay.domain.indexing import SWITCHABLE, BuildPhase, IndexStatus, Offered
from assay.domain.passages import Chunk
from assay.domain.ports import StoredChunk, Vector

_SWITCH_LOCK: Final = text("SELECT pg_advisory_xact_lock(7236002)")
# Chunks of an immutable credential version, cut and embedded the same way, are the same chunks.
_COPY: Final = text(
    """
    INSERT INTO embedding_artifacts (index_version_id, credential_version_id, section, start, "end", text, source_hash, embedding)
    SELECT :target, credential_version_id, section, start, "end", text, source_hash, embedding
    FROM embedding_artifacts WHERE index_version_id = :source AND credential_version_id = ANY(:versions)
    ORDER BY credential_version_id, id
    ON CONFLICT DO NOTHING
    """
)
# One builder at a time takes a version: the oldest that waits, or one whose builder has been silent for too long.
_CLAIM: Final = text(
    """
    UPDATE index_versions SET status = 'building', phase = 'embedding', beat_at = clock_timestamp()
    WHERE id = (
        SELECT id FROM index_versions
        WHERE (status = 'queued' OR (status = 'building' AND beat_at < clock_timestamp() - make_interval(secs => :silence)))
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id
    """
)
_INDEXED: Final = text(
    """
    WITH held AS (SELECT DISTINCT credential_version_id AS id FROM embedding_artifacts WHERE index_version_id = :version)
    SELECT v.credential_id, c.slug, v.id, v.content_hash
    FROM held JOIN credential_versions v ON v.id = held.id JOIN credential_catalog c ON c.id = v.credential_id
    """
)
# Published versions that the active index lacks, and credentials in it that are offered no more; the unique index answers both.
_BEHIND: Final = text(
    """
    SELECT count(*) FROM credential_catalog c
    JOIN credential_versions v ON v.credential_id = c.id AND v.version = c.current_version
    CROSS JOIN (SELECT id FROM index_versions WHERE status = 'active') AS active
    WHERE CASE WHEN c.status = 'published'
        THEN NOT EXISTS (SELECT FROM embedding_artifacts e WHERE e.index_version_id = active.id AND e.credential_version_id = v.id)
        ELSE EXISTS (
            SELECT FROM credential_versions o JOIN embedding_artifacts e ON e.credential_version_id = o.id
            WHERE o.credential_id = c.id AND e.index_version_id = active.id
        ) END
    """
)
_STORED: Final = (
    select(
        EmbeddingArtifact.id,
        CredentialVersion.credential_id,
        EmbeddingArtifact.credential_version_id,
        CredentialVersion.version,
        EmbeddingArtifact.section,
        EmbeddingArtifact.start,
        EmbeddingArtifact.end,
        EmbeddingArtifact.embedding,
    )
    .join(CredentialVersion, CredentialVersion.id == EmbeddingArtifact.credential_version_id)
    .where(EmbeddingArtifact.index_version_id == bindparam("version"))
    .where(EmbeddingArtifact.credential_version_id == any_(bindparam("held", type_=ARRAY(Uuid()))))
)
_ACTIVE: Final = select(IndexVersion).where(IndexVersion.status == IndexStatus.ACTIVE)


class EmbeddedChunk(NamedTuple):
    """A chunk of a credential version with its vector; `source_hash` is that of the text the embedder read."""

    credential_version_id: UUID
    chunk: Chunk
    source_hash: str
    vector: Vector


class IndexVersions:
    """The index of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def active(self) -> IndexVersion | None:
        """The version that is searched."""
        return await self._session.scalar(_ACTIVE)

    async def get(self, version_id: UUID) -> IndexVersion | None:
        """One version, as it stands now."""
        return await self._session.get(IndexVersion, version_id, populate_existing=True)

    async def newest(self, *, before: UUID | None = None, limit: int = 100) -> list[IndexVersion]:
        """Versions, newest first: ids rise with time."""
        query = select(IndexVersion).order_by(IndexVersion.id.desc()).limit(limit)
        return list(await self._session.scalars(query.where(IndexVersion.id < before) if before else query))

    async def unfinished(self) -> IndexVersion | None:
        """The oldest version that waits to be built, or is being built."""
        waiting = (IndexStatus.QUEUED, IndexStatus.BUILDING)
        return await self._session.scalar(select(IndexVersion).where(IndexVersion.status.in_(waiting)).order_by(IndexVersion.id).limit(1))

    async def before(self, active: IndexVersion) -> IndexVersion | None:
        """The version that was searched before `active`."""
        query = select(IndexVersion).where(IndexVersion.status == IndexStatus.RETIRED, IndexVersion.activated_at.is_not(None))
        query = query.where(IndexVersion.activated_at < active.activated_at) if active.activated_at else query
        return await self._session.scalar(query.order_by(IndexVersion.activated_at.desc()).limit(1))

    async def published(self) -> list[Offered]:
        """What the catalog offers now, by slug, without its contents."""
        query = (
            select(Credential.id, Credential.slug, CredentialVersion.id, CredentialVersion.content_hash)
            .join(CredentialVersion, CredentialVersion.credential_id == Credential.id)
            .where(Credential.status == "published", CredentialVersion.version == Credential.current_version)
            .order_by(Credential.slug)
        )
        return [Offered(*row) for row in await self._session.execute(query)]

    async def indexed(self, version_id: UUID) -> list[Offered]:
        """The credential versions that an index holds, in no order."""
        return [Offered(*row) for row in await self._session.execute(_INDEXED, {"version": version_id})]

    async def behind(self) -> int:
        """How many credentials the active index does not hold as they are offered now; 0 without one."""
        return int((await self._session.execute(_BEHIND)).scalar_one())

    async def request(self, **values: Any) -> IndexVersion:
        """A new version; `values` are its columns."""
        row = IndexVersion(**values)
        self._session.add(row)
        await self._session.flush()
        await self._session.refresh(row)
        return row

    async def claim(self, silence: float) -> UUID | None:
        """Take up a build that waits, or whose builder has given no sign for `silence` seconds; None when there is none."""
        claimed: UUID | None = await self._session.scalar(_CLAIM, {"silence": silence})
        return claimed

    async def copy(self, source: UUID, target: UUID, credential_version_ids: Sequence[UUID]) -> int:
        """Take over the chunks that `source` has of these credential versions; how many."""
        values = {"source": source, "target": target, "versions": list(credential_version_ids)}
        return int((await self._session.execute(_COPY, values)).rowcount)  # type: ignore[attr-defined] # a CursorResult

    async def vectors(self, source: UUID, credential_ids: Iterable[UUID]) -> dict[str, Vector]:
        """Vectors that `source` has of any version of these credentials, by the hash of the text they were made from."""
        query = (
            select(EmbeddingArtifact.source_hash, EmbeddingArtifact.embedding)
            .join(CredentialVersion, CredentialVersion.id == EmbeddingArtifact.credential_version_id)
            .where(EmbeddingArtifact.index_version_id == source, EmbeddingArtifact.source_hash.is_not(None))
            .where(CredentialVersion.credential_id.in_(list(credential_ids)))
        )
        return {str(row.source_hash): row.embedding for row in await self._session.execute(query)}

    async def add_chunks(self, version_id: UUID, chunks: Sequence[EmbeddedChunk]) -> None:
        """Write chunks into a version that is being built; one that stands there already is left."""
        rows = [
            {
                "index_version_id": version_id,
                "credential_version_id": entry.credential_version_id,
                "section": entry.chunk.section,
                "start": entry.chunk.start,
                "end": entry.chunk.end,
                "text": entry.chunk.text,
                "source_hash": entry.source_hash,
                "embedding": entry.vector,
            }
            for entry in chunks
        ]
        if rows:
            await self._session.execute(insert(EmbeddingArtifact).on_conflict_do_nothing(), rows)

    async def stored(self, version_id: UUID, credential_version_ids: Sequence[UUID]) -> list[StoredChunk]:
        """The chunks of these credential versions with their vectors."""
        rows = await self._session.execute(_STORED, {"version": version_id, "held": list(credential_version_ids)})
        return [StoredChunk(*row) for row in rows]

    async def update(self, version_id: UUID, **values: Any) -> bool:
        """Change a version that is being built, and note that its builder lives; False when it is not being built (any more)."""
        query = update(IndexVersion).where(IndexVersion.id == version_id, IndexVersion.status == IndexStatus.BUILDING)
        changed = await self._session.execute(query.values(beat_at=func.clock_timestamp(), **values))
        return bool(changed.rowcount)  # type: ignore[attr-defined] # a CursorResult

    async def begin(self, version_id: UUID) -> None:
        """Take up a version that waits, in this process and at once."""
        query = update(IndexVersion).where(IndexVersion.id == version_id, IndexVersion.status == IndexStatus.QUEUED)
        values = {"status": IndexStatus.BUILDING, "phase": BuildPhase.EMBEDDING, "beat_at": func.clock_timestamp()}
        await self._session.execute(query.values(**values))

    async def advance(self, version_id: UUID, *, credentials: int, embedded: int = 0, copied: int = 0) -> None:
        """Count what has been written of a version that is being built."""
        await self.update(
            version_id,
            credentials_done=IndexVersion.credentials_done + credentials,
            chunk_count=IndexVersion.chunk_count + embedded + copied,
            embedded=IndexVersion.embedded + embedded,
            copied=IndexVersion.copied + copied,
        )

    async def count(self, version_id: UUID) -> int:
        """How many chunks a version has."""
        counted = select(func.count()).select_from(EmbeddingArtifact).where(EmbeddingArtifact.index_version_id == version_id)
        return int((await self._session.execute(counted)).scalar_one())

    async def finish(self, version_id: UUID, status: IndexStatus, *, chunks: int, failure: str | None = None) -> bool:
        """End a build as `ready`, `retired` or `failed`; False when another builder has ended it."""
        values: dict[str, Any] = {"status": status, "chunk_count": chunks, "phase": BuildPhase.DONE, "failure": failure}
        return await self.update(version_id, **values, finished_at=func.clock_timestamp())

    async def clear(self, version_id: UUID, limit: int) -> int:
        """Remove at most `limit` chunks of a version whose build has failed; how many were removed."""
        some = select(EmbeddingArtifact.id).where(EmbeddingArtifact.index_version_id == version_id).limit(limit)
        removed = await self._session.execute(delete(EmbeddingArtifact).where(EmbeddingArtifact.id.in_(some)))
        return int(removed.rowcount)  # type: ignore[attr-defined] # a CursorResult

    async def lock_switch(self) -> None:
        """Wait until nobody else switches; held until this transaction ends."""
        await self._session.execute(_SWITCH_LOCK)

    async def activate(self, version_id: UUID) -> datetime | None:
        """Make a ready (or retired) version the active one and retire the one before it; when, or None when it is neither.

        Searches see either, never neither.
        """
        standing = await self._session.scalar(select(IndexVersion.status).where(IndexVersion.id == version_id).with_for_update())
        if standing not in SWITCHABLE:
            return None
        retire = update(IndexVersion).where(IndexVersion.status == IndexStatus.ACTIVE)
        await self._session.execute(retire.values(status=IndexStatus.RETIRED))
        switch = update(IndexVersion).where(IndexVersion.id == version_id).returning(IndexVersion.activated_at)
        values = {"status": IndexStatus.ACTIVE, "activated_at": func.clock_timestamp()}
        at: datetime | None = await self._session.scalar(switch.values(**values))
        return at
