"""What a question offers to answer with, between form and value: options, two columns, a unit, the bounds of a text."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from assay.domain.questions import (
    CHOICES,
    MatchingOptions,
    NumericOptions,
    Option,
    Options,
    QuestionFormat,
    TextOptions,
)
from assay.web.admin.entries import Entries
from assay.web.admin.reading import Problems, attempt, given, number

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_FEWEST: Final = 2


class ReadOptions(NamedTuple):
    """The options (None while they do not fit), and which row of the form became which id, by group."""

    value: Any
    ids: Mapping[str, Mapping[int, str]]


def put(entries: Entries, options: Options) -> None:
    """Write `options` into the form."""
    match options:
        case MatchingOptions():
            _put_rows(entries, "left", options.left)
            _put_rows(entries, "partner", options.right)
        case NumericOptions():
            entries.put("unit", options.unit or "")
        case TextOptions():
            entries.put("longest", options.max_length)
            entries.put("words", "" if options.min_words is None else options.min_words)
        case _:
            _put_rows(entries, "option", options)


def read(entries: Entries, problems: Problems) -> ReadOptions:
    """The options as the form says."""
    form = entries.get("format")
    if form in CHOICES:
        made, ids = _column(entries, "option", problems)
        return ReadOptions(made, {"option": ids})
    if form == QuestionFormat.MATCHING:
        left, left_ids = _column(entries, "left", problems)
        right, right_ids = _column(entries, "partner", problems, taken=set(left_ids.values()))
        return ReadOptions({"left": left or [], "right": right or []} if left and right else None, {"left": left_ids, "partner": right_ids})
    if form == QuestionFormat.NUMERIC:
        return ReadOptions({"unit": entries.get("unit").strip() or None}, {})
    return ReadOptions(_text(entries, problems), {})


def _put_rows(entries: Entries, group: str, options: tuple[Option, ...]) -> None:
    for row, option in enumerate(options, start=1):
        entries.put(f"{group}-{row}-text", option.text)
        entries.put(f"{group}-{row}-id", option.id)


def _column(
    entries: Entries, group: str, problems: Problems, taken: set[str] | None = None
) -> tuple[tuple[Option, ...] | None, dict[int, str]]:
    """The options of a group of rows. Rows without a text are none; new ones get an id that no other has."""
    rows = [row for row in entries.rows(group) if entries.get(f"{group}-{row}-text").strip()]
    kept = {row: said for row in rows if (said := entries.get(f"{group}-{row}-id"))}
    fresh = _fresh({*(taken or ()), *kept.values()})
    ids = {row: kept.get(row) or next(fresh) for row in rows}
    made = [_option(entries, f"{group}-{row}", option_id, problems) for row, option_id in ids.items()]
    if len(rows) < _FEWEST:
        problems[group] = "At least two are needed."
    return (tuple(each for each in made if each) if all(made) and len(rows) >= _FEWEST else None), ids


def _option(entries: Entries, row: str, option_id: str, problems: Problems) -> Option | None:
    raw = {"id": option_id, "text": entries.get(f"{row}-text").strip()}
    return attempt(problems, Option, raw, lambda _: f"{row}-text")


def _fresh(taken: set[str]) -> Iterator[str]:
    return (name for name in (*_LETTERS, *map(str, range(100, 200))) if name not in taken)


def _text(entries: Entries, problems: Problems) -> TextOptions | None:
    raw = given(max_length=number(entries.get("longest")), min_words=number(entries.get("words")))
    return attempt(problems, TextOptions, raw, lambda place: "words" if place[:1] in {("minWords",), ("min_words",)} else "longest")
