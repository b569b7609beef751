"""What a backup says of itself, so that a restore can tell whether it is whole, whose keys it needs, and whether all has arrived. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from assay.domain.audit import AuditAction
from assay.domain.errors import FieldProblem, Invalid
from assay.domain.keys import KeyPurpose
from assay.kit.model import Value

ERASED_EVENT: Final = "person_erased"
"""What the log says when somebody was erased, with `person_id`."""


class Contents(Value):
    """A table: its rows, and the sum of what each row's text hashes to, whatever their order."""

    rows: int
    fingerprint: str


class KeyNeeded(Value):
    """A key without which what is in the backup cannot be read: its name and a proof, never the key."""

    purpose: KeyPurpose
    key_id: str
    proof: str
    """Base64 of what `key_proofs` holds."""


class Manifest(Value):
    """Lies beside a dump, as `FILE.json`."""

    format: Literal[1] = 1
    id: UUID
    taken_at: datetime
    assay: str
    postgres: int
    """Major version of the server."""
    revision: str
    """Of the schema."""
    bytes: int
    sha256: str
    """Of the dump's file."""
    keys: tuple[KeyNeeded, ...]
    tables: dict[str, Contents]

    @property
    def rows(self) -> int:
        """Of all tables together."""
        return sum(table.rows for table in self.tables.values())


def differing(expected: Mapping[str, Contents], found: Mapping[str, Contents]) -> tuple[str, ...]:
    """The tables that are not as they were, each with its rows then and now."""
    return tuple(
        f"{name}: {_rows(expected.get(name))} expected, {_rows(found.get(name))} found{_altered(expected.get(name), found.get(name))}"
        for name in sorted({*expected, *found})
        if expected.get(name) != found.get(name)
    )


def _rows(table: Contents | None) -> str:
    return "no table" if table is None else f"{table.rows} rows"


def _altered(before: Contents | None, now: Contents | None) -> str:
    return ", their content differs" if before and now and before.rows == now.rows else ""


def erased_people(lines: Iterable[str]) -> tuple[UUID, ...]:
    """Who was erased, by an export of the audit log or the log itself (JSON, an entry a line); other entries are passed over.

    Raises `Invalid` with the numbers of lines that cannot be read: somebody could stand in them.
    """
    people: dict[UUID, None] = {}
    problems = []
    for number, line in enumerate(lines, 1):
        try:
            people |= dict.fromkeys(_erased_in(line))
        except (ValueError, TypeError):
            problems.append(FieldProblem(f"line {number}", "is no entry of an audit log or of the service's own log in JSON"))
    if problems:
        raise Invalid("The list of erased people cannot be read. Nobody was erased.", problems=tuple(problems[:20]))
    return tuple(people)


def _erased_in(line: str) -> Iterator[UUID]:
    if not line.strip():
        return
    entry = json.loads(line)
    if not isinstance(entry, dict):
        raise TypeError
    if entry.get("action") == AuditAction.PERSON_ERASED:
        yield UUID(entry["targetId"] if "targetId" in entry else entry["target_id"])
    elif entry.get("event") == ERASED_EVENT:
        yield UUID(entry["person_id"])
