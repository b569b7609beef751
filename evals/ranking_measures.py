"""How good a ranked list is against graded judgments: the measures of retrieval evaluation, for one query each.

A list holds ids, best first; judgments map ids to grades from 0, and what is not among them counts as 0.
"""

from collections.abc import Mapping, Sequence
from math import log2
from typing import Final, NamedTuple

FEW: Final = 5
MORE: Final = 10

type Grades = Mapping[str, int]


class Measured(NamedTuple):
    """One list, measured; every value lies in [0, 1]."""

    precision: float
    """Share of relevant among the first five; a list that is shorter is filled up with what is not."""
    ndcg: float
    """Gain of the first ten, as a share of the best there could be."""
    recall: float
    """Share of all relevant that is among the first ten."""
    hit: float
    """1 when one of the first five is relevant."""


NAMES: Final = ("P@5", "nDCG@10", "recall@10", "hit@5")
"""What the fields of `Measured` are called."""


def measure(ranked: Sequence[str], grades: Grades, relevant: int) -> Measured:
    """All four; `relevant` is the lowest grade that counts as relevant."""
    wanted = {name for name, grade in grades.items() if grade >= relevant}
    return Measured(
        precision(ranked, wanted, FEW), ndcg(ranked, grades, MORE), recall(ranked, wanted, MORE), float(precision(ranked, wanted, FEW) > 0)
    )


def mean(measured: Sequence[Measured]) -> Measured:
    """Measure by measure; there is at least one list."""
    return Measured(*(sum(values) / len(measured) for values in zip(*measured, strict=True)))


def precision(ranked: Sequence[str], wanted: set[str], depth: int) -> float:
    """Share of the first `depth` places that hold something `wanted`."""
    return sum(name in wanted for name in ranked[:depth]) / depth


def recall(ranked: Sequence[str], wanted: set[str], depth: int) -> float:
    """Share of what is `wanted` that stands in the first `depth` places; 0 when nothing is wanted."""
    return sum(name in wanted for name in ranked[:depth]) / len(wanted) if wanted else 0.0


def ndcg(ranked: Sequence[str], grades: Grades, depth: int) -> float:
    """Normalised discounted cumulative gain (Jarvelin and Kekalainen, 2002), gain 2^grade - 1 (Burges et al., 2005); 0 without gain."""
    best = _gain(sorted(grades.values(), reverse=True)[:depth])
    return _gain([grades.get(name, 0) for name in ranked[:depth]]) / best if best else 0.0


def _gain(grades: Sequence[int]) -> float:
    return sum((2.0**grade - 1) / log2(place + 1) for place, grade in enumerate(grades, start=1))
