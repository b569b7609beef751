"""Imports into the catalog as they are asked for and looked at: what a file is to bring, how far it is, and which rows were refused."""

import hashlib
from datetime import datetime, timedelta
from typing import BinaryIO, Final
from uuid import UUID

from assay.db.models import CatalogImport
from assay.db.unit_of_work import UnitOfWork
from assay.domain.errors import NotFound
from assay.domain.imports import CatalogFormat, ImportCounts, ImportOptions, ImportStatus
from assay.kit.model import Value

_CHUNK: Final = 1024 * 1024
KEPT: Final = timedelta(days=1)
"""How long the file of a dry run is kept."""


class ImportRead(Value):
    """An import: what was asked for, how far it is, and what became of the rows. Its problems are listed apart.

    Of a refused import, and of a dry run, the counts are those that it would have had: nothing was changed.
    """

    id: UUID
    status: ImportStatus
    format: CatalogFormat
    options: ImportOptions
    size: int
    file_hash: str
    percent: int
    rows: int
    counts: ImportCounts
    not_understood: dict[str, int]
    """Columns, members or terms by name, and how often they came."""
    failure: str | None
    requested_by: UUID | None
    created_at: datetime
    finished_at: datetime | None


class ImportPage(Value):
    """Imports, newest first."""

    items: tuple[ImportRead, ...]
    next_cursor: UUID | None


class RowProblem(Value):
    """Why a row is refused: its number from 1, its first line where the format has lines, and a JSON pointer to what is wrong."""

    row: int
    line: int | None
    pointer: str
    reason: str


class ProblemPage(Value):
    """Problems in the file's order."""

    items: tuple[RowProblem, ...]
    next_cursor: str | None


async def page(uow: UnitOfWork, cursor: UUID | None, limit: int) -> ImportPage:
    """Imports older than `cursor`, at most `limit`."""
    rows = await uow.catalog_imports.newest(before=cursor, limit=limit + 1)
    return ImportPage(items=tuple(map(read, rows[:limit])), next_cursor=rows[limit - 1].id if len(rows) > limit else None)


async def get(uow: UnitOfWork, import_id: UUID) -> ImportRead:
    """One import. Raises `NotFound`."""
    row = await uow.catalog_imports.get(import_id)
    if row is None:
        raise NotFound("There is no such import.")
    return read(row)


async def problems(uow: UnitOfWork, import_id: UUID, cursor: str | None, limit: int) -> ProblemPage:
    """Why rows of an import were refused, behind `cursor` (`row.number`). Raises `NotFound`."""
    await get(uow, import_id)
    row, _, number = (cursor or "0.0").partition(".")
    found = await uow.catalog_imports.problems(import_id, (int(row), int(number or 0)), limit + 1)
    items = tuple(RowProblem(row=each.row, line=each.line, pointer=each.pointer, reason=each.reason) for each in found[:limit])
    last = found[limit - 1] if len(found) > limit else None
    return ProblemPage(items=items, next_cursor=f"{last.row}.{last.number}" if last else None)


async def begin(
    uow: UnitOfWork,
    source: BinaryIO,
    kind: CatalogFormat,
    options: ImportOptions,
    *,
    staged: bool,
    requested_by: UUID | None,
    kept: bool = False,
) -> ImportRead:
    """Note an import; a `staged` one for a background process to work off, others to be run in this one.

    The file of a staged one is written down with it, and so is one that shall be `kept`: for `KEPT` after a dry run, to be brought in.
    """
    digest, size = file_hash(source)
    row = await uow.catalog_imports.add(
        status=ImportStatus.QUEUED if staged else ImportStatus.RUNNING,
        format=kind,
        dry_run=options.dry_run,
        on_error=options.on_error,
        new_status=options.status,
        add_skills=options.add_skills,
        staged=staged,
        size=size,
        file_hash=digest,
        requested_by=requested_by,
    )
    source.seek(0)
    if staged or kept:
        for number, data in enumerate(iter(lambda: source.read(_CHUNK), b"")):
            await uow.catalog_imports.stage(row.id, number, data)
    if not staged:
        await uow.catalog_imports.update(row.id, 0)
        await uow.session.refresh(row)
    return read(row)


def file_hash(source: BinaryIO) -> tuple[str, int]:
    """SHA-256 of a file, and its size in bytes."""
    source.seek(0)
    digest = hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type] # any binary file will do
    return digest, source.tell()


def read(row: CatalogImport) -> ImportRead:
    """An import as it is shown."""
    counts = ImportCounts(created=row.created, updated=row.updated, unchanged=row.unchanged, refused=row.refused)
    share = min(99, 100 * row.bytes_done // row.size) if row.size else 0
    return ImportRead(
        id=row.id,
        status=ImportStatus(row.status),
        format=CatalogFormat(row.format),
        options=options_of(row),
        size=row.size,
        file_hash=row.file_hash,
        percent=100 if row.finished_at else share,
        rows=counts.rows,
        counts=counts,
        not_understood=row.not_understood,
        failure=row.failure,
        requested_by=row.requested_by,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def options_of(row: CatalogImport) -> ImportOptions:
    """How the file shall be imported."""
    return ImportOptions.model_validate(
        {"dry_run": row.dry_run, "on_error": row.on_error, "status": row.new_status, "add_skills": row.add_skills}
    )
