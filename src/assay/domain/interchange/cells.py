"""What stands in a cell of a spreadsheet: lists in one cell, and text that no spreadsheet takes for a formula.

A spreadsheet that opens a CSV file runs what begins with `=`, `+`, `-` or `@` (OWASP, CSV injection). Such a text gets an apostrophe in
front, which a spreadsheet takes for "this is text", and so does one that already has apostrophes before such a character. Reading takes
exactly one away again, so that every text comes back as it was.
"""

import re
from collections.abc import Iterable
from typing import Final

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""With the wide forms of these characters, which some spreadsheets read as the narrow ones, and white space before them."""
_GUARDED: Final = re.compile(r"'" + _FORMULA.pattern)
_PIECE: Final = re.compile(r"\\.|[^\\]|\\$", re.DOTALL)
_SPECIAL: Final = re.compile(r"[\\|]")


def guarded(text: str) -> str:
    """`text` for a cell."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """The text that `guarded` made the cell of."""
    return cell[1:] if _GUARDED.match(cell) else cell


def joined(items: Iterable[str]) -> str:
    """A list in one cell: items between `|`, where a backslash keeps the next character from meaning anything."""
    return "|".join(map(_escaped, items))


def split(cell: str) -> list[str]:
    """The items of such a cell, without the white space around them. An empty cell is an empty list."""
    if not cell.strip():
        return []
    if "\\" not in cell:
        return [item.strip() for item in cell.split("|")]
    items: list[list[str]] = [[]]
    for piece in _PIECE.findall(cell):
        if piece == "|":
            items.append([])
        else:
            items[-1].append(piece)
    return ["".join(piece[-1] for piece in _trimmed(item)) for item in items]


def _escaped(item: str) -> str:
    """White space at the ends is kept from being taken for layout."""
    safe = _SPECIAL.sub(lambda found: f"\\{found[0]}", item)
    inside = safe.strip()
    if inside == safe:
        return safe
    start = safe.index(inside) if inside else len(safe)
    before, after = safe[:start], safe[start + len(inside) :]
    return "".join(f"\\{each}" for each in before) + inside + "".join(f"\\{each}" for each in after)


def _trimmed(pieces: list[str]) -> list[str]:
    start, end = 0, len(pieces)
    while start < end and pieces[start].isspace():
        start += 1
    while end > start and pieces[end - 1].isspace():
        end -= 1
    return pieces[start:end]
