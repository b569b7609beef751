"""The ledger: jobs, the log of their effects, model replies and calls, idempotency keys."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey, one_of
from assay.db.types import EncryptedJson
from assay.domain.degradation import Cause
from assay.domain.jobs import JobStatus, JobType

_WAITS: Final = "status IN ('queued', 'retry_wait')"


class AsyncJob(Base):
    """One thing to do exactly once. `fence` grows with each claim; only its holder can finish the job."""

    __tablename__ = "async_jobs"
    __table_args__ = (
        CheckConstraint(one_of("job_type", JobType), name="job_type"),
        CheckConstraint(one_of("status", JobStatus), name="status"),
        CheckConstraint(one_of("cause", Cause), name="cause"),
        CheckConstraint("(status = 'leased') = (lease_owner IS NOT NULL)", name="leased_has_owner"),
        CheckConstraint(
            "(job_type = 'deliver_webhook') = (delivery_id IS NOT NULL) AND num_nonnulls(assessment_id, delivery_id) = 1",
            name="about_one_thing",
        ),
        Index("ix_async_jobs_due", "priority", "run_at", postgresql_where=text(f"{_WAITS} AND delivery_id IS NULL")),
        Index("ix_async_jobs_deliveries_due", "run_at", postgresql_where=text(f"{_WAITS} AND delivery_id IS NOT NULL")),
        Index("ix_async_jobs_delivery_id", "delivery_id", postgresql_where=text("delivery_id IS NOT NULL")),
        Index("ix_async_jobs_leases", "lease_expires_at", postgresql_where=text("status = 'leased'")),
        Index("ix_async_jobs_assessment_id", "assessment_id"),
        Index("ix_async_jobs_dead", "id", postgresql_where=text("status = 'dead'")),
        Index("ix_async_jobs_parent_job_id", "parent_job_id", postgresql_where=text("parent_job_id IS NOT NULL")),
        Index("ix_async_jobs_heals", "created_at", postgresql_where=text("heals")),
        Index("ix_async_jobs_finished", "job_type", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
    )

    id: Mapped[PrimaryKey]
    job_type: Mapped[str]
    assessment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    delivery_id: Mapped[UUID | None] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="CASCADE"))
    """What is delivered, in place of an assessment: what is said of an assessment's jobs is never meant of deliveries."""
    track_slug: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="queued")
    priority: Mapped[int]
    run_at: Mapped[datetime]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    correlation_id: Mapped[str]
    traceparent: Mapped[str | None]
    """What wrote it, by W3C Trace Context: whoever does it goes on with that trace. None while nothing is traced."""
    fence: Mapped[int] = mapped_column(server_default="0")
    attempt: Mapped[int] = mapped_column(server_default="0")
    crashes: Mapped[int] = mapped_column(server_default="0")
    lease_owner: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None]
    first_claimed_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    cause: Mapped[str | None]
    """Why it was given up, as it is told of the degraded stage."""
    stack: Mapped[str | None]
    """Where the last error was raised: places and kinds of errors, nobody's words."""
    parent_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("async_jobs.id"))
    heals: Mapped[bool] = mapped_column(server_default=text("false"))
    """Sent again by the healer: it writes nothing unless the result becomes better."""
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]


class Effect(Base):
    """Proof that a job's effect was committed, and under which fence: one row per finished job."""

    __tablename__ = "effect_log"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("async_jobs.id", ondelete="CASCADE"), primary_key=True)
    fence: Mapped[int]
    created_at: Mapped[CreatedAt]


class StoredReply(Base):
    """A model's reply under its content key, encrypted: a re-run reads it instead of paying again."""

    __tablename__ = "model_replies"

    key: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    reply: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("model_replies.reply", row=("key",)))
    assessment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"), index=True)
    """Whose essay was first answered so; it goes with that assessment."""
    created_at: Mapped[CreatedAt]


class ModelCall(Base):
    """One call to a model and how it ended: what was spent, on what, with which outcome."""

    __tablename__ = "model_calls"

    id: Mapped[PrimaryKey]
    assessment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assessments.id", ondelete="SET NULL"), index=True)
    purpose: Mapped[str]
    producer: Mapped[str]
    model: Mapped[str]
    prompt_hash: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    outcome: Mapped[str]
    usage: Mapped[dict[str, Any]]
    reply_key: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class IdempotencyKey(Base):
    """A request already answered: the same key and body get the same answer again, encrypted at rest."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("actor_id", "key"),)

    id: Mapped[PrimaryKey]
    actor_id: Mapped[UUID]
    """Somebody, or a service account."""
    key: Mapped[str]
    request_hash: Mapped[str]
    response: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJson("idempotency_keys.response", row=("actor_id", "key")))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(index=True)
