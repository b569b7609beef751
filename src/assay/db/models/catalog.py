"""Imports into the catalog: what was asked for, how far it is, what became of it, and every row that was refused."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from assay.db.models.base import Base, CreatedAt, PrimaryKey, one_of
from assay.domain.credentials import CredentialStatus
from assay.domain.imports import CatalogFormat, ImportStatus, OnError


class CatalogImport(Base):
    """One file. `staged` ones keep it in chunks until a background process has worked it off; `attempt` fences whoever does."""

    __tablename__ = "catalog_imports"
    __table_args__ = (
        CheckConstraint(one_of("status", ImportStatus), name="status"),
        CheckConstraint(one_of("format", CatalogFormat), name="format"),
        CheckConstraint(one_of("on_error", OnError), name="on_error"),
        CheckConstraint(one_of("new_status", CredentialStatus), name="new_status"),
    )

    id: Mapped[PrimaryKey]
    status: Mapped[str]
    format: Mapped[str]
    dry_run: Mapped[bool]
    on_error: Mapped[str]
    new_status: Mapped[str]
    add_skills: Mapped[bool]
    staged: Mapped[bool]
    size: Mapped[int] = mapped_column(BigInteger)
    file_hash: Mapped[str]
    attempt: Mapped[int] = mapped_column(server_default="0")
    bytes_done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created: Mapped[int] = mapped_column(server_default="0")
    updated: Mapped[int] = mapped_column(server_default="0")
    unchanged: Mapped[int] = mapped_column(server_default="0")
    refused: Mapped[int] = mapped_column(server_default="0")
    not_understood: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    failure: Mapped[str | None]
    requested_by: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    beat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class CatalogImportChunk(Base):
    """A piece of a file that waits to be worked off."""

    __tablename__ = "catalog_import_chunks"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("catalog_imports.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class CatalogImportProblem(Base):
    """Why a row was refused. `row` counts records from 1, `line` lines of the file; `pointer` leads into the record."""

    __tablename__ = "catalog_import_problems"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("catalog_imports.id", ondelete="CASCADE"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[int | None]
    pointer: Mapped[str]
    reason: Mapped[str]
