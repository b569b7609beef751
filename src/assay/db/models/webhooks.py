"""Webhooks: who wants to be told of what, what happened, and how each telling went."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey, one_of
from assay.db.types import EncryptedJson, EncryptedText
from assay.domain.webhooks import DeliveryStatus, Disabled


class WebhookEndpoint(Base):
    """Where an integrator wants to be told, of which events (none named: all), signed with which secret.

    While a new secret replaces another, until `previous_secret_until`, everything is signed with both.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (CheckConstraint(one_of("disabled_because", Disabled), name="disabled_because"),)

    id: Mapped[PrimaryKey]
    url: Mapped[str]
    secret: Mapped[str] = mapped_column(EncryptedText("webhook_endpoints.secret"))
    events: Mapped[list[str]]
    is_active: Mapped[bool] = mapped_column(server_default="true")
    previous_secret: Mapped[str | None] = mapped_column(EncryptedText("webhook_endpoints.previous_secret"))
    previous_secret_until: Mapped[datetime | None]
    disabled_because: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class WebhookEvent(Base):
    """Something worth telling, written in the transaction that made it true."""

    __tablename__ = "webhook_events"

    id: Mapped[PrimaryKey]
    event: Mapped[str]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"), index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("webhook_events.payload"))
    created_at: Mapped[CreatedAt]


class WebhookDelivery(Base):
    """One event on its way to one endpoint; `attempts` and what follows tell of the last try."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint(one_of("status", DeliveryStatus), name="status"),
        Index("uq_webhook_deliveries_event_endpoint", "event_id", "endpoint_id", unique=True),
    )

    id: Mapped[PrimaryKey]
    event_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_events.id", ondelete="CASCADE"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), index=True)
    status: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    response_status: Mapped[int | None]
    latency_ms: Mapped[float | None]
    error: Mapped[str | None]
    next_attempt_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class WebhookAttempt(Base):
    """One try of a delivery: what was answered and how long it took. Nothing of the answer's body is kept."""

    __tablename__ = "webhook_attempts"

    id: Mapped[PrimaryKey]
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), index=True)
    response_status: Mapped[int | None]
    latency_ms: Mapped[float]
    error: Mapped[str | None]
    created_at: Mapped[CreatedAt]
