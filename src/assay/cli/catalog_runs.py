"""What `assay catalog` asks of the services: one function a verb, each with a runtime of its own."""

from pathlib import Path
from typing import BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from assay.cli.opened import opened
from assay.domain.credentials import CredentialStatus
from assay.domain.imports import CatalogFormat, ImportCounts, ImportOptions
from assay.domain.interchange import SUFFIXES
from assay.kit.model import Value
from assay.runtime import Runtime
from assay.services import catalog_exports, catalog_import_runs, catalog_imports, catalog_reports, credentials
from assay.services.catalog_imports import ImportRead, RowProblem
from assay.services.credentials import IndexState
from assay.settings import Settings

_PROBLEMS_AT_ONCE = 1_000


class Imported(Value):
    """What became of a file: the import, all its problems, and whether searches know the catalog as it is now."""

    result: ImportRead
    problems: tuple[RowProblem, ...]
    index: IndexState


def kind_of(file: Path, named: str | None) -> CatalogFormat:
    """The format: as it is named, else by the file's name. Raises `typer.BadParameter` for one that tells nothing."""
    kind = CatalogFormat(named) if named else SUFFIXES.get(file.suffix.lower())
    if kind is None:
        raise typer.BadParameter(f"{file.name} does not say what it is; name it with --format {'|'.join(CatalogFormat)}.")
    return kind


def import_file(settings: Settings, file: Path, kind: CatalogFormat, options: ImportOptions) -> Imported:
    """Import `file` in this process, telling how far it is on standard error."""

    async def ask(runtime: Runtime) -> Imported:
        with file.open("rb") as source, _bar() as progress:
            async with runtime.open_uow() as uow:
                begun = await catalog_imports.begin(uow, source, kind, options, staged=False, requested_by=None)
            bar = progress.add_task("", total=begun.size, rows="0 rows")

            def told(done: int, _size: int, counts: ImportCounts) -> None:
                progress.update(bar, completed=done, rows=f"{counts.rows:,} rows, {counts.refused:,} refused")

            result = await catalog_import_runs.run(runtime.open_uow, source, begun.id, told)
        async with runtime.open_uow(autocommit=True) as uow:
            return Imported(result=result, problems=await _problems(runtime, result), index=await credentials.index_state(uow))

    return opened(settings, ask)


def export_file(settings: Settings, file: BinaryIO, kind: str, status: str | None) -> None:
    """Write the catalog to `file`."""

    async def ask(runtime: Runtime) -> None:
        async for part in catalog_exports.export(runtime.open_uow, CatalogFormat(kind), CredentialStatus(status) if status else None):
            file.write(part)
        file.flush()

    opened(settings, ask)


def report(settings: Settings, *, check_links: bool) -> catalog_reports.CatalogReport:
    """What is amiss in the catalog."""
    return opened(settings, lambda runtime: catalog_reports.report(runtime.open_uow, runtime.links if check_links else None))


async def _problems(runtime: Runtime, result: ImportRead) -> tuple[RowProblem, ...]:
    found: list[RowProblem] = []
    cursor: str | None = None
    while True:
        async with runtime.open_uow(autocommit=True) as uow:
            page = await catalog_imports.problems(uow, result.id, cursor, _PROBLEMS_AT_ONCE)
        found += page.items
        if (cursor := page.next_cursor) is None:
            return tuple(found)


def _bar() -> Progress:
    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), TextColumn("{task.fields[rows]}"))
    return Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)
