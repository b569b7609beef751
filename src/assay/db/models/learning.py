"""What students declare of their learning."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base


class LearnerDeclaration(Base):
    """One student's declaration as it stands; credentials and skills by slug, languages as ISO 639-1 codes."""

    __tablename__ = "learner_declarations"
    __table_args__ = (CheckConstraint("hours_per_week > 0 AND hours_per_week <= 168", name="hours_per_week"),)

    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    completed: Mapped[list[str]]
    prior_learning: Mapped[list[str]]
    languages: Mapped[list[str]]
    hours_per_week: Mapped[float | None]
    updated_at: Mapped[datetime]
