"""Imports into the catalog: a file is read in a stream, checked row by row, and changes the catalog at once or not at all.

Everything is written in one transaction, so that nobody reads half a catalog and a process that dies leaves nothing behind. How far it is,
and each row that is refused, is told meanwhile in transactions of their own.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO, Final, NamedTuple, cast
from uuid import UUID

import structlog

from assay.db.models import CatalogImport
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict, DomainError, FieldProblem, NotFound
from assay.domain.imports import CatalogFormat, ImportCounts, ImportOptions, ImportStatus, OnError
from assay.domain.interchange import READERS
from assay.domain.interchange.rows import Reading, UnreadableFile, refused
from assay.domain.interchange.vocabulary import Vocabulary
from assay.domain.tracks import TrackStatus
from assay.kit.model import Value
from assay.observability.logging import current_correlation_id
from assay.services.catalog_rows import BATCH, Writing

log = structlog.get_logger(__name__)

CHUNK: Final = 1024 * 1024
SILENT_SECONDS: Final = 60.0
"""A worker that has given no sign of life for so long is dead, and another begins the file anew."""
ATTEMPTS: Final = 3
_NAMES_TOLD: Final = 1_000
"""Names that are not understood, at most; their counts are whole."""

type Told = Callable[[int, int, ImportCounts], None]
"""Is told bytes read, bytes in all, and the counts so far."""


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


class _Refused(Exception):
    """The file is not imported because of its rows."""


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
    uow: UnitOfWork, source: BinaryIO, kind: CatalogFormat, options: ImportOptions, *, staged: bool, requested_by: UUID | None
) -> ImportRead:
    """Note an import; a `staged` one with its file, for `import_next` to work off, others for `run` in this process."""
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
    if staged:
        for number, data in enumerate(iter(lambda: source.read(CHUNK), b"")):
            await uow.catalog_imports.stage(row.id, number, data)
    else:
        await uow.catalog_imports.update(row.id, 0)
        await uow.session.refresh(row)
    return read(row)


async def import_next(open_uow: OpenUnitOfWork) -> ImportRead | None:
    """Work off the import that has waited longest, or whose worker has died; None when none waits."""
    async with open_uow() as uow:
        import_id = await uow.catalog_imports.claim(SILENT_SECONDS)
        row = await uow.catalog_imports.get(import_id) if import_id else None
    if row is None:
        return None
    if row.attempt > ATTEMPTS:
        await _finish(open_uow, row, ImportStatus.FAILED, failure=f"given up after {ATTEMPTS} attempts")
        return None
    with tempfile.TemporaryFile() as source:
        number = 0
        while True:
            async with open_uow(autocommit=True) as uow:
                data = await uow.catalog_imports.chunk(row.id, number)
            if data is None:
                break
            source.write(data)
            number += 1
        try:
            return await run(open_uow, cast("BinaryIO", source), row.id)
        except Conflict as taken:
            log.info("import_postponed", why=taken.detail)
            return None


async def run(open_uow: OpenUnitOfWork, source: BinaryIO, import_id: UUID, told: Told | None = None) -> ImportRead:
    """Import a file that was begun. Raises `Conflict` while another import writes, and `NotFound`; what fails otherwise is noted."""
    async with open_uow() as uow:
        row = await uow.catalog_imports.get(import_id)
        await uow.catalog_imports.clear_problems(import_id)
    if row is None:
        raise NotFound("There is no such import.")
    running = _Running(open_uow, row, source, told)
    try:
        await running.write()
    except _Refused:
        await _finish(open_uow, row, ImportStatus.REFUSED, **running.facts())
    except Conflict as taken:
        if not row.staged:
            await _finish(open_uow, row, ImportStatus.FAILED, failure=taken.detail)
        raise
    except (DomainError, asyncio.CancelledError):  # the database is away, or this process ends: whoever comes next begins anew
        raise
    except Exception as problem:
        await _finish(open_uow, row, ImportStatus.FAILED, failure=type(problem).__name__, **running.facts())
        raise
    async with open_uow(autocommit=True) as uow:
        return await get(uow, import_id)


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
        options=_options(row),
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


class _Running:
    """One attempt at one file."""

    def __init__(self, open_uow: OpenUnitOfWork, row: CatalogImport, source: BinaryIO, told: Told | None) -> None:
        self._open_uow, self._row, self._source, self._told = open_uow, row, source, told
        self._options = _options(row)
        self._counts = ImportCounts()
        self._unknown: dict[str, int] = {}

    def facts(self) -> dict[str, Any]:
        """What has been found so far, as columns."""
        told = dict(islice(sorted(self._unknown.items(), key=lambda each: (-each[1], each[0])), _NAMES_TOLD))
        return {**self._counts.model_dump(by_alias=False), "not_understood": told, "bytes_done": self._row.size}

    async def write(self) -> None:
        """All of it, in one transaction. Raises `_Refused`, which undoes it."""
        async with self._open_uow(autocommit=True) as uow:
            words = Vocabulary(await uow.tracks.skill_names(), grows=self._options.add_skills)
            tracks = await uow.tracks.list([TrackStatus.ACTIVE])
        writing = Writing(self._row.id, self._options, words, {slug: track.name for track in tracks for slug in track.fallback_credentials})
        rows = READERS[CatalogFormat(self._row.format)](self._source, words, self._unknown)
        first = await asyncio.to_thread(_batch, rows)  # before anything is held: of CTDL the whole file is read for it
        async with self._open_uow() as uow:
            if not self._options.dry_run and not await uow.catalog_imports.alone():
                raise Conflict("Another import is under way. Try again when it has ended.", code="import_running")
            await self._rows(uow, writing, rows, first)
            if self._counts.refused and self._options.on_error is OnError.ABORT and not self._options.dry_run:
                raise _Refused
            if words.new and writing.writes:
                await uow.tracks.put_skills(words.new)
            await self._end(uow)

    async def _rows(self, uow: UnitOfWork, writing: Writing, rows: Iterator[Reading], batch: "_Batch") -> None:
        while True:
            done = await writing.put(uow, batch.rows)
            self._counts += done.counts
            found = list(done.refused)
            if batch.unreadable:  # no row of such a file can be trusted, whatever is wanted of bad ones
                self._counts += ImportCounts(refused=1)
                found.append(refused(self._counts.rows, None, [FieldProblem("", batch.unreadable)]))
            if found and self._options.on_error is OnError.ABORT:
                writing.writes = False
            await self._note(found)
            if batch.unreadable and not self._options.dry_run:
                raise _Refused
            if batch.last:
                return
            batch = await asyncio.to_thread(_batch, rows)

    async def _note(self, found: list[Reading]) -> None:
        """Tell how far it is, beside the transaction that writes. Raises `Conflict` when another process has taken it up."""
        place = min(self._source.tell(), self._row.size)
        rows = [
            {"import_id": self._row.id, "row": each.row, "number": number, "line": each.line, "pointer": why.pointer, "reason": why.message}
            for each in found
            for number, why in enumerate(each.problems, start=1)
        ]
        async with self._open_uow() as uow:
            counts = self._counts.model_dump(by_alias=False)
            if not await uow.catalog_imports.update(self._row.id, self._row.attempt, bytes_done=place, **counts):
                raise Conflict("Another process has taken up this import.", code="import_taken")
            if rows:
                await uow.catalog_imports.add_problems(rows)
        if self._told:
            self._told(place, self._row.size, self._counts)

    async def _end(self, uow: UnitOfWork) -> None:
        """Say in the transaction that writes that it is done, so that it is done once."""
        if not await uow.catalog_imports.finish(self._row.id, self._row.attempt, ImportStatus.DONE, **self.facts()):
            raise Conflict("Another process has taken up this import.", code="import_taken")
        if self._options.dry_run:
            return
        log.info("catalog_imported", **self._counts.model_dump(by_alias=False))
        await uow.audit.append(
            actor_id=self._row.requested_by,
            action=AuditAction.CATALOG_IMPORTED,
            target_type="catalog_import",
            target_id=str(self._row.id),
            changes={"fileHash": self._row.file_hash, "format": self._row.format, **self._counts.model_dump()},
            correlation_id=current_correlation_id(),
        )


class _Batch(NamedTuple):
    """The next rows, and why there are no more if the file cannot be read on."""

    rows: list[Reading]
    unreadable: str = ""

    @property
    def last(self) -> bool:
        """Whether the file ends with it."""
        return bool(self.unreadable) or len(self.rows) < BATCH


def _batch(rows: Iterator[Reading]) -> _Batch:
    """Runs in a thread, for parsing takes its time."""
    batch: list[Reading] = []
    try:
        batch.extend(islice(rows, BATCH))
    except UnreadableFile as problem:
        return _Batch(batch, str(problem))
    return _Batch(batch)


async def _finish(open_uow: OpenUnitOfWork, row: CatalogImport, status: ImportStatus, **values: Any) -> None:
    async with open_uow() as uow:
        await uow.catalog_imports.finish(row.id, row.attempt, status, **values)


def _options(row: CatalogImport) -> ImportOptions:
    return ImportOptions.model_validate(
        {"dry_run": row.dry_run, "on_error": row.on_error, "status": row.new_status, "add_skills": row.add_skills}
    )
