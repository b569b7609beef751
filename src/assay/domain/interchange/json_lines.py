"""A catalog as JSON Lines: one JSON object a line, its fields in camelCase or snake_case."""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from pydantic_core import from_json, to_json

from assay.domain.errors import FieldProblem
from assay.domain.interchange.rows import LINE_BYTES, CatalogRow, Reading, column, parsed, refused
from assay.domain.interchange.vocabulary import Vocabulary


def read(source: BinaryIO, words: Vocabulary, unknown: dict[str, int]) -> Iterator[Reading]:
    """The rows of a file. Members there are no fields for are counted in `unknown`."""
    source.seek(0)
    row = line = 0
    while text := source.readline(LINE_BYTES):
        line += 1
        rest = text
        while len(rest) == LINE_BYTES and not rest.endswith(b"\n"):
            rest = source.readline(LINE_BYTES)
        if text.strip():
            row += 1
            yield _reading(row, line, text, words, unknown)


def write(row: CatalogRow, names: Mapping[str, str]) -> bytes:
    """A row as a line. What it does not tell is left out."""
    del names  # skills are told by slug
    return to_json({name: value for name, value in row.model_dump(mode="json").items() if value is not None}) + b"\n"


def _reading(row: int, line: int, text: bytes, words: Vocabulary, unknown: dict[str, int]) -> Reading:
    try:
        told = from_json(text)
    except ValueError as error:
        return refused(row, line, [FieldProblem("", f"is no JSON: {error}")])
    if not isinstance(told, dict):
        return refused(row, line, [FieldProblem("", "is no JSON object")])
    raw: dict[str, Any] = {}
    for name, value in told.items():
        if field := column(name):
            raw[field] = value
        else:
            unknown[name] = unknown.get(name, 0) + 1
    return parsed(row, line, raw, words)
