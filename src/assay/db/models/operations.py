"""What the service says about itself and to others: webhooks, the audit chain, metric snapshots."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey
from assay.db.types import EncryptedJson, EncryptedText


class WebhookEndpoint(Base):
    """Where an integrator wants to be told, of which events, signed with which secret."""

    __tablename__ = "webhook_endpoints"

    id: Mapped[PrimaryKey]
    url: Mapped[str]
    secret: Mapped[str] = mapped_column(EncryptedText("webhook_endpoints.secret"))
    events: Mapped[list[str]]
    is_active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[CreatedAt]


class WebhookEvent(Base):
    """Something worth telling, written in the transaction that made it true."""

    __tablename__ = "webhook_events"

    id: Mapped[PrimaryKey]
    event: Mapped[str]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    assessment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("webhook_events.payload"))
    created_at: Mapped[CreatedAt]


class WebhookDelivery(Base):
    """One event on its way to one endpoint."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'delivered', 'failed')", name="status"),
        Index("uq_webhook_deliveries_event_endpoint", "event_id", "endpoint_id", unique=True),
    )

    id: Mapped[PrimaryKey]
    event_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_events.id", ondelete="CASCADE"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), index=True)
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    response_status: Mapped[int | None]
    latency_ms: Mapped[float | None]
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


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
