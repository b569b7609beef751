"""Service accounts: machines that call the API, and the keys they show."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey


class ServiceAccount(Base):
    """A machine. What it may do is settled when it is made: a change of it is another account."""

    __tablename__ = "service_accounts"

    id: Mapped[PrimaryKey]
    name: Mapped[str]
    """Of a system, never of a person."""
    scopes: Mapped[list[str]]
    cohort_ids: Mapped[list[UUID]]
    """Those it is confined to; none for no confinement. No foreign keys: a cohort that is gone must not widen anything."""
    created_at: Mapped[CreatedAt]
    closed_at: Mapped[datetime | None]


class ServiceKey(Base):
    """A key of a service account, by its public id; of the rest there is a hash."""

    __tablename__ = "service_keys"

    id: Mapped[PrimaryKey]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("service_accounts.id", ondelete="CASCADE"), index=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[str]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    """To the hour: enough to tell which key nobody uses, and no log of what a machine does when."""
    revoked_at: Mapped[datetime | None]
