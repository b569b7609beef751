"""Text as accepted from outside: what cannot be stored faithfully is refused, everything else is kept as it is."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator


def storable(text: str) -> str:
    """`text` itself. Raises `ValueError` for NUL and lone surrogates, which Postgres cannot store."""
    if "\x00" in text:
        msg = "contains the character NUL, which cannot be stored"
        raise ValueError(msg)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        msg = "contains half of a surrogate pair, which is not a character"
        raise ValueError(msg) from error
    return text


def all_storable(raw: Any) -> Any:
    """`raw` itself, parsed JSON. Raises `ValueError` for a text anywhere in it that cannot be stored."""
    match raw:
        case str():
            storable(raw)
        case Mapping():
            all_storable(list(raw))
            all_storable(list(raw.values()))
        case list() | tuple():
            for each in raw:
                all_storable(each)
    return raw


type StorableText = Annotated[str, AfterValidator(storable)]
