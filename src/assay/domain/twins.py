"""Twin scoring: an essay that carries something else than an answer is judged once more without it, and what differs is held.

Whatever a text may talk a grader into, it cannot do in its absence. A level that both readings give rests on the rest of the essay; one
that they do not agree on may rest on what was cut, and no program can tell which of the two is right.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from assay.domain.grading import DimensionVerdict, Quote, Verdict
from assay.domain.prechecks import Flag, FlagKind, quotes
from assay.domain.rubric import Dimension

CUT: Final = frozenset({FlagKind.HIDDEN_CHARACTERS, FlagKind.ENCODED, FlagKind.INSTRUCTION_LIKE})
"""Flags whose spans may speak to a grader behind a reader's back; the others are about the answer itself."""
HELD_FROM: Final = 1
"""Levels by which the two may differ before the dimension is held."""
DIFFERS: Final = "without the passages that do not answer the question, this level would be another one"

_BLANKS: Final = re.compile(r"[^\S\r\n]{2,}")
_TRAILING: Final = re.compile(r"(?<=\S)[^\S\r\n]+(?=[\r\n])|(?<=\n)[^\S\r\n]+(?=[\r\n])")
_EMPTY_LINES: Final = re.compile(r"(?:\r?\n){3,}")


def without_spans(essay: str, flags: Sequence[Flag]) -> str | None:
    """`essay` without the spans of its flags in `CUT`; None when there is nothing to cut, or no word is left.

    Overlapping spans are cut once. Where something was cut between two words one space is left, and never more than one empty line.
    Whether None means the first or the second tells `anything_to_cut`; an essay without a word is at level 0.
    """
    return without(essay, [span for flag in flags if flag.kind in CUT for span in flag.spans]) if anything_to_cut(flags) else None


def without(essay: str, spans: Iterable[Quote]) -> str | None:
    """`essay` without `spans`; None when no word is left. What is cut and tidied is as in `without_spans`."""
    kept, place = [], 0
    for span in quotes(essay, ((span.start, span.end) for span in spans)):
        kept.append(essay[place : span.start])
        if _joins(essay, span):
            kept.append(" ")
        place = span.end
    rest = "".join([*kept, essay[place:]])
    tidy = _EMPTY_LINES.sub("\n\n", _TRAILING.sub("", _BLANKS.sub(" ", rest))).strip()
    return tidy if any(map(str.isalnum, tidy)) else None


def anything_to_cut(flags: Sequence[Flag]) -> bool:
    """Whether an essay with these flags needs a twin."""
    return any(flag.kind in CUT and flag.spans for flag in flags)


def settle(verdict: Verdict, twin: Verdict) -> Verdict:
    """`verdict`, with each dimension held on which `twin`, that on the essay without the spans, is `HELD_FROM` levels away or held."""
    dimensions = {name: _settled(given, twin.dimensions.get(name)) for name, given in verdict.dimensions.items()}
    return verdict.model_copy(update={"dimensions": dimensions})


def blank_twin(verdict: Verdict) -> Verdict:
    """The twin's verdict when nothing was left of the essay: level 0 in each dimension."""
    zero = DimensionVerdict(level=0, rationale="Nothing is left of the essay without the passages that do not answer the question.")
    return Verdict(dimensions=dict.fromkeys(verdict.dimensions or Dimension, zero))


def _joins(essay: str, span: Quote) -> bool:
    """Whether the words on both sides would run together; around hidden characters inside a word they should."""
    seen = any(char.isspace() or char.isprintable() for char in span.text)
    return seen and not essay[span.start - 1 : span.start].isspace() and not essay[span.end : span.end + 1].isspace()


def _settled(given: DimensionVerdict, twin: DimensionVerdict | None) -> DimensionVerdict:
    if given.level is None:
        return given
    if twin is not None and twin.level is not None and abs(given.level - twin.level) < HELD_FROM:
        return given
    reason = DIFFERS if twin is None or twin.level is not None else twin.held_reason or DIFFERS
    return given.model_copy(update={"level": None, "effective_level": None, "cap": None, "held": True, "held_reason": reason})
