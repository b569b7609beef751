"""From what was entered to a value of the domain: the value's own validation says what does not fit, this says it in plain words."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from assay.kit.text import storable
from assay.web.admin.entries import Entries

GENERAL: Final = "form"
"""The name under which stands what is wrong with no field of its own."""

type Problems = dict[str, str]
"""A sentence by the name of the field it is about."""
type Place = tuple[int | str, ...]

_TOLD: Final[Mapping[str, str]] = {
    "missing": "Fill this in.",
    "string_too_short": "Write at least {min_length} characters.",
    "string_too_long": "At most {max_length} characters fit here.",
    "too_short": "At least {min_length} are needed.",
    "too_long": "At most {max_length} fit here.",
    "greater_than": "Enter a number above {gt}.",
    "greater_than_equal": "Enter a number from {ge} on.",
    "less_than": "Enter a number below {lt}.",
    "less_than_equal": "Enter a number up to {le}.",
    "float_parsing": "Write a number, for instance 12 or 0.5.",
    "float_type": "Write a number, for instance 12 or 0.5.",
    "finite_number": "Write a number, for instance 12 or 0.5.",
    "int_parsing": "Write a whole number.",
    "int_parsing_size": "Write a smaller number.",
    "int_type": "Write a whole number.",
    "int_from_float": "Write a whole number.",
    "enum": "Choose one of the list.",
    "literal_error": "Choose one of the list.",
    "string_pattern_mismatch": "Use small letters, digits and single hyphens, as in rest-caching.",
    "datetime_from_date_parsing": "Write a day and a time.",
    "timezone_aware": "Write a day and a time.",
}
"""By the kind of pydantic's error; its own words where a kind is not named."""
_OF_ONE: Final = ("Write at least 1 characters.", "Fill this in.")


def attempt[Model: BaseModel](
    problems: Problems, model: type[Model], raw: Mapping[str, Any], field_of: Callable[[Place], str]
) -> Model | None:
    """`raw` as a `model`; what does not fit goes into `problems`, under the field that `field_of` finds for its place."""
    try:
        return model.model_validate(raw)
    except ValidationError as refused:
        for error in refused.errors():
            problems.setdefault(field_of(error["loc"]), sentence(error))
        return None


def sentence(error: ErrorDetails) -> str:
    """What is wrong, as one would say it."""
    if error["type"] == "value_error":
        return capital(str(error.get("ctx", {}).get("error", error["msg"])))
    told = _TOLD.get(error["type"], "")
    made = told.format(**error.get("ctx", {})) if told else capital(error["msg"])
    return _OF_ONE[1] if made == _OF_ONE[0] else made


def capital(told: str) -> str:
    """`told` as a sentence."""
    return f"{told[:1].upper()}{told[1:]}{'' if told.endswith(('.', '!', '?')) else '.'}"


def number(text: str) -> float | int | str | None:
    """A number as somebody writes it, None for nothing; what is none stays a text, for the validation to refuse."""
    plain = "".join(text.split()).replace("\N{MINUS SIGN}", "-")
    if not plain:
        return None
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        return int(plain) if plain.lstrip("+-").isdecimal() else float(plain)
    except ValueError:
        return text


def unstorable(entries: Entries) -> Problems:
    """The fields that hold characters which cannot be kept."""
    found: Problems = {}
    for name, text in entries.pairs():
        try:
            storable(text)
        except ValueError as problem:
            found[name] = capital(f"this {problem}")
    return found


def given(**fields: Any) -> dict[str, Any]:
    """Those of `fields` that are not None, so that the others fall back to their defaults."""
    return {name: value for name, value in fields.items() if value is not None}
