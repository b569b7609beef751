"""What makes a rubric hard to grade by, found before it is used: levels that cannot be told apart, words that bind nobody. Pure.

What a rubric must have at all (a descriptor for every level, key points) its own validation asks for; this looks at how it is worded:
markers agree better on rubrics that name what belongs to the topic (Jonsson and Svingby, 2007).
"""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import combinations
from typing import Final

from assay.domain.rubric import MAX_LEVEL, Dimension, Rubric
from assay.kit.model import Value

ALIKE: Final = 0.75
"""Share of words (Jaccard) from which on two texts say the same."""
SHORT_WORDS: Final = 2
"""A descriptor of fewer words tells no marker what to look for; that of level 0 may be short."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_VAGUE: Final = re.compile(
    r"\b((?:very |quite |fairly )?"
    r"(?:good|bad|nice|poor|great|excellent|adequate|appropriate|sufficient|reasonable|satisfactory|decent|proper|strong|weak))"
    r"(?: \w+)? (?:answer|argument|coverage|description|detail|discussion|explanation|knowledge|language|organisation|organization|quality"
    r"|reasoning|structure|style|understanding|use|writing)\b",
    re.IGNORECASE,
)
"""A judgement of the answer in place of what is seen in it; a good release or a poor order is something else."""
_ESCAPE: Final = re.compile(r"\b(etc|and so on|and the like)\b", re.IGNORECASE)


class Fault(StrEnum):
    """The kinds of findings."""

    LEVELS_ALIKE = "levels_alike"
    VAGUE = "vague_words"
    OPEN_END = "open_end"
    TOO_SHORT = "too_short"
    POINTS_ALIKE = "key_points_alike"


class Finding(Value):
    """One weakness: where in the rubric (RFC 6901), what kind, and what to do."""

    pointer: str
    kind: Fault
    message: str


def lint(rubric: Rubric) -> tuple[Finding, ...]:
    """Every weakness of `rubric`, dimension by dimension, then its key points."""
    return (*(finding for dimension in Dimension for finding in _levels(dimension, rubric.dimension(dimension).levels)), *_points(rubric))


def _levels(dimension: Dimension, levels: Sequence[str]) -> Iterator[Finding]:
    for level, text in enumerate(levels):
        pointer = f"/{dimension}/levels/{level}"
        yield from _wording(pointer, text)
        if level and len(_WORD.findall(text)) < SHORT_WORDS:
            yield Finding(pointer=pointer, kind=Fault.TOO_SHORT, message="say what an answer at this level shows")
    for lower, higher in combinations(range(MAX_LEVEL + 1), 2):
        if _share(levels[lower], levels[higher]) >= ALIKE:
            message = f"reads like level {lower}: say what is there at level {higher} and not below"
            yield Finding(pointer=f"/{dimension}/levels/{higher}", kind=Fault.LEVELS_ALIKE, message=message)


def _points(rubric: Rubric) -> Iterator[Finding]:
    for (_, first), (place, second) in combinations(enumerate(rubric.key_points), 2):
        if _share(first.text, second.text) >= ALIKE:
            message = f"says what {first.id} says: whoever makes one point makes both"
            yield Finding(pointer=f"/keyPoints/{place}/text", kind=Fault.POINTS_ALIKE, message=message)


def _wording(pointer: str, text: str) -> Iterator[Finding]:
    if vague := sorted({word.lower() for word in _VAGUE.findall(text)}):
        yield Finding(pointer=pointer, kind=Fault.VAGUE, message=f"“{'”, “'.join(vague)}” binds nobody: say what is seen")
    if _ESCAPE.search(text):
        yield Finding(pointer=pointer, kind=Fault.OPEN_END, message="name what belongs to it, or leave it out")


def _share(one: str, other: str) -> float:
    first, second = ({word.lower() for word in _WORD.findall(text)} for text in (one, other))
    return len(first & second) / max(1, len(first | second))
