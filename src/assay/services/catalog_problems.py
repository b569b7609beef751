"""The rows that an import refused, as a file for a spreadsheet: page after page, no cell of it a formula."""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from typing import Final
from uuid import UUID

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.interchange.cells import guarded
from assay.services import catalog_imports

_PAGE: Final = 1_000


async def as_csv(open_uow: OpenUnitOfWork, import_id: UUID) -> AsyncIterator[bytes]:
    """Row, line, pointer and reason of every problem, in the file's order. Raises `NotFound`."""
    yield _lines([("row", "line", "pointer", "reason")])
    cursor: str | None = None
    while True:
        async with open_uow(autocommit=True) as uow:
            page = await catalog_imports.problems(uow, import_id, cursor, _PAGE)
        yield _lines((str(each.row), str(each.line or ""), guarded(each.pointer), guarded(each.reason)) for each in page.items)
        if (cursor := page.next_cursor) is None:
            return


def _lines(rows: Iterable[tuple[str, ...]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()
