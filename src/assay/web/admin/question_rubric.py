"""A rubric between its form and its value: three dimensions with five levels each, key points, notes for the grader."""

import json
from typing import Any, Final

from assay.domain.rubric import MAX_LEVEL, Dimension, Rubric
from assay.web.admin.entries import Entries
from assay.web.admin.reading import GENERAL, Place, Problems, attempt, given, number
from assay.web.answers import number_text

LEVELS: Final = range(MAX_LEVEL + 1)
_BLANK_POINTS: Final = 3


def put_blank(entries: Entries) -> None:
    """The fields of a new rubric."""
    entries.put("words", 80)
    for dimension in Dimension:
        entries.put(f"{dimension.value}-weight", 1)
    for row in range(1, _BLANK_POINTS + 1):
        entries.put(f"point-{row}-text", "")


def put(entries: Entries, rubric: Rubric) -> None:
    """Write `rubric` into the form."""
    for dimension in Dimension:
        part = rubric.dimension(dimension)
        entries.put(f"{dimension.value}-weight", number_text(part.weight))
        for level in LEVELS:
            entries.put(f"{dimension.value}-{level}", part.levels[level])
    for row, point in enumerate(rubric.key_points, start=1):
        entries.put(f"point-{row}-text", point.text)
        entries.put(f"point-{row}-id", point.id)
        entries.put(f"point-{row}-weight", number_text(point.weight))
    entries.put("notes", rubric.grader_notes)
    if rubric.caps:
        entries.put("caps", json.dumps(rubric.model_dump(mode="json", include={"caps"})["caps"]))


def read(entries: Entries, problems: Problems) -> Rubric | None:
    """The rubric as the form says."""
    before = len(problems)
    dimensions = {dimension.value: _dimension(entries, dimension, problems) for dimension in Dimension}
    rows = [row for row in entries.rows("point") if entries.get(f"point-{row}-text").strip()]
    raw = {
        **dimensions,
        "key_points": _points(entries, rows),
        "grader_notes": entries.get("notes").strip(),
        **given(caps=_caps(entries)),
    }
    made = attempt(problems, Rubric, raw, lambda place: _field(place, rows))
    return made if len(problems) == before else None


def _dimension(entries: Entries, dimension: Dimension, problems: Problems) -> dict[str, Any]:
    levels = [entries.get(f"{dimension.value}-{level}").strip() for level in LEVELS]
    for level, text in enumerate(levels):
        if not text:
            problems[f"{dimension.value}-{level}"] = "Say what an answer at this level shows."
    return {**given(weight=number(entries.get(f"{dimension.value}-weight"))), "levels": levels}


def _points(entries: Entries, rows: list[int]) -> list[dict[str, Any]]:
    taken = {entries.get(f"point-{row}-id") for row in rows}
    fresh = (name for place in range(1, 100) if (name := f"point-{place}") not in taken)
    return [
        {
            "id": entries.get(f"point-{row}-id") or next(fresh),
            "text": entries.get(f"point-{row}-text").strip(),
            **given(weight=number(entries.get(f"point-{row}-weight"))),
        }
        for row in rows
    ]


def _caps(entries: Entries) -> Any:
    """Caps are kept as they are: the form does not show them."""
    try:
        return json.loads(entries.get("caps")) if entries.get("caps") else None
    except ValueError:
        return None


def _field(place: Place, rows: list[int]) -> str:
    match place:
        case ("clarity" | "accuracy" | "coherence" as dimension, "weight", *_):
            return f"{dimension}-weight"
        case ("clarity" | "accuracy" | "coherence" as dimension, *_):
            return f"{dimension}-1"
        case ("keyPoints" | "key_points", int(index), "weight", *_):
            return f"point-{rows[index]}-weight"
        case ("keyPoints" | "key_points", int(index), *_):
            return f"point-{rows[index]}-text"
        case ("keyPoints" | "key_points", *_):
            return "point"
        case _:
            return GENERAL
