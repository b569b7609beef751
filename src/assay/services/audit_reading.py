"""The audit trail as it is read: filtered, page by page, and as a file that is written while it is read."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from assay.db.repositories.audit import AuditSieve
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction, ChainLink, Mark, spelled
from assay.domain.errors import NotFound
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.services import audit

PORTION: Final = 500
"""Entries read at a time for a file: no transaction stays open while somebody downloads slowly."""


class AuditRead(Value):
    """Who did what to what. Without an actor it was the operator, or the service itself; actors and targets are ids, nobody's name."""

    sequence: int
    at: datetime
    actor_id: UUID | None
    action: str
    target_type: str
    target_id: str
    changes: dict[str, Any]
    correlation_id: str
    previous_hash: str
    hash: str


class AuditPage(Value):
    """A page of entries, the newest first."""

    items: tuple[AuditRead, ...]
    next_cursor: int | None


class FileFormat(StrEnum):
    """How entries are written to a file."""

    JSON_LINES = "jsonl"
    CSV = "csv"


MEDIA_TYPES: Final = {FileFormat.JSON_LINES: "application/jsonl", FileFormat.CSV: "text/csv; charset=utf-8"}


async def page(uow: UnitOfWork, wanted: AuditSieve, cursor: int | None, limit: int) -> AuditPage:
    """Entries that fit, the newest first, older than `cursor`."""
    links = await uow.audit.page(wanted, cursor, limit + 1)
    return AuditPage(items=tuple(map(_read, links[:limit])), next_cursor=links[limit - 1].sequence if len(links) > limit else None)


async def get(uow: UnitOfWork, sequence: int) -> AuditRead:
    """The entry of this number. Raises `NotFound` when there is none, or none any more."""
    links = await uow.audit.chain(sequence - 1, 1)
    if not links or links[0].sequence != sequence:
        raise NotFound("There is no such entry.")
    return _read(links[0])


async def newest(uow: UnitOfWork) -> Mark | None:
    """The newest entry, as it was noted when it was written; None while there is none."""
    return await uow.audit.head()


async def export(open_uow: OpenUnitOfWork, actor: Actor | None, wanted: AuditSieve, form: FileFormat) -> AsyncIterator[str]:
    """Entries that fit, the newest first, in pieces of a file. That somebody takes them along is an entry itself, written first."""
    async with open_uow() as uow:
        changes = {"format": form.value, "filter": {name: str(value) for name, value in wanted._asdict().items() if value is not None}}
        await audit.record(uow, actor, AuditAction.AUDIT_EXPORTED, "audit", new_id(), changes)
    return _pieces(open_uow, wanted, form)


async def _pieces(open_uow: OpenUnitOfWork, wanted: AuditSieve, form: FileFormat) -> AsyncIterator[str]:
    write = WRITERS[form]
    if form is FileFormat.CSV:
        yield _row(list(AuditRead.model_fields))
    cursor: int | None = None
    while True:
        async with open_uow(autocommit=True) as uow:
            portion = await page(uow, wanted, cursor, PORTION)
        yield "".join(map(write, portion.items))
        if (cursor := portion.next_cursor) is None:
            return


def _json_line(entry: AuditRead) -> str:
    return f"{entry.model_dump_json()}\n"


def _csv_line(entry: AuditRead) -> str:
    values = entry.model_dump(mode="json", by_alias=False)
    return _row([_cell(json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value) for value in values.values()])


def _cell(value: Any) -> Any:
    """A spreadsheet takes what begins so for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value


def _row(values: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()


WRITERS: Final[dict[FileFormat, Callable[[AuditRead], str]]] = {FileFormat.JSON_LINES: _json_line, FileFormat.CSV: _csv_line}


def _read(link: ChainLink) -> AuditRead:
    said = link.entry.model_dump(by_alias=False)
    return AuditRead(
        sequence=link.sequence,
        previous_hash=link.previous_hash,
        hash=link.hash,
        **{**said, "action": spelled(link.entry.action)},
    )
