"""Tracks and questions as files that people edit: a state as YAML or JSON, and such a file back as what shall be."""

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from pydantic import ValidationError

from assay.domain.errors import FieldProblem, Invalid
from assay.domain.preconditions import tag
from assay.kit.model import Value
from assay.services import seeding

ETAG: Final = "etag"
"""The field of a file that names the state which is edited, as the header `ETag` of the API does."""


class Draft[Wanted: Value](NamedTuple):
    """What a file wants, and the states it says to have seen: none for something new."""

    wanted: Wanted
    seen: frozenset[str]


def text_of(kind: type[Value], state: Value, *, as_json: bool) -> str:
    """Of `state` what a file of `kind` says, its slug and ETag first; what judges other types of questions is left out."""
    told = {name: each for name, each in state.model_dump(mode="json", include=set(kind.model_fields)).items() if each is not None}
    fields = {"slug": told.pop("slug"), ETAG: tag(state), **told}
    if as_json:
        return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
    return yaml.dump(fields, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def read[Wanted: Value](kind: type[Wanted], file: Path) -> Draft[Wanted]:
    """What `file` wants. Raises `Invalid` for one that is neither YAML nor JSON, and for fields that do not fit, by pointer."""
    fields = _fields(file)
    etag = fields.pop(ETAG, None)
    try:
        return Draft(kind.model_validate(fields), frozenset({str(etag)} if etag else ()))
    except ValidationError as error:
        problems = tuple(FieldProblem.at(each["loc"], each["msg"]) for each in error.errors())
        raise Invalid(f"{file.name} does not fit:", problems=problems) from error


def _fields(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes()) if file.suffix == ".json" else seeding.read_yaml(file)
    except (yaml.YAMLError, ValueError) as error:
        raise Invalid(f"{file.name} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise Invalid(f"{file.name} does not hold the fields of one thing.")
    return found


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as people do, line by line."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
