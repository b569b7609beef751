"""One row of a catalog file, whatever its format: a credential as it shall be, with its identity; or why it is none."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from pydantic import Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from assay.domain.credentials import CredentialRecord, CredentialStatus
from assay.domain.errors import FieldProblem
from assay.domain.interchange.vocabulary import Vocabulary
from assay.domain.questions import Slug
from assay.kit.hashing import text_hash
from assay.kit.text import all_storable

LINE_BYTES: Final = 2**20
"""No record that could be accepted is nearly as long."""
OWN: Final = "urn:assay:credential:"
_TOLD: Final = 5
"""Problems of one row that are told; whoever mends them is told the rest."""
_SKILLS: Final = ("skills", "prerequisiteSkills")
_CTID: Final = re.compile(r"(?:^|[/:])(ce-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$")


class UnreadableFile(ValueError):
    """It is not in the format it is said to be in, from some place on; the message says where and why."""


class CatalogRow(CredentialRecord):
    """A whole credential: what a row leaves out falls back to its default, but for the status, which stays.

    It is known by `slug`, or by `source_id`, which is what another system calls it; one of them is needed.
    """

    slug: Slug | None = None
    source_id: str | None = Field(default=None, min_length=1, max_length=300)
    status: CredentialStatus | None = None

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, raw: Any) -> Any:
        return all_storable(raw)

    @model_validator(mode="after")
    def _named(self) -> "CatalogRow":
        if self.slug is None and self.source_id is None:
            raise ValueError("has neither slug nor sourceId, by which it could be known again")
        return self


FIELDS: Final = ("slug", "source_id", "status", *CredentialRecord.model_fields)
COLUMNS: Final[dict[str, str]] = {to_camel(name): name for name in FIELDS}
"""Fields by their names in files."""
_NAMES: Final = {**{name: name for name in COLUMNS}, **{name: alias for alias, name in COLUMNS.items()}}


class Reading(NamedTuple):
    """A row as read: the record, or what is wrong with it. `row` counts from 1, `line` is that of the file where there are lines."""

    row: int
    line: int | None
    record: CatalogRow | None
    problems: tuple[FieldProblem, ...] = ()


def column(name: str) -> str | None:
    """The name in camelCase of a field that a file calls `name`; None for what is no field."""
    return _NAMES.get(name.strip())


def parsed(row: int, line: int | None, raw: Mapping[str, Any], words: Vocabulary, pointer: str = "") -> Reading:
    """A row by its fields in camelCase. `pointer` leads to it in its file."""
    told = {**raw, **{name: [_slug(each, words) for each in raw[name]] for name in _SKILLS if isinstance(raw.get(name), list)}}
    try:
        record = CatalogRow.model_validate(told)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:_TOLD]
        return refused(row, line, (FieldProblem(pointer + _pointer(each["loc"]), each["msg"]) for each in found))
    unknown = [
        FieldProblem(f"{pointer}/{name}/{place}", f"there is no skill called {slug}")
        for name, slugs in zip(_SKILLS, (record.skills, record.prerequisite_skills), strict=True)
        for place, slug in enumerate(slugs)
        if slug not in words.names and not words.grows
    ]
    return refused(row, line, unknown[:_TOLD]) if unknown else Reading(row, line, record)


def refused(row: int, line: int | None, problems: Iterable[FieldProblem]) -> Reading:
    """A row that cannot be imported."""
    return Reading(row, line, None, tuple(problems))


def slug_of_source(source: str) -> str:
    """What a credential is called here that has no slug: by its CTID where it has one, else by the hash of what its source calls it."""
    if source.startswith(OWN):
        return source.removeprefix(OWN)
    found = _CTID.search(source)
    return found[1] if found else f"source-{text_hash(source)[:16]}"


def _slug(word: Any, words: Vocabulary) -> Any:
    return (words.slug(word) or word) if isinstance(word, str) else word


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)
