"""A credential as a form holds it: every field a text, lists one item a line; and what is wrong with what was entered, in sentences."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic.alias_generators import to_snake
from starlette.datastructures import FormData

from assay.domain.credentials import CredentialRecord
from assay.domain.errors import FieldProblem
from assay.domain.interchange.vocabulary import Vocabulary
from assay.web.admin.catalog_words import FIELDS

type Entered = dict[str, str]

LISTS: Final = frozenset({"outcomes", "skills", "prerequisites", "prerequisite_skills"})
SKILLS: Final = frozenset({"skills", "prerequisite_skills"})
IDENTITY: Final = ("slug", "source_id")
_PATTERNS: Final[Mapping[str, str]] = {
    "language": "Two small letters, such as en",
    "country": "Two capital letters, such as AT",
    "slug": "Small letters, digits and hyphens alone, such as reading-query-plans",
    "prerequisites": "is no short name: small letters, digits and hyphens",
}
_SENTENCES: Final[Mapping[str, str]] = {
    "missing": "Fill this in",
    "string_too_short": "Needs at least {min_length} characters",
    "string_too_long": "May have at most {max_length} characters",
    "too_short": "Name at least one",
    "too_long": "Name at most {max_length}",
    "int_parsing": "Enter a whole number",
    "int_from_float": "Enter a whole number",
    "float_parsing": "Enter a number, such as 2.5",
    "finite_number": "Enter a number, such as 2.5",
    "greater_than": "Must be more than {gt}",
    "greater_than_equal": "Must be at least {ge}",
    "less_than_equal": "May be at most {le}",
    "enum": "Choose one of the list",
    "value_error": "Contains a character that cannot be kept",
}
"""What is wrong by Pydantic's type of error, with what it says about the bound."""


def shown(record: CredentialRecord, words: Vocabulary) -> Entered:
    """A credential as the form shows it; skills by their names where those lead back."""
    return {name: _text(name, getattr(record, name), words) for name in FIELDS}


def entered(form: FormData | Mapping[str, str], names: Iterable[str] = FIELDS) -> Entered:
    """What was typed, with line breaks as they are kept here."""
    given = ((name, form.get(name)) for name in names)
    return {name: value.replace("\r\n", "\n") if isinstance(value, str) else "" for name, value in given}


def raw(typed: Entered, words: Vocabulary) -> dict[str, Any]:
    """What was typed, as the parts of a credential; what was left empty falls back to its default."""
    parts: dict[str, Any] = {}
    for name, text in typed.items():
        if name in LISTS:
            lines = [line.strip() for line in text.split("\n") if line.strip()]
            parts[name] = [words.slug(line) or line for line in lines] if name in SKILLS else lines
        elif text.strip():
            parts[name] = text.strip()
    return parts


def unknown_skills(parts: Mapping[str, Any], words: Vocabulary) -> dict[str, str]:
    """Skills that the vocabulary lacks, by field."""
    missing = {name: [each for each in parts.get(name, ()) if each not in words.names] for name in SKILLS}
    return {name: f"There is no skill called {', '.join(named)}." for name, named in missing.items() if named}


def problems_of(error: ValidationError, typed: Entered) -> dict[str, str]:
    """What does not fit, one sentence a field."""
    found: dict[str, str] = {}
    for each in error.errors(include_url=False):
        name = to_snake(str(each["loc"][0])) if each["loc"] else "title"
        sentence = _sentence(name, each["type"], each.get("ctx", {}), empty=not typed.get(name, "").strip())
        if len(each["loc"]) > 1 and isinstance(each["loc"][1], int):
            sentence = f"Line {each['loc'][1] + 1}: {sentence[0].lower()}{sentence[1:]}"
        found.setdefault(name, f"{sentence}.")
    return found


def refusals(problems: Iterable[FieldProblem]) -> dict[str, str]:
    """The same of what the catalog refuses."""
    found: dict[str, str] = {}
    for each in problems:
        name, _, place = each.pointer.removeprefix("/").partition("/")
        found.setdefault(to_snake(name), f"Line {int(place) + 1}: {each.message}." if place.isdecimal() else f"This {each.message}.")
    return found


def merged(base: Entered, mine: Entered, theirs: Entered) -> Entered:
    """What was typed; where nothing was, what somebody else has made of it meanwhile."""
    return {name: theirs[name] if _same(mine[name], base[name]) else mine[name] for name in mine}


def both_changed(base: Entered, mine: Entered, theirs: Entered) -> frozenset[str]:
    """Fields that both have changed, and not to the same."""
    return frozenset(
        name
        for name in mine
        if not _same(mine[name], base[name]) and not _same(theirs[name], base[name]) and not _same(mine[name], theirs[name])
    )


def _same(one: str, other: str) -> bool:
    return one.strip() == other.strip()


def _text(name: str, given: Any, words: Vocabulary) -> str:
    if given is None:
        return ""
    if name in SKILLS:
        return "\n".join(_told(slug, words) for slug in given)
    if name in LISTS:
        return "\n".join(given)
    return f"{given:g}" if isinstance(given, float) else str(given)


def _told(slug: str, words: Vocabulary) -> str:
    name = words.names.get(slug, slug)
    return name if words.slug(name) == slug else slug


def _sentence(name: str, kind: str, bounds: Mapping[str, Any], *, empty: bool) -> str:
    if empty and kind in {"missing", "string_too_short", "too_short"}:
        return _SENTENCES["missing"]
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(name, "Does not fit")
    return _SENTENCES.get(kind, "Does not fit").format_map({key: bounds[key] for key in bounds})
