"""A catalog as CSV (RFC 4180), UTF-8: a column a field, lists in one cell, separated by comma, semicolon or tab."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from assay.domain.errors import FieldProblem
from assay.domain.interchange.cells import guarded, joined, split, unguarded
from assay.domain.interchange.rows import COLUMNS, LINE_BYTES, CatalogRow, Reading, UnreadableFile, column, parsed, refused
from assay.domain.interchange.vocabulary import Vocabulary

_LISTS: Final = frozenset({"outcomes", "skills", "prerequisites", "prerequisiteSkills"})
_SEPARATOR: Final = re.compile(r"[,;\t]")
_UNDECODED: Final = re.compile(r"[\udc80-\udcff]")
_IDENTITY: Final = frozenset({"slug", "sourceId"})


def read(source: BinaryIO, words: Vocabulary, unknown: dict[str, int]) -> Iterator[Reading]:
    """The rows of a file. Columns there are no fields for are counted in `unknown`. Raises `UnreadableFile` for a header without names."""
    lines = _Lines(source)
    first = next(lines, "")
    found = _SEPARATOR.search(first)
    reader = csv.reader(_again(first, lines), delimiter=found[0] if found else ",")
    header = [name.strip() for name in next(reader, [])]
    names = [column(name) for name in header]
    known = {name for name in names if name}
    if not known & _IDENTITY or len(known) != sum(name is not None for name in names):
        raise UnreadableFile("the first line must name the columns, each once, and among them slug or sourceId")
    number = 0
    while True:
        line = lines.count + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            yield refused(number, line, [FieldProblem("", f"cannot be read: {error}")])
            continue
        if cells:
            number += 1
            yield _reading(number, line, list(zip(header, names, strict=True)), cells, words, unknown)


def write(row: CatalogRow, names: Mapping[str, str]) -> bytes:
    """A row as a line."""
    del names  # skills are told by slug
    told = row.model_dump(mode="json")
    return _line([_cell(name, told[name]) for name in COLUMNS])


def _reading(
    number: int, line: int, header: Sequence[tuple[str, str | None]], cells: Sequence[str], words: Vocabulary, unknown: dict[str, int]
) -> Reading:
    if len(cells) != len(header):
        return refused(number, line, [FieldProblem("", f"has {len(cells)} cells, the header has {len(header)}")])
    if any(map(_UNDECODED.search, cells)):
        return refused(number, line, [FieldProblem("", "is not UTF-8 text")])
    raw: dict[str, Any] = {}
    for (title, name), cell in zip(header, cells, strict=True):
        if name is None:
            unknown[title] = unknown.get(title, 0) + bool(cell)
        elif cell:
            text = unguarded(cell)
            raw[name] = split(text) if name in _LISTS else text
    return parsed(number, line, raw, words)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    return guarded(joined(value) if name in _LISTS else str(value))


def _line(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue().encode()


HEADER: Final = _line(list(COLUMNS))


class _Lines:
    """Lines of a file as text, and how many have been read.

    What is no UTF-8 stays recognisable; of an endless line the beginning is read.
    """

    def __init__(self, source: BinaryIO) -> None:
        source.seek(0)
        self._source = source
        self.count = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._source.readline(LINE_BYTES)
        if not line:
            raise StopIteration
        self.count += 1
        rest = line
        while len(rest) == LINE_BYTES and not rest.endswith(b"\n"):
            rest = self._source.readline(LINE_BYTES)
        if self.count == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        return line.decode("utf-8", "surrogateescape")


def _again(first: str, lines: _Lines) -> Iterator[str]:
    yield first
    yield from lines
