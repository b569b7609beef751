"""Working an import off: a file is read in a stream, checked row by row, and changes the catalog at once or not at all.

Everything is written in one transaction, so that nobody reads half a catalog and a process that dies leaves nothing behind. How far it is,
and each row that is refused, is told meanwhile in transactions of their own.
"""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, BinaryIO, Final, NamedTuple, cast
from uuid import UUID

import structlog

from assay.db.models import CatalogImport
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict, DomainError, FieldProblem, NotFound
from assay.domain.imports import CatalogFormat, ImportCounts, ImportStatus, OnError
from assay.domain.interchange import READERS
from assay.domain.interchange.rows import Reading, UnreadableFile, refused
from assay.domain.interchange.vocabulary import Vocabulary
from assay.domain.tracks import TrackStatus
from assay.observability.logging import current_correlation_id
from assay.services import catalog_imports
from assay.services.catalog_imports import ImportRead, options_of
from assay.services.catalog_rows import BATCH, Writing

log = structlog.get_logger(__name__)

SILENT_SECONDS: Final = 60.0
"""A worker that has given no sign of life for so long is dead, and another begins the file anew."""
ATTEMPTS: Final = 3
_NAMES_TOLD: Final = 1_000
"""Names that are not understood, at most; their counts are whole."""

type Told = Callable[[int, int, ImportCounts], None]
"""Is told bytes read, bytes in all, and the counts so far."""


class _Refused(Exception):
    """The file is not imported because of its rows."""


async def import_next(open_uow: OpenUnitOfWork) -> ImportRead | None:
    """Work off the import that has waited longest, or whose worker has died; None when none waits."""
    async with open_uow() as uow:
        await uow.catalog_imports.forget_files(catalog_imports.KEPT.total_seconds())
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


async def require_alone(uow: UnitOfWork) -> None:
    """Keep other imports from writing until this transaction ends. Raises `Conflict` while another writes."""
    if not await uow.catalog_imports.alone():
        raise Conflict("Another import is under way. Try again when it has ended.", code="import_running")


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
        return await catalog_imports.get(uow, import_id)


class _Running:
    """One attempt at one file."""

    def __init__(self, open_uow: OpenUnitOfWork, row: CatalogImport, source: BinaryIO, told: Told | None) -> None:
        self._open_uow, self._row, self._source, self._told = open_uow, row, source, told
        self._options = options_of(row)
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
            if not self._options.dry_run:
                await require_alone(uow)
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
