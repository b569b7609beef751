"""What the service says about itself: the audit chain and its ends, what retention has removed, metric snapshots."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey, one_of
from assay.domain.keys import KeyPurpose


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


class AuditAnchor(Base):
    """Where the chain began anew when its oldest entries were removed: number and hash of the last of them."""

    __tablename__ = "audit_anchors"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[str]
    removed: Mapped[int]
    at: Mapped[CreatedAt]


class AuditHead(Base):
    """One row, kept by a trigger: number and hash of the newest entry, so that a missing end shows."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)

    singleton: Mapped[bool] = mapped_column(primary_key=True, server_default="true")
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str]


class RetentionRun(Base):
    """One run of retention and what it removed, or would have removed (`dry_run`), by kind."""

    __tablename__ = "retention_runs"
    __table_args__ = (Index("ix_retention_runs_started_at", "started_at"),)

    id: Mapped[PrimaryKey]
    started_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
    scheduled: Mapped[bool]
    dry_run: Mapped[bool]
    items: Mapped[list[Any]]


class MetricSnapshot(Base):
    """A measured value at a time, for the built-in dashboards."""

    __tablename__ = "metric_snapshots"
    __table_args__ = (Index("ix_metric_snapshots_name_at", "name", "at"),)

    id: Mapped[PrimaryKey]
    at: Mapped[CreatedAt]
    name: Mapped[str]
    labels: Mapped[dict[str, Any]]
    value: Mapped[float]


class KeyProof(Base):
    """A known text under a key that something here is encrypted with, or hashed for look-ups: who reads it has that very key."""

    __tablename__ = "key_proofs"
    __table_args__ = (CheckConstraint(one_of("purpose", KeyPurpose), name="purpose"),)

    purpose: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(primary_key=True)
    """Empty for look-ups: one key at a time is what is hashed with."""
    proof: Mapped[bytes]
    created_at: Mapped[CreatedAt]
