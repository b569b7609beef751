"""What is asked and offered: tracks, questions and credentials, the latter two as identities with immutable versions."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey, one_of
from assay.domain.credentials import CredentialStatus
from assay.domain.questions import QuestionType
from assay.domain.tracks import SkillLevel, TrackStatus


class Skill(Base):
    """A word of the vocabulary that tracks, questions and credentials share."""

    __tablename__ = "skills"

    slug: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class Track(Base):
    """A role a student can aim for."""

    __tablename__ = "role_catalog"
    __table_args__ = (
        CheckConstraint(one_of("status", TrackStatus), name="status"),
        CheckConstraint(one_of("target_level", SkillLevel), name="target_level"),
        CheckConstraint("expiry_days BETWEEN 1 AND 90", name="expiry_days"),
    )

    id: Mapped[PrimaryKey]
    slug: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]
    version: Mapped[int] = mapped_column(server_default="1")
    name: Mapped[str]
    description: Mapped[str]
    skill_focus: Mapped[list[str]]
    question_mix: Mapped[dict[str, Any]]
    target_level: Mapped[str]
    expiry_days: Mapped[int]
    fallback_credentials: Mapped[list[str]]
    release_policy: Mapped[dict[str, Any]] = mapped_column(server_default=text("""'{"when": "atOnce"}'::jsonb"""))
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class Question(Base):
    """A question's identity; what it says is in its versions."""

    __tablename__ = "questions"
    __table_args__ = (
        CheckConstraint(one_of("type", QuestionType), name="type"),
        CheckConstraint("difficulty BETWEEN 1 AND 3", name="difficulty"),
    )

    id: Mapped[PrimaryKey]
    slug: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    difficulty: Mapped[int]
    current_version: Mapped[int] = mapped_column(server_default="1")
    is_active: Mapped[bool] = mapped_column(server_default="true")
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class QuestionTrack(Base):
    """Which tracks ask a question."""

    __tablename__ = "question_tracks"

    question_id: Mapped[UUID] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), primary_key=True)
    track_id: Mapped[UUID] = mapped_column(ForeignKey("role_catalog.id", ondelete="CASCADE"), primary_key=True, index=True)


class QuestionVersion(Base):
    """A question as it was at one time. Immutable: snapshots point here."""

    __tablename__ = "question_versions"
    __table_args__ = (UniqueConstraint("question_id", "version"),)

    id: Mapped[PrimaryKey]
    question_id: Mapped[UUID] = mapped_column(ForeignKey("questions.id"))
    version: Mapped[int]
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    rubric_hash: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class BankState(Base):
    """One row: the question bank's version, raised by triggers whenever a track or a question changes."""

    __tablename__ = "bank_state"
    __table_args__ = (CheckConstraint("singleton", name="singleton"),)

    singleton: Mapped[bool] = mapped_column(primary_key=True, server_default="true")
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")


class Credential(Base):
    """A micro-credential's identity, here and (`source_id`) in the system it came from; what it offers is in its versions."""

    __tablename__ = "credential_catalog"
    __table_args__ = (CheckConstraint(one_of("status", CredentialStatus), name="status"),)

    id: Mapped[PrimaryKey]
    slug: Mapped[str] = mapped_column(unique=True)
    source_id: Mapped[str | None] = mapped_column(unique=True)
    status: Mapped[str] = mapped_column(server_default="published")
    current_version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]


class CredentialVersion(Base):
    """A credential as published. Immutable: citations point here. `search` weighs title over skills, outcomes and description.

    `import_id` names the import that brought this version; its entry in the audit trail stands for all of them.
    """

    __tablename__ = "credential_versions"
    __table_args__ = (
        UniqueConstraint("credential_id", "version"),
        Index("ix_credential_versions_search", "search", postgresql_using="gin"),
        Index("ix_credential_versions_import_id", "import_id", postgresql_where=text("import_id IS NOT NULL")),
    )

    id: Mapped[PrimaryKey]
    credential_id: Mapped[UUID] = mapped_column(ForeignKey("credential_catalog.id"))
    version: Mapped[int]
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(
            "setweight(to_tsvector('english', content ->> 'title'), 'A')"
            " || setweight(to_tsvector('english', content -> 'skills'), 'B')"
            " || setweight(to_tsvector('english', content -> 'outcomes'), 'C')"
            " || setweight(to_tsvector('english', content ->> 'description'), 'D')",
            persisted=True,
        ),
        deferred=True,
    )
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("catalog_imports.id"))
    created_at: Mapped[CreatedAt]
