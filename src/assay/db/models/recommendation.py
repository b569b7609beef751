"""What was recommended, from which passages, and what people thought of it."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey
from assay.db.types import EncryptedJson, EncryptedText

_FEEDBACK: Final = ("recommendation_id", "author_id")


class Recommendation(Base):
    """The summary of one assessment. Immutable; a healed one is a new version."""

    __tablename__ = "recommendations"
    __table_args__ = (UniqueConstraint("assessment_id", "version"),)

    id: Mapped[PrimaryKey]
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(server_default="1")
    index_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("index_versions.id"))
    summary: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("recommendations.summary"))
    excluded: Mapped[list[Any]]
    provenance: Mapped[dict[str, Any]]
    basis: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """What the ranking was made from, to rank again under other assumptions; None where no search spoke."""
    generated_at: Mapped[CreatedAt]
    processing_ms: Mapped[float]


class RecommendationItem(Base):
    """One recommended credential with its reasons and the passages it rests on."""

    __tablename__ = "recommendation_items"
    __table_args__ = (
        UniqueConstraint("recommendation_id", "rank"),
        UniqueConstraint("recommendation_id", "credential_version_id"),
    )

    id: Mapped[PrimaryKey]
    recommendation_id: Mapped[UUID] = mapped_column(ForeignKey("recommendations.id", ondelete="CASCADE"))
    rank: Mapped[int]
    credential_version_id: Mapped[UUID] = mapped_column(ForeignKey("credential_versions.id"))
    score: Mapped[float]
    reasons: Mapped[list[Any]]
    sources: Mapped[list[Any]]
    ranks: Mapped[dict[str, Any]]


class RagTrace(Base):
    """What one part of the query found for one item (or found at all, when `item_id` is null); the query's words are encrypted."""

    __tablename__ = "rag_traces"

    id: Mapped[PrimaryKey]
    recommendation_id: Mapped[UUID] = mapped_column(ForeignKey("recommendations.id", ondelete="CASCADE"), index=True)
    item_id: Mapped[UUID | None] = mapped_column(ForeignKey("recommendation_items.id", ondelete="CASCADE"), index=True)
    part: Mapped[str]
    query: Mapped[str] = mapped_column(EncryptedText("rag_traces.query"))
    weight: Mapped[float]
    hits: Mapped[list[Any]]
    created_at: Mapped[CreatedAt]


class RecommendationFeedback(Base):
    """What one person says of one recommendation; saying it again replaces it."""

    __tablename__ = "recommendation_feedback"
    __table_args__ = (
        UniqueConstraint("recommendation_id", "author_id"),
        CheckConstraint("relevance BETWEEN 1 AND 5", name="relevance"),
        CheckConstraint("fit BETWEEN 1 AND 5", name="fit"),
        CheckConstraint("decision IN ('accept', 'reject')", name="decision"),
    )

    id: Mapped[PrimaryKey]
    recommendation_id: Mapped[UUID] = mapped_column(ForeignKey("recommendations.id", ondelete="CASCADE"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    author_role: Mapped[str]
    track_slug: Mapped[str]
    relevance: Mapped[int]
    fit: Mapped[int]
    decision: Mapped[str | None]
    items: Mapped[list[Any]] = mapped_column(EncryptedJson("recommendation_feedback.items", row=_FEEDBACK))
    comment: Mapped[str | None] = mapped_column(EncryptedText("recommendation_feedback.comment", row=_FEEDBACK))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime]
