"""The embedding index: versions that are filled in the background and switched in one transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pgvector.sqlalchemy import Vector
from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey


class IndexVersion(Base):
    """One whole index: who embedded it, in how many dimensions, over which catalog."""

    __tablename__ = "index_versions"
    __table_args__ = (
        CheckConstraint("status IN ('building', 'ready', 'active', 'retired', 'failed')", name="status"),
        Index("uq_index_versions_active", "status", unique=True, postgresql_where=text("status = 'active'")),
    )

    id: Mapped[PrimaryKey]
    embedder: Mapped[str]
    dimension: Mapped[int]
    chunking: Mapped[str]
    catalog_hash: Mapped[str]
    status: Mapped[str]
    chunk_count: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[CreatedAt]
    activated_at: Mapped[datetime | None]


class EmbeddingArtifact(Base):
    """One chunk of a credential version with its vector; `start` and `end` count characters in the section's text."""

    __tablename__ = "embedding_artifacts"

    id: Mapped[PrimaryKey]
    index_version_id: Mapped[UUID] = mapped_column(ForeignKey("index_versions.id", ondelete="CASCADE"), index=True)
    credential_version_id: Mapped[UUID] = mapped_column(ForeignKey("credential_versions.id"), index=True)
    section: Mapped[str]
    start: Mapped[int]
    end: Mapped[int]
    text: Mapped[str]
    embedding: Mapped[Any] = mapped_column(Vector())
