"""Words of and about people that must not get into what is kept longer than their data: the audit trail. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

MASK: Final = "[masked]"
_ADDRESS: Final = re.compile(r"[^\s@<>\"',;:()]+@[^\s@<>\"',;:()]+")
_WORD: Final = re.compile(r"\w+")
_LEAST: Final = 2
"""Characters of a name's part that is looked for: an initial would mask half of a sentence."""


def masked(text: str, people: Iterable[str] = ()) -> str:
    """`text` without e-mail addresses and without any part of the names in `people`, whatever the case."""
    parts = {re.escape(part) for name in people for part in _WORD.findall(name) if len(part) >= _LEAST}
    without = _ADDRESS.sub(MASK, text)
    if not parts:
        return without
    return re.sub(rf"(?<!\w)(?:{'|'.join(sorted(parts, key=len, reverse=True))})(?!\w)", MASK, without, flags=re.IGNORECASE)


def without_addresses(value: Any) -> Any:
    """JSON without e-mail addresses, at whatever depth."""
    match value:
        case str():
            return _ADDRESS.sub(MASK, value)
        case Mapping():
            return {name: without_addresses(each) for name, each in value.items()}
        case list() | tuple():
            return [without_addresses(each) for each in value]
    return value


def hidden(changed: Iterable[str], before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """That fields of a person have `changed`, by JSON pointer, without telling what they were or are."""
    return {
        f"/{name}": {when: MASK for when, state in (("before", before), ("after", after)) if state.get(name) is not None}
        for name in changed
        if before.get(name) != after.get(name)
    }
