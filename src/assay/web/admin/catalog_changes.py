"""What differs between two versions of a credential, field by field, for people: words that went and came, items added and left out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from assay.domain.credentials import CredentialRecord
from assay.web.admin.catalog_forms import LISTS
from assay.web.admin.catalog_words import FIELDS, value

_PROSE: Final = frozenset({"description", "assessment", "quality_assurance", "stackability"})
_WORD: Final = re.compile(r"\s*\S+|\s+$")
_ALIKE: Final = 0.3
"""Two texts that share less than this are told one after the other: woven into each other, nobody could read either."""


class Piece(NamedTuple):
    """A part of a text or a list: `same`, `gone` or `new`."""

    text: str
    kind: str


class FieldChange(NamedTuple):
    """A field that differs. `form` is `text` (pieces make one text), `list` (each is an item) or `value` (before, then after)."""

    name: str
    label: str
    form: str
    pieces: tuple[Piece, ...]


def differences(before: CredentialRecord, after: CredentialRecord, skills: Mapping[str, str]) -> tuple[FieldChange, ...]:
    """The fields that differ, in the order in which they are shown; `skills` are names by slug."""
    return tuple(
        _change(name, label, getattr(before, name), getattr(after, name), skills)
        for name, label in FIELDS.items()
        if getattr(before, name) != getattr(after, name)
    )


def _change(name: str, label: str, before: object, after: object, skills: Mapping[str, str]) -> FieldChange:
    if name in LISTS:
        old, new = ([value(name, each, skills) for each in given] for given in (before, after))  # type: ignore[attr-defined]
        return FieldChange(name, label, "list", tuple(_pieces(old, new)))
    if name in _PROSE and (woven := _woven(str(before), str(after))):
        return FieldChange(name, label, "text", woven)
    pair = (Piece(value(name, before, skills), "gone"), Piece(value(name, after, skills), "new"))
    return FieldChange(name, label, "value", pair)


def _woven(before: str, after: str) -> tuple[Piece, ...]:
    old, new = _WORD.findall(before), _WORD.findall(after)
    if SequenceMatcher(None, old, new).ratio() < _ALIKE:
        return ()
    found: list[Piece] = []
    for piece in _pieces(old, new):
        if found and found[-1].kind == piece.kind:
            found[-1] = Piece(found[-1].text + piece.text, piece.kind)
        else:
            found.append(piece)
    return tuple(found)


def _pieces(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for kind, start, end, begin, stop in SequenceMatcher(None, old, new).get_opcodes():
        if kind == "equal":
            yield from (Piece(each, "same") for each in old[start:end])
            continue
        yield from (Piece(each, "gone") for each in old[start:end])
        yield from (Piece(each, "new") for each in new[begin:stop])
