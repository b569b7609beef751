"""People: accounts, their sessions (refresh tokens of the API, sessions of the pages), and cohorts that tie advisors to students."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey, one_of
from assay.db.types import EncryptedText
from assay.domain.actors import Role


class User(Base):
    """An account. Name, e-mail and external id are encrypted; `email_index` is the keyed hash for look-ups."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(one_of("role", Role), name="role"),
        Index("ix_users_sessions_ended_at", "sessions_ended_at", postgresql_where=text("sessions_ended_at IS NOT NULL")),
        Index("ix_users_access_changed_at", "access_changed_at", postgresql_where=text("access_changed_at IS NOT NULL")),
    )

    id: Mapped[PrimaryKey]
    email: Mapped[str] = mapped_column(EncryptedText("users.email"))
    email_index: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(EncryptedText("users.name"))
    external_id: Mapped[str | None] = mapped_column(EncryptedText("users.external_id"))
    password_hash: Mapped[str | None]
    role: Mapped[str]
    pseudonym: Mapped[UUID] = mapped_column(unique=True)
    """Names the person in analytics; tells nothing without this row."""
    is_active: Mapped[bool] = mapped_column(server_default="true")
    sessions_ended_at: Mapped[datetime | None]
    """Tokens from before are good for nothing; those of whoever is not active any more are so whenever they were made."""
    access_changed_at: Mapped[datetime | None]
    """When the role, or whether the account may be used, changed last; the database notes it, whoever changes it."""
    erased_at: Mapped[datetime | None]
    """Since then nothing here tells who it was; the row stays for what refers to it."""
    created_at: Mapped[CreatedAt]


class RefreshToken(Base):
    """One link of a rotating chain. A used link shown again revokes its whole family."""

    __tablename__ = "refresh_tokens"

    id: Mapped[PrimaryKey]
    family_id: Mapped[UUID] = mapped_column(index=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class WebSession(Base):
    """Somebody signed in at the pages. Idle time and the end are judged by the database's clock whenever the session is asked for."""

    __tablename__ = "web_sessions"
    __table_args__ = (Index("ix_web_sessions_assessment_id", "assessment_id", postgresql_where=text("assessment_id IS NOT NULL")),)

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    assessment_id: Mapped[UUID | None] = mapped_column(ForeignKey("assessments.id", ondelete="CASCADE"))
    """Set for a session that came from a resume token: it opens this assessment and nothing else."""
    secret_hash: Mapped[str] = mapped_column(unique=True)
    device: Mapped[str]
    """What signed in, in words of ours ("Firefox on Android"), never the browser's own."""
    created_at: Mapped[CreatedAt]
    last_seen_at: Mapped[CreatedAt]
    """When somebody last did something in it, to the minute."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class ExternalIdentity(Base):
    """By whose word and under which name somebody is known elsewhere. `subject_index` is the keyed hash of both, for look-ups."""

    __tablename__ = "external_identities"

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str]
    subject: Mapped[str] = mapped_column(EncryptedText("external_identities.subject"))
    subject_index: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]


class PasswordLink(Base):
    """A link by which somebody chooses a password; `used_at` also of one that a later link has replaced."""

    __tablename__ = "password_links"

    id: Mapped[PrimaryKey]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Cohort(Base):
    """A group of students with the advisors who look after them."""

    __tablename__ = "cohorts"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[CreatedAt]


class CohortMember(Base):
    """A student or an advisor in a cohort; the user's role says which."""

    __tablename__ = "cohort_members"
    __table_args__ = (Index("ix_cohort_members_user_id_cohort_id", "user_id", "cohort_id"),)

    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohorts.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    created_at: Mapped[CreatedAt]


class LegalHold(Base):
    """Somebody's data must be kept as it is, until the hold is lifted: neither erasure nor retention touches it."""

    __tablename__ = "legal_holds"
    __table_args__ = (Index("uq_legal_holds_standing", "person_id", unique=True, postgresql_where=text("lifted_at IS NULL")),)

    id: Mapped[PrimaryKey]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(EncryptedText("legal_holds.reason"))
    set_by: Mapped[UUID | None]
    set_at: Mapped[CreatedAt]
    lifted_by: Mapped[UUID | None]
    lifted_at: Mapped[datetime | None]
