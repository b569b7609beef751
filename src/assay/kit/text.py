"""Text as accepted from outside: what cannot be stored faithfully is refused, everything else is kept as it is."""

from typing import Annotated

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


type StorableText = Annotated[str, AfterValidator(storable)]
