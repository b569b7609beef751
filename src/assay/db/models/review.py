"""What advisors say of an assessment: levels that stand instead of the model's, flags, notes. All of it is history, written once."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, PrimaryKey, one_of
from assay.db.types import EncryptedText
from assay.domain.flags import FlagCode
from assay.domain.notes import NoteAbout
from assay.domain.rubric import Dimension

Written = Annotated[datetime, mapped_column(server_default=text("clock_timestamp()"))]
"""The moment of writing, not that of the transaction's begin: the later one stands, so it must have been written later."""


class EssayScoreOverride(Base):
    """An advisor's level for one dimension of one verdict; the model's is in that verdict. The newest of an essay's dimension stands."""

    __tablename__ = "essay_score_overrides"
    __table_args__ = (
        CheckConstraint(one_of("dimension", Dimension), name="dimension"),
        CheckConstraint("level BETWEEN 0 AND 4", name="level"),
        Index("ix_essay_score_overrides_essay_score_id_dimension_at", "essay_score_id", "dimension", "at"),
    )

    id: Mapped[PrimaryKey]
    essay_score_id: Mapped[UUID] = mapped_column(ForeignKey("essay_scores.id", ondelete="CASCADE"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    dimension: Mapped[str]
    level: Mapped[int]
    reason: Mapped[str | None] = mapped_column(EncryptedText("essay_score_overrides.reason"))
    """None where the model's level was confirmed without a word."""
    at: Mapped[Written]


class AssessmentFlag(Base):
    """A note of an advisor that somebody should look again, or that it is resolved."""

    __tablename__ = "assessment_flags"
    __table_args__ = (
        CheckConstraint(one_of("code", FlagCode), name="code"),
        Index("ix_assessment_flags_assessment_id_at", "assessment_id", "at"),
    )

    id: Mapped[PrimaryKey]
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    code: Mapped[str]
    note: Mapped[str | None] = mapped_column(EncryptedText("assessment_flags.note"))
    at: Mapped[Written]


class AdvisorNote(Base):
    """What an advisor wants the student's advisors to remember."""

    __tablename__ = "advisor_notes"
    __table_args__ = (
        CheckConstraint(one_of("about", NoteAbout), name="about"),
        Index("ix_advisor_notes_assessment_id_at", "assessment_id", "at"),
    )

    id: Mapped[PrimaryKey]
    assessment_id: Mapped[UUID] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    about: Mapped[str]
    body: Mapped[str] = mapped_column(EncryptedText("advisor_notes.body"))
    at: Mapped[Written]
