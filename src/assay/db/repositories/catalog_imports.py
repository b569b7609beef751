"""Imports into the catalog: the runs, the files that wait in chunks, and the rows that were refused."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import CatalogImport, CatalogImportChunk, CatalogImportProblem
from assay.db.models.base import Json, table
from assay.domain.imports import ImportStatus

# Not waited for: whoever finds it taken comes back later, or tells the caller. Held until the transaction ends.
_ALONE: Final = text("SELECT pg_try_advisory_xact_lock(7236003)")
# One whose worker has been silent is taken up again from its file; where there is no file, it was a command that has been killed.
_CLAIM: Final = text(
    """
    UPDATE catalog_imports SET status = 'running', attempt = attempt + 1, beat_at = clock_timestamp(), bytes_done = 0
    WHERE id = (
        SELECT id FROM catalog_imports
        WHERE staged AND (status = 'queued' OR (status = 'running' AND beat_at < clock_timestamp() - make_interval(secs => :silence)))
        AND NOT EXISTS (
            SELECT FROM catalog_imports r WHERE r.status = 'running' AND r.beat_at >= clock_timestamp() - make_interval(secs => :silence)
        )
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id
    """
)
_ABANDONED: Final = text(
    """
    UPDATE catalog_imports SET status = 'failed', failure = 'interrupted', finished_at = clock_timestamp()
    WHERE NOT staged AND status = 'running' AND beat_at < clock_timestamp() - make_interval(secs => :silence)
    """
)
_FORGOTTEN: Final = text(
    """
    DELETE FROM catalog_import_chunks c USING catalog_imports i
    WHERE i.id = c.import_id AND i.finished_at < clock_timestamp() - make_interval(secs => :kept)
    """
)


class CatalogImports:
    """The imports of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, **values: Any) -> CatalogImport:
        """A new run; `values` are its columns."""
        row = CatalogImport(**values)
        self._session.add(row)
        await self._session.flush()
        await self._session.refresh(row)
        return row

    async def get(self, import_id: UUID) -> CatalogImport | None:
        """One run, as it stands now."""
        return await self._session.get(CatalogImport, import_id, populate_existing=True)

    async def newest(self, *, before: UUID | None, limit: int) -> list[CatalogImport]:
        """Runs, newest first: ids rise with time."""
        query = select(CatalogImport).order_by(CatalogImport.id.desc()).limit(limit)
        return list(await self._session.scalars(query.where(CatalogImport.id < before) if before else query))

    async def locked(self, import_id: UUID) -> CatalogImport | None:
        """One run, held until the transaction ends."""
        query = select(CatalogImport).where(CatalogImport.id == import_id).with_for_update()
        return await self._session.scalar(query.execution_options(populate_existing=True))

    async def in_earnest(self, dry_run: CatalogImport) -> CatalogImport | None:
        """The newest run that brought in the file of a dry run, or tried to."""
        same = (CatalogImport.file_hash == dry_run.file_hash, CatalogImport.id > dry_run.id, CatalogImport.dry_run.is_(False))
        return await self._session.scalar(select(CatalogImport).where(*same).order_by(CatalogImport.id.desc()).limit(1))

    async def claim(self, silence: float) -> UUID | None:
        """Take up a run that waits, or whose worker has given no sign for `silence` seconds; None when there is none."""
        await self._session.execute(_ABANDONED, {"silence": silence})
        claimed: UUID | None = await self._session.scalar(_CLAIM, {"silence": silence})
        return claimed

    async def alone(self) -> bool:
        """Whether nobody else imports; if so, nobody does until this transaction ends."""
        return bool(await self._session.scalar(_ALONE))

    async def update(self, import_id: UUID, attempt: int, **values: Any) -> bool:
        """Change a run that is under way, and note that it lives; False when another has taken it up since `attempt`."""
        mine = (CatalogImport.id == import_id, CatalogImport.attempt == attempt, CatalogImport.status == ImportStatus.RUNNING)
        changed = await self._session.execute(update(CatalogImport).where(*mine).values(beat_at=func.clock_timestamp(), **values))
        return bool(changed.rowcount)  # type: ignore[attr-defined] # a CursorResult

    async def finish(self, import_id: UUID, attempt: int, status: ImportStatus, **values: Any) -> bool:
        """End a run and forget its file, unless it was a dry run; False when another has taken it up since `attempt`."""
        mine = await self.update(import_id, attempt, status=status, finished_at=func.clock_timestamp(), **values)
        if mine:
            in_earnest = select(CatalogImport.id).where(CatalogImport.id == import_id, CatalogImport.dry_run.is_(False))
            await self._session.execute(delete(CatalogImportChunk).where(CatalogImportChunk.import_id.in_(in_earnest)))
        return mine

    async def hand_over(self, dry_run: UUID, import_id: UUID) -> None:
        """Give the file of a dry run to an import in earnest."""
        await self._session.execute(update(CatalogImportChunk).where(CatalogImportChunk.import_id == dry_run).values(import_id=import_id))

    async def holds_file(self, import_id: UUID) -> bool:
        """Whether its file is kept."""
        query = select(CatalogImportChunk.number).where(CatalogImportChunk.import_id == import_id, CatalogImportChunk.number == 0)
        return await self._session.scalar(query) is not None

    async def forget_files(self, kept_seconds: float) -> None:
        """Remove files of dry runs that ended longer ago."""
        await self._session.execute(_FORGOTTEN, {"kept": kept_seconds})

    async def stage(self, import_id: UUID, number: int, data: bytes) -> None:
        """Keep a piece of the file."""
        await self._session.execute(insert(table(CatalogImportChunk)), [{"import_id": import_id, "number": number, "data": data}])

    async def chunk(self, import_id: UUID, number: int) -> bytes | None:
        """A piece of the file; None behind the last."""
        query = select(CatalogImportChunk.data)
        return await self._session.scalar(query.where(CatalogImportChunk.import_id == import_id, CatalogImportChunk.number == number))

    async def add_problems(self, rows: Sequence[Json]) -> None:
        """Note rows that are refused."""
        await self._session.execute(insert(table(CatalogImportProblem)), list(rows))

    async def clear_problems(self, import_id: UUID) -> None:
        """Forget what an earlier attempt has noted."""
        await self._session.execute(delete(CatalogImportProblem).where(CatalogImportProblem.import_id == import_id))

    async def problems(self, import_id: UUID, after: tuple[int, int], limit: int) -> list[CatalogImportProblem]:
        """Problems of a run behind `after` (row and number within it), at most `limit`, in the file's order."""
        place = tuple_(CatalogImportProblem.row, CatalogImportProblem.number)
        query = select(CatalogImportProblem).where(CatalogImportProblem.import_id == import_id, place > after)
        return list(await self._session.scalars(query.order_by(CatalogImportProblem.row, CatalogImportProblem.number).limit(limit)))
