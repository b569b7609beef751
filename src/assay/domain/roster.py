"""A list of people as a university hands it over: CSV with a header, read row by row, each right or wrong by itself. Pure."""

import csv
import io
import re
from typing import Final, NamedTuple

from assay.domain.actors import Role
from assay.kit.text import storable

MAX_ROWS: Final = 5_000
MAX_LENGTH: Final = 320
"""Characters of an e-mail address (RFC 5321) or a name."""
REQUIRED: Final = frozenset({"email", "name", "role"})
OPTIONAL: Final = frozenset({"cohort"})
_SPELLINGS: Final = {"e-mail": "email", "mail": "email"}
_ADDRESS: Final = re.compile(r"[^\s@<>\"',;:()]+@[^\s@<>\"',;:()]+\.[^\s@<>\"',;:()]+")


class Entry(NamedTuple):
    """One row: what it says, or what is wrong with it. `line` counts from 1, the header included."""

    line: int
    email: str = ""
    name: str = ""
    role: Role = Role.STUDENT
    cohort: str | None = None
    problem: str | None = None


def read(content: bytes) -> list[Entry]:
    """The rows of a file, in UTF-8 with or without a mark, separated by commas or semicolons; empty lines are passed over.

    Raises `ValueError` with a sentence when it is no such file at all.
    """
    try:
        text = storable(content.decode("utf-8-sig"))
    except ValueError as error:
        msg = "The file is not text in UTF-8."
        raise ValueError(msg) from error
    header, _, _ = text.partition("\n")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if header.count(";") > header.count(",") else ",", strict=True)
    try:
        columns = [_SPELLINGS.get(cell.strip().lower(), cell.strip().lower()) for cell in next(rows, [])]
        _require(columns)
        found = [_entry(rows.line_num, columns, row) for row in rows if any(cell.strip() for cell in row)]
    except csv.Error as error:
        msg = f"Line {rows.line_num} cannot be read: {error}."
        raise ValueError(msg) from error
    if len(found) > MAX_ROWS:
        msg = f"The file has {len(found)} rows; {MAX_ROWS} are taken at once."
        raise ValueError(msg)
    return _once_each(found)


def _require(columns: list[str]) -> None:
    missing, odd = REQUIRED - set(columns), set(columns) - REQUIRED - OPTIONAL
    if missing or odd or len(columns) != len(set(columns)):
        msg = f"The first line must name the columns {', '.join(sorted(REQUIRED))} and, if wanted, cohort, each once."
        raise ValueError(msg)


def _entry(line: int, columns: list[str], row: list[str]) -> Entry:
    if len(row) != len(columns):
        return Entry(line, problem=f"has {len(row)} cells instead of {len(columns)}")
    cells = {column: cell.strip() for column, cell in zip(columns, row, strict=True)}
    if not _ADDRESS.fullmatch(cells["email"]) or len(cells["email"]) > MAX_LENGTH:
        return Entry(line, problem="email is no address")
    if not cells["name"] or len(cells["name"]) > MAX_LENGTH:
        return Entry(line, problem="name is missing or too long")
    if cells["role"].lower() not in {Role.STUDENT, Role.ADVISOR}:
        return Entry(line, problem="role is neither student nor advisor")
    return Entry(line, cells["email"], cells["name"], Role(cells["role"].lower()), cells.get("cohort") or None)


def _once_each(entries: list[Entry]) -> list[Entry]:
    first: dict[tuple[str, str | None], int] = {}
    return [
        entry if entry.problem or (before := first.setdefault((entry.email.lower(), entry.cohort), entry.line)) == entry.line
        else Entry(entry.line, problem=f"is in line {before} already")
        for entry in entries
    ]  # fmt: skip
