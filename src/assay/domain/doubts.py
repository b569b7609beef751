"""Verdicts that are nearly the best there is, and what a closer look at them may refute.

An attack that nobody noticed and a model obeyed looks like an excellent essay. Two looks tell them apart, and neither rests on anything
having been noticed: what another grader makes of the essay that follows no instruction, and what the same grader makes of those sentences
alone that touch the question. A look only ever holds a level for a person; it gives none.
"""

from typing import Final

from assay.domain.grading import DimensionVerdict, Verdict
from assay.domain.rubric import MAX_LEVEL, Dimension

SHORT_BY: Final = 1
"""Levels, all dimensions together, that a verdict may be short of the best to be looked at again."""
DECIDING: Final = (Dimension.CLARITY, Dimension.ACCURACY)
"""Coherence does not decide: sentences left out may take it with them, and the built-in grader is least sure of it."""
REFUTED_FROM: Final = 2
"""Levels by which a deciding dimension lies lower in a look that refutes a verdict. Two honest markers often differ by one."""
SECOND_REFUTES_FROM: Final = 3
"""The same where another grader looks, which is wrong by two about an excellent essay now and then, but hardly about both dimensions:
`REFUTED_FROM` is enough where both lie lower."""
HELD_FROM: Final = 1
"""Levels by which a dimension of a refuted verdict lies lower to be held."""
LOWER_ELSEWHERE: Final = "a second, independent reading of the essay came to a much lower level"
RESTS_ELSEWHERE: Final = "without the sentences that do not touch the question, this level would be a much lower one"


def is_doubtful(verdict: Verdict) -> bool:
    """Whether the levels of `verdict`, those held left aside, are nearly the best there is."""
    levels = [given.level for given in verdict.dimensions.values() if given.level is not None]
    return bool(levels) and sum(MAX_LEVEL - level for level in levels) <= SHORT_BY


def refutes(look: Verdict, verdict: Verdict, alone: int = REFUTED_FROM) -> bool:
    """Whether `look` lies `alone` levels below `verdict` in a deciding dimension, or `REFUTED_FROM` in each.

    One without a proved level lies below any.
    """
    falls = [_below(look, name, verdict.dimensions[name]) for name in DECIDING if name in verdict.dimensions]
    return max(falls, default=0) >= alone or (len(falls) == len(DECIDING) and min(falls) >= REFUTED_FROM)


def settle(verdict: Verdict, look: Verdict, reason: str, alone: int = REFUTED_FROM) -> Verdict:
    """`verdict`, with each dimension held, for `reason`, in which a `look` that refutes it lies lower; `alone` as in `refutes`."""
    if not refutes(look, verdict, alone):
        return verdict
    held = {"level": None, "effective_level": None, "cap": None, "held": True, "held_reason": reason}
    dimensions = {
        name: given.model_copy(update=held) if _below(look, name, given) >= HELD_FROM else given
        for name, given in verdict.dimensions.items()
    }
    return verdict.model_copy(update={"dimensions": dimensions})


def _below(look: Verdict, name: Dimension, given: DimensionVerdict) -> int:
    """By how many levels `look` lies lower; by `MAX_LEVEL` where it proves none, by 0 where there is none to be refuted."""
    if given.level is None:
        return 0
    other = look.dimensions.get(name)
    return MAX_LEVEL if other is None or other.level is None else given.level - other.level
