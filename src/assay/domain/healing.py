"""Healing: which degraded stages a provider's return mends, how many results are made again at a time, and whether one became better.

A result is only ever replaced by a better one: what comes out of a healing that is no better is not written at all.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from assay.domain.degradation import Cause, Degradation, Stage
from assay.domain.grading import Producer
from assay.kit.model import Value

_OF_A_PROVIDER: Final = frozenset({Cause.TIMEOUT, Cause.RATE_LIMITED, Cause.UNAVAILABLE, Cause.QUOTA_EXHAUSTED, Cause.MISCONFIGURED})
MENDED: Final[Mapping[Stage, frozenset[Cause]]] = {
    Stage.ESSAY_SCORING: _OF_A_PROVIDER,
    Stage.NARRATIVE: _OF_A_PROVIDER,
    Stage.RETRIEVAL: _OF_A_PROVIDER | {Cause.INVALID_REPLY, Cause.INDEX_EMPTY},
}
"""The causes that pass by themselves, or once somebody has set up what was missing. What the model made of one essay (refused, broken
off, not to be read) would come again; a defect of ours is sent again by a person, once it is mended. Vectors that are none, however, are
not about one student: they come from an embedder in trouble."""


class Budget(Value):
    """How much is made again: results under way at once and per minute, hours since the stage was degraded, and times per result."""

    at_once: int = 20
    per_minute: int = 120
    max_age_hours: float = 72.0
    tries: int = 3
    pause_seconds: float = 30.0
    """Between the first and the second try of one result; four times as long before each that follows."""

    def left(self, under_way: int, last_minute: int) -> int:
        """How many results may be sent now."""
        return max(0, min(self.at_once - under_way, self.per_minute - last_minute))


def rank(producer: Producer | None) -> int:
    """How good an essay's verdict is by who gave it; None stands for there being none."""
    order: dict[Producer | None, int] = {None: 0, "static": 1, "built-in": 2, "openai": 3}
    return order[producer]


class Quality(NamedTuple):
    """How whole a recommendation is: search from 0 (the curated list) to 2 (the complete one), and whether a narrator told it."""

    search: int
    told: bool

    @classmethod
    def of(cls, degradations: Iterable[Degradation]) -> "Quality":
        """The quality of a recommendation with these degraded stages."""
        by_stage = {each.stage: each for each in degradations}
        search = by_stage.get(Stage.RETRIEVAL)
        level = 2 if search is None else 1 if search.replaced_by == "built-in" else 0
        return cls(level, Stage.NARRATIVE not in by_stage)

    def replaces(self, standing: "Quality", *, newer_scores: bool) -> bool:
        """Whether it is shown instead of the `standing` one.

        The search counts for more than the wording. One that rests on newer scores is, unless it was searched for worse: else the
        page would tell two stories.
        """
        return self > standing or (newer_scores and self.search >= standing.search)
