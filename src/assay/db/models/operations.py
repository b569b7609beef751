"""What the service says about itself: the audit chain, metric snapshots."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey


class AuditLog(Base):
    """Who did what to what. Each row carries the hash of the one before: a missing or altered row shows."""

    __tablename__ = "audit_logs"
    __table_args__ = (Index("ix_audit_logs_target", "target_type", "target_id"),)

    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[CreatedAt]
    actor_id: Mapped[UUID | None]
    """No foreign key: the row outlives the person."""
    action: Mapped[str] = mapped_column(index=True)
    target_type: Mapped[str]
    target_id: Mapped[str]
    changes: Mapped[dict[str, Any]]
    correlation_id: Mapped[str]
    previous_hash: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)


class MetricSnapshot(Base):
    """A measured value at a time, for the built-in dashboards."""

    __tablename__ = "metric_snapshots"
    __table_args__ = (Index("ix_metric_snapshots_name_at", "name", "at"),)

    id: Mapped[PrimaryKey]
    at: Mapped[CreatedAt]
    name: Mapped[str]
    labels: Mapped[dict[str, Any]]
    value: Mapped[float]
