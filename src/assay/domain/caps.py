"""Caps: what was noticed about an essay may bound what a level counts for. The level itself stays, with the cap and its reason beside it.

The usual caps are an examiner's. Nothing to read earns nothing, and where much of it cannot be read, no more than a first idea can be
seen. An answer that a reader of the question's language cannot follow may be right, but has not been made clear to them. Where half of
the text is the question's own, half an answer is left. A short answer may be good, but has not shown the most. What is repeated, hidden,
encoded or addressed to the grader caps nothing: it earns nothing by itself, and the rest is judged on its merits. A rubric replaces each
of these, or sets none.
"""

from collections.abc import Mapping
from typing import Final

from assay.domain.grading import Cap, DimensionVerdict, Verdict
from assay.domain.rubric import Dimension, FlagName, Rubric

USUAL: Final[Mapping[FlagName, Mapping[Dimension, int]]] = {
    "blank": dict.fromkeys(Dimension, 0),
    "gibberish": dict.fromkeys(Dimension, 1),
    "wrong_language": {Dimension.CLARITY: 1, Dimension.ACCURACY: 2, Dimension.COHERENCE: 2},
    "copied_prompt": dict.fromkeys(Dimension, 2),
    "too_short": {Dimension.ACCURACY: 3, Dimension.COHERENCE: 3},
}
"""The most that each dimension counts for, by what was noticed."""

REASONS: Final[Mapping[FlagName, str]] = {
    "blank": "There is nothing here to be judged.",
    "too_short": "The answer is shorter than the question asks for.",
    "wrong_language": "The answer is in another language than the question.",
    "copied_prompt": "Much of the answer repeats the question.",
    "repetition": "Much of the answer says the same again.",
    "gibberish": "A good part of the answer is not made of sentences that can be read.",
    "hidden_characters": "The answer contains characters that a reader cannot see.",
    "encoded": "Part of the answer is encoded, so that a reader cannot read it.",
    "instruction_like": "Part of the answer speaks to whoever grades instead of answering the question.",
}
"""Why a level counts for less, in plain words, by what was noticed."""


def in_force(rubric: Rubric) -> dict[FlagName, Mapping[Dimension, int]]:
    """The caps of `rubric`: the usual ones, each replaced or taken away by its own."""
    return {flag: caps for flag, caps in {**USUAL, **rubric.caps}.items() if caps is not None}


def apply(verdict: Verdict, rubric: Rubric) -> Verdict:
    """`verdict` with the lowest cap of its flags beside each level that lies above it. Levels and held dimensions stay as they are."""
    caps = {flag: limits for flag, limits in in_force(rubric).items() if flag in verdict.flags}
    if not caps:
        return verdict
    return verdict.model_copy(update={"dimensions": {name: _capped(name, given, caps) for name, given in verdict.dimensions.items()}})


def _capped(name: Dimension, given: DimensionVerdict, caps: Mapping[FlagName, Mapping[Dimension, int]]) -> DimensionVerdict:
    limits = [(limit[name], flag) for flag, limit in caps.items() if name in limit]
    if given.level is None or not limits or min(limits)[0] >= given.level:
        return given
    level, flag = min(limits)
    return given.model_copy(update={"effective_level": level, "cap": Cap(flag=flag, level=level, reason=REASONS[flag])})
