"""What changed between two states of a thing, field by field, for the audit trail. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from assay.kit.model import Value

SHOWN_AT_MOST: Final = 400
"""Characters of a text that an entry repeats: the versions themselves hold the rest."""
_ABSENT: Final = object()


def changes(before: Value | None, after: Value | None) -> dict[str, dict[str, Any]]:
    """By JSON pointer (RFC 6901) what a field was (`before`) and is (`after`); a field that was not there has no `before`, and so on.

    Lists are compared place by place. Of long texts the beginning is kept.
    """
    old, new = dict(_fields(_dump(before))), dict(_fields(_dump(after)))
    return {
        pointer: _pair(old.get(pointer, _ABSENT), new.get(pointer, _ABSENT))
        for pointer in dict.fromkeys([*old, *new])
        if old.get(pointer, _ABSENT) != new.get(pointer, _ABSENT)
    }


def _dump(value: Value | None) -> Any:
    return {} if value is None else value.model_dump(mode="json")


def _fields(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its pointer; what is empty is a leaf too."""
    entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    inside = [(f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}", each) for name, each in entries]
    if not inside:
        yield pointer, value
    for name, each in inside:
        yield from _fields(each, name)


def _pair(before: Any, after: Any) -> dict[str, Any]:
    return {name: _shortened(value) for name, value in (("before", before), ("after", after)) if value is not _ABSENT}


def _shortened(value: Any) -> Any:
    return f"{value[:SHOWN_AT_MOST]}…" if isinstance(value, str) and len(value) > SHOWN_AT_MOST else value
