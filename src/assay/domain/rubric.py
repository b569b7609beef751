"""Rubrics: what each level of each dimension looks like, and the points a good answer covers.

A rubric is immutable and addressed by its content hash; every essay score names the hash it was given under.
"""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from assay.kit.hashing import content_hash
from assay.kit.model import Value

MAX_LEVEL: Final = 4
type Level = Annotated[int, Field(ge=0, le=MAX_LEVEL, strict=True)]
type FlagName = Literal[
    "blank",
    "too_short",
    "wrong_language",
    "copied_prompt",
    "repetition",
    "gibberish",
    "hidden_characters",
    "encoded",
    "instruction_like",
]
"""What the pre-checks may notice about an essay, by name: `prechecks.FlagKind` knows more of them, but rests on this module."""


class Dimension(StrEnum):
    """The three dimensions every essay is read for."""

    CLARITY = "clarity"
    ACCURACY = "accuracy"
    COHERENCE = "coherence"


class DimensionRubric(Value):
    """One descriptor per level, 0 to 4, and the weight of the dimension in the essay's score."""

    weight: float = Field(default=1.0, gt=0, le=10)
    levels: tuple[str, ...] = Field(min_length=MAX_LEVEL + 1, max_length=MAX_LEVEL + 1)

    @model_validator(mode="after")
    def _described(self) -> "DimensionRubric":
        if any(not text.strip() for text in self.levels):
            msg = "every level needs a descriptor"
            raise ValueError(msg)
        return self


class KeyPoint(Value):
    """A point a good answer makes, in one plain sentence."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    text: Annotated[str, Field(min_length=10, max_length=400)]
    weight: float = Field(default=1.0, gt=0, le=10)


type Caps = dict[FlagName, dict[Dimension, Level] | None]
"""By flag, the most each named dimension may count for; None sets no cap for that flag, not even the usual one."""


class Rubric(Value):
    """How an essay is judged. `grader_notes` are for the grader alone and never shown to a student."""

    clarity: DimensionRubric
    accuracy: DimensionRubric
    coherence: DimensionRubric
    key_points: tuple[KeyPoint, ...] = Field(min_length=2, max_length=12)
    grader_notes: str = ""
    # left out of the dump when empty, so that the hash of a rubric without caps is what it was before there were any
    caps: Caps = Field(default_factory=dict, exclude_if=lambda caps: not caps)
    """Replaces the usual caps (`domain.caps`) flag by flag."""

    @model_validator(mode="after")
    def _distinct_points(self) -> "Rubric":
        if len({point.id for point in self.key_points}) != len(self.key_points):
            msg = "two key points share an id"
            raise ValueError(msg)
        return self

    @cached_property
    def hash(self) -> str:
        """The content address of this rubric."""
        return content_hash(self)

    def dimension(self, dimension: Dimension) -> DimensionRubric:
        """The rubric of one dimension."""
        rubrics = {
            Dimension.CLARITY: self.clarity,
            Dimension.ACCURACY: self.accuracy,
            Dimension.COHERENCE: self.coherence,
        }
        return rubrics[dimension]

    def percent(self, levels: dict[Dimension, int]) -> float:
        """Weighted score in percent of the dimensions that have a level; 0 when none has."""
        weights = {dimension: self.dimension(dimension).weight for dimension in levels}
        if not weights:
            return 0.0
        earned = sum(weights[dimension] * level for dimension, level in levels.items())
        return min(100.0, 100 * earned / (MAX_LEVEL * sum(weights.values())))  # rounding may step over
