"""Names on both sides: XML's identifiers may not begin with a digit or a hyphen, Assay's are short and plain."""

import re
from collections.abc import Iterable
from typing import Final

_ESCAPE: Final = "_."
"""Stands before an id that XML would not take; Assay's own ids have no full stop."""
_LETTER_FIRST: Final = re.compile(r"[A-Za-z_]")
_NO_ID: Final = re.compile(r"[^A-Za-z0-9_-]+")
_NO_SLUG: Final = re.compile(r"[^a-z0-9]+")
_ID_LENGTH: Final = 40
_SLUG_LENGTH: Final = 80


def written(option: str) -> str:
    """The identifier of an option."""
    return option if _LETTER_FIRST.match(option) else _ESCAPE + option


def read(given: Iterable[str]) -> dict[str, str]:
    """By identifier the id of an option: the same wherever it fits, shortened and made unique where it does not."""
    ids: dict[str, str] = {}
    for identifier in given:
        wanted = _NO_ID.sub("-", identifier.removeprefix(_ESCAPE))[:_ID_LENGTH] or "option"
        found, number = wanted, 1
        while found in ids.values():
            number += 1
            found = f"{wanted[: _ID_LENGTH - 4]}-{number}"
        ids[identifier] = found
    return ids


def slug(identifier: str) -> str:
    """The slug of an item, empty when nothing of its identifier can stand in one."""
    return _NO_SLUG.sub("-", identifier.lower()).strip("-")[:_SLUG_LENGTH].strip("-")
