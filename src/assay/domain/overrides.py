"""What an advisor says of a model's level: a level that stands instead of it, or the same one as a confirmation."""

from collections.abc import Mapping
from typing import Final

from assay.domain.grading import Verdict
from assay.domain.rubric import Dimension, Level, Rubric

MAX_REASON: Final = 2_000
"""Characters of a reason: a page of text, which is more than a student can be asked to read."""


def standing(verdict: Verdict, overridden: Mapping[Dimension, Level]) -> dict[Dimension, int]:
    """The level of each dimension that has one: an advisor's where there is one, else the model's. What is still held is absent."""
    return {**verdict.levels(), **overridden}


def percent(stored: float, rubric: Rubric | None, verdict: Verdict, overridden: Mapping[Dimension, Level]) -> float:
    """The essay's score in percent by the levels that stand; the `stored` one where no advisor has changed anything."""
    if rubric is None or not overridden:
        return stored
    return rubric.percent(standing(verdict, overridden))


def changes(verdict: Verdict, levels: Mapping[Dimension, Level]) -> dict[Dimension, Level]:
    """Those of `levels` that are not what the model said; the others confirm it. A held dimension has no level to be confirmed."""
    said = verdict.levels()
    return {dimension: level for dimension, level in levels.items() if said.get(dimension) != level}
