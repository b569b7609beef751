"""The embedding index: versions that are filled in the background and switched in one transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import Vector
from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey, one_of
from assay.domain.indexing import BuildPhase, IndexStatus


class IndexVersion(Base):
    """One whole index: who embedded it, in how many dimensions, over which catalog, and how far its build is.

    `beat_at` is when its builder last gave a sign of life; one that is silent for long has died, and another takes up the build.
    """

    __tablename__ = "index_versions"
    __table_args__ = (
        CheckConstraint(one_of("status", IndexStatus), name="status"),
        CheckConstraint(one_of("phase", BuildPhase), name="phase"),
        Index("uq_index_versions_active", "status", unique=True, postgresql_where=text("status = 'active'")),
    )

    id: Mapped[PrimaryKey]
    embedder: Mapped[str]
    dimension: Mapped[int]
    chunking: Mapped[str]
    catalog_hash: Mapped[str]
    status: Mapped[str]
    chunk_count: Mapped[int] = mapped_column(server_default="0")
    phase: Mapped[str] = mapped_column(server_default="done")
    afresh: Mapped[bool] = mapped_column(server_default="false")
    switch_when_ready: Mapped[bool] = mapped_column(server_default="true")
    credentials: Mapped[int] = mapped_column(server_default="0")
    credentials_done: Mapped[int] = mapped_column(server_default="0")
    embedded: Mapped[int] = mapped_column(server_default="0")
    copied: Mapped[int] = mapped_column(server_default="0")
    failure: Mapped[str | None]
    requested_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    beat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]


class EmbeddingArtifact(Base):
    """One chunk of a credential version with its vector; `start` and `end` count characters in the section's text.

    `source_hash` is that of the text the embedder read: an equal text has an equal vector, which is copied instead of asked for.
    """

    __tablename__ = "embedding_artifacts"
    __table_args__ = (Index("uq_embedding_artifacts_place", "index_version_id", "credential_version_id", "section", "start", unique=True),)

    id: Mapped[PrimaryKey]
    index_version_id: Mapped[UUID] = mapped_column(ForeignKey("index_versions.id", ondelete="CASCADE"))
    credential_version_id: Mapped[UUID] = mapped_column(ForeignKey("credential_versions.id"), index=True)
    section: Mapped[str]
    start: Mapped[int]
    end: Mapped[int]
    text: Mapped[str]
    source_hash: Mapped[str | None]
    embedding: Mapped[Any] = mapped_column(Vector())
