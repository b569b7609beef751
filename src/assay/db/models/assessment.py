"""An assessment from start to scores. Its status is derived (`domain/progress.py`), no column holds it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from assay.db.models.base import Base, CreatedAt, PrimaryKey, one_of
from assay.db.types import EncryptedJson
from assay.domain.degradation import Cause, Stage


class Assessment(Base):
    """One student's run at one track. `closed_at` ends it (finished or expired), which makes room for a retake."""

    __tablename__ = "assessments"
    __table_args__ = (
        Index("uq_assessments_open", "student_id", "track_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("ix_assessments_student_id_started_at", "student_id", "started_at"),
        CheckConstraint("closed_at IS NOT NULL OR completed_at IS NULL", name="completed_is_closed"),
        CheckConstraint("completed_at IS NULL OR submitted_at IS NOT NULL", name="completed_was_submitted"),
    )

    id: Mapped[PrimaryKey]
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    track_id: Mapped[UUID] = mapped_column(ForeignKey("role_catalog.id"), index=True)
    track_version: Mapped[int]
    started_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    release_policy: Mapped[dict[str, Any] | None]
    """The track's when it was started; without one the student sees the result at once."""
    released_at: Mapped[datetime | None]


class QuestionSnapshot(Base):
    """A question as asked in one assessment: a position and an immutable version."""

    __tablename__ = "assessment_question_snapshots"
    __table_args__ = (UniqueConstraint("assessment_id", "question_id"),)

    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(ForeignKey("questions.id"), index=True)
    question_version_id: Mapped[UUID] = mapped_column(ForeignKey("question_versions.id"))


def _asked_question() -> ForeignKeyConstraint:
    """An answer or score belongs to a question that was asked in that assessment."""
    return ForeignKeyConstraint(
        ["assessment_id", "question_id"],
        ["assessment_question_snapshots.assessment_id", "assessment_question_snapshots.question_id"],
        ondelete="CASCADE",
    )


class AssessmentResponse(Base):
    """The answer that stands for a question, encrypted. `answered_at` is the client's time, capped at the server's."""

    __tablename__ = "assessment_responses"
    __table_args__ = (_asked_question(),)

    assessment_id: Mapped[UUID] = mapped_column(primary_key=True)
    question_id: Mapped[UUID] = mapped_column(primary_key=True)
    answer: Mapped[list[Any]] = mapped_column(EncryptedJson("assessment_responses.answer", row=("assessment_id", "question_id")))
    """A list of one: the answer, so that a cleared one (`null`) is stored like any other."""
    is_blank: Mapped[bool]
    """The answer was cleared; told apart here because the answer itself cannot be read by SQL."""
    answered_at: Mapped[datetime]
    saved_at: Mapped[CreatedAt]


class ResponseBatch(Base):
    """A batch of answers already taken in, so that a repeated one changes nothing."""

    __tablename__ = "response_batches"

    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True)
    batch_id: Mapped[str] = mapped_column(primary_key=True)
    saved_at: Mapped[CreatedAt]


class RuleScore(Base):
    """What a theoretical question earned (credit 0 to 1) or which signals a profile question gave."""

    __tablename__ = "rule_scores"
    __table_args__ = (
        _asked_question(),
        UniqueConstraint("assessment_id", "question_id"),
        CheckConstraint("credit BETWEEN 0 AND 1", name="credit"),
    )

    id: Mapped[PrimaryKey]
    assessment_id: Mapped[UUID]
    question_id: Mapped[UUID]
    credit: Mapped[float | None]
    answered: Mapped[bool]
    signals: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]


class EssayScore(Base):
    """A verified verdict on one essay: levels in clear for statistics, words encrypted. Immutable; a better one is a new version."""

    __tablename__ = "essay_scores"
    __table_args__ = (
        _asked_question(),
        UniqueConstraint("assessment_id", "question_id", "version"),
        CheckConstraint("clarity BETWEEN 0 AND 4", name="clarity"),
        CheckConstraint("accuracy BETWEEN 0 AND 4", name="accuracy"),
        CheckConstraint("coherence BETWEEN 0 AND 4", name="coherence"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
    )

    id: Mapped[PrimaryKey]
    assessment_id: Mapped[UUID]
    question_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    clarity: Mapped[int | None]
    accuracy: Mapped[int | None]
    coherence: Mapped[int | None]
    percent: Mapped[float]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    verdict: Mapped[dict[str, Any]] = mapped_column(EncryptedJson("essay_scores.verdict"))
    provenance: Mapped[dict[str, Any]]
    reply_key: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class DegradedStage(Base):
    """A stage of an assessment that ran on a substitute, until it is healed."""

    __tablename__ = "degraded_stages"
    __table_args__ = (
        CheckConstraint(one_of("stage", Stage), name="stage"),
        CheckConstraint(one_of("cause", Cause), name="cause"),
        UniqueConstraint("assessment_id", "stage"),
        Index("ix_degraded_stages_since", "since"),
    )

    id: Mapped[PrimaryKey]
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    stage: Mapped[str]
    cause: Mapped[str]
    replaced_by: Mapped[str | None]
    detail: Mapped[str]
    since: Mapped[CreatedAt]


class AnalyticsEvent(Base):
    """Something that happened to an assessment, tied to a pseudonym and a track for later study."""

    __tablename__ = "analytics_events"

    id: Mapped[PrimaryKey]
    event: Mapped[str]
    pseudonym: Mapped[UUID]
    track_slug: Mapped[str]
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"), index=True)
    at: Mapped[CreatedAt]
