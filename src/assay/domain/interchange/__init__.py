"""A catalog written down for other systems and read back: CSV, JSON Lines and CTDL, each a reader and a writer of the same rows."""

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final, NamedTuple

from assay.domain.imports import CatalogFormat
from assay.domain.interchange import csv_rows, ctdl_reader, ctdl_writer, json_lines
from assay.domain.interchange.rows import CatalogRow, Reading
from assay.domain.interchange.vocabulary import Vocabulary

type Read = Callable[[BinaryIO, Vocabulary, dict[str, int]], Iterator[Reading]]


class Writer(NamedTuple):
    """How rows become a file: `begin`, each row (with the names of skills) with `between` in between, `end`."""

    media_type: str
    begin: bytes
    each: Callable[[CatalogRow, Mapping[str, str]], bytes]
    between: bytes
    end: bytes


READERS: Final[dict[CatalogFormat, Read]] = {
    CatalogFormat.CSV: csv_rows.read,
    CatalogFormat.JSONL: json_lines.read,
    CatalogFormat.CTDL: ctdl_reader.read,
}
"""Each reads a file that can be sought, row by row, and counts by name what it does not understand."""

WRITERS: Final[dict[CatalogFormat, Writer]] = {
    CatalogFormat.CSV: Writer("text/csv; charset=utf-8", csv_rows.HEADER, csv_rows.write, b"", b""),
    CatalogFormat.JSONL: Writer("application/jsonl", b"", json_lines.write, b"", b""),
    CatalogFormat.CTDL: Writer("application/ld+json", ctdl_writer.BEGIN, ctdl_writer.write, b",\n", ctdl_writer.END),
}

MEDIA_TYPES: Final[dict[str, CatalogFormat]] = {
    "text/csv": CatalogFormat.CSV,
    "application/jsonl": CatalogFormat.JSONL,
    "application/x-ndjson": CatalogFormat.JSONL,
    "application/ndjson": CatalogFormat.JSONL,
    "application/ld+json": CatalogFormat.CTDL,
    "application/json": CatalogFormat.CTDL,
}
SUFFIXES: Final[dict[str, CatalogFormat]] = {
    ".csv": CatalogFormat.CSV,
    ".jsonl": CatalogFormat.JSONL,
    ".ndjson": CatalogFormat.JSONL,
    ".jsonld": CatalogFormat.CTDL,
    ".json": CatalogFormat.CTDL,
}
