"""Which field a problem is about, in words: a summary at the head of a long form names the place beside the sentence."""

import re
from typing import Final

from assay.web.admin.entries import Entries
from assay.web.admin.reading import GENERAL, Problems

_FIELDS: Final = {
    "name": "Name",
    "slug": "Short name",
    "description": "Description",
    "prompt": "Question",
    "explanation": "Explanation",
    "track": "Tracks",
    "mix": "Questions",
    "mix-theoretical": "Theory",
    "mix-essay": "Essays",
    "mix-profile": "About the student",
    "expiry": "Days to finish it",
    "on": "From",
    "value": "Right value",
    "tolerance": "Tolerance",
    "relative": "Tolerance as a share",
    "longest": "Characters at most",
    "words": "Words at least",
    "notes": "Notes for the grader",
    "difficulty": "Difficulty",
}
_GROUPS: Final = {
    "option": ("Options", "Option"),
    "partner": ("To choose from", "Partner"),
    "left": ("Pairs", "Item"),
    "accepted": ("Answers that count as right", "Answer"),
    "signal": ("What an answer says", "Signal"),
    "point": ("Key points", "Key point"),
    "skill": ("Skills", "Skill"),
    "fallback": ("Curated credentials", "Credential"),
}
"""Rows: all of them, and one."""
_LEVEL: Final = re.compile(r"(clarity|accuracy|coherence)-(\d|weight)")
_ROW: Final = re.compile(r"([a-z]+)-(\d{1,3})-[a-z]+")


def summary(problems: Problems, entries: Entries) -> list[tuple[str, str]]:
    """Anchors with sentences that begin with the name of the field."""
    return [(name, f"{place}: {sentence}" if (place := _place(name, entries)) else sentence) for name, sentence in problems.items()]


def _place(name: str, entries: Entries) -> str:
    if name == GENERAL:
        return ""
    if name in _GROUPS:
        return _GROUPS[name][0]
    if level := _LEVEL.fullmatch(name):
        dimension = level[1].capitalize()
        return f"{dimension}, weight" if level[2] == "weight" else f"{dimension}, level {level[2]}"
    row = _ROW.fullmatch(name)
    if row and row[1] in _GROUPS and int(row[2]) in (rows := entries.rows(row[1])):
        return f"{_GROUPS[row[1]][1]} {rows.index(int(row[2])) + 1}"
    return _FIELDS.get(name, "")
