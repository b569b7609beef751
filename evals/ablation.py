"""Which parts of the retrieval earn their keep: each is switched off in turn, and the difference is measured student by student."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Final

import numpy as np

from assay.domain import ranking, suitability
from assay.domain.retrieval import PartName, Source
from evals.catalog import Catalog
from evals.pipeline import Cut, Found, recommend
from evals.ranking_measures import Measured, mean, measure
from evals.report import Cell, Table
from evals.statistics import Interval, bootstrap

CUTS: Final[Mapping[str, Cut]] = {
    **{f"part: {part}": Cut(parts=frozenset({part})) for part in PartName},
    **{f"search: {source}": Cut(searches=frozenset({source})) for source in Source},
    **{f"signal: {name}": Cut(signals=frozenset({name})) for name in suitability.SIGNALS},
    "level fit": Cut(constants=((suitability, "_LEVEL_STEP", 0.0),)),
    "prerequisites": Cut(constants=((suitability, "_PREREQUISITE", 0.0),)),
    "workload": Cut(constants=((suitability, "_WORKLOAD", 0.0),)),
    "diversity": Cut(constants=((ranking, "_OVERLAP", 0.0), (ranking, "_PER_MAIN_SKILL", inf))),
    "the whole rerank but relevance": Cut(
        signals=frozenset(suitability.SIGNALS) - {"relevance"},
        constants=(
            (suitability, "_LEVEL_STEP", 0.0),
            (suitability, "_PREREQUISITE", 0.0),
            (suitability, "_WORKLOAD", 0.0),
            (ranking, "_OVERLAP", 0.0),
            (ranking, "_PER_MAIN_SKILL", inf),
        ),
    ),
}
"""What is switched off, by name."""


def table(catalog: Catalog, found: Sequence[Sequence[Found]], whole: Sequence[Measured], relevant: int) -> tuple[Table, list[str]]:
    """What each cut loses, and the names of those by which nothing is gained: in neither measure does the interval lie above 0.

    `found` holds the searches by student, `whole` what nothing cut makes of them.
    """
    rows: list[tuple[Cell, ...]] = []
    idle: list[str] = []
    for name, cut in CUTS.items():
        without = [mean([measure(recommend(catalog, one, cut), one.query.grades, relevant) for one in draws]) for draws in found]
        few, gain = _lost(whole, without, "precision"), _lost(whole, without, "ndcg")
        rows.append((name, *few, *gain))
        if few[1]["low"] <= 0 and gain[1]["low"] <= 0:
            idle.append(name)
    return Table("What is lost without it, paired by student", ("without", "P@5 lost", "95 %", "nDCG@10 lost", "95 % "), rows), idle


def paired(one: Sequence[float], other: Sequence[float]) -> tuple[float, Interval]:
    """Mean of `one` minus `other` with its interval, the differences being resampled."""
    differences = np.subtract(one, other)
    return float(differences.mean()), bootstrap(lambda drawn: drawn.mean(axis=-1), differences)


def _lost(whole: Sequence[Measured], without: Sequence[Measured], name: str) -> tuple[float, Mapping[str, float]]:
    value, (low, high) = paired([getattr(one, name) for one in whole], [getattr(one, name) for one in without])
    return value, {"low": low, "high": high}
