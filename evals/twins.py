"""Base essays beside their twins, and how far a grader's scores move between the two."""

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

from evals.agreement import Scored


class Twins(NamedTuple):
    """A base essay and the same essay with something done to it."""

    base: Scored
    twin: Scored

    def move(self, name: str) -> float:
        """How far the grader's score of dimension `name` is higher for the twin; NaN when either is held."""
        return self.twin.given.get(name, nan) - self.base.given.get(name, nan)


def pair(scored: Sequence[Scored]) -> list[Twins]:
    """Every twin with its base."""
    bases = {one.essay.id: one for one in scored if one.essay.twin_of is None}
    return [Twins(bases[one.essay.twin_of], one) for one in scored if one.essay.twin_of in bases]
