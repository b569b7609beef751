"""How well a grader's scores agree with people's: over all essays, in groups of them, and beside the length of the essays."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import nan
from typing import Final, NamedTuple

import numpy as np

from assay.domain.rubric import MAX_LEVEL
from evals.essays import DIMENSIONS, OVERALL, GradedEssay
from evals.questions import Judged
from evals.report import Cell, Table
from evals.statistics import (
    Array,
    Interval,
    adjacent_agreement,
    bootstrap,
    exact_agreement,
    pearson,
    quadratic_weighted_kappa,
    spearman,
    standardised_mean_difference,
)

SHORT: Final = 100
LONG: Final = 180
"""Words up to which an essay is short, and from which it is long: between the lengths at which our own set was written."""


class Scored(NamedTuple):
    """An essay with the grader's scores beside the people's, on their scale. Held dimensions are absent."""

    essay: GradedEssay
    given: Mapping[str, int]


class Sample(NamedTuple):
    """Both scores and the length of the essays that have both, in one order."""

    human: Array
    machine: Array
    length: Array


def beside(essay: GradedEssay, judged: Judged) -> Scored:
    """The grader's levels on the scale of the essay's scores, with the weighted mean as the overall one."""
    mean = essay.question.rubric.percent(judged.verdict.levels()) * MAX_LEVEL / 100
    return Scored(essay, {name: essay.on_scale(level) for name, level in {**judged.levels, OVERALL: mean}.items()})


def sample(scored: Iterable[Scored], name: str) -> Sample:
    """The scores of dimension `name`."""
    rows = [(one.essay.scores[name], one.given[name], one.essay.length) for one in scored if name in one.essay.scores and name in one.given]
    human, machine, length = np.array(rows, dtype=float).reshape(-1, 3).T
    return Sample(human, machine, length)


def dimensions(scored: Sequence[Scored]) -> list[str]:
    """The dimensions that people scored, in their usual order."""
    return [name for name in DIMENSIONS if any(name in one.essay.scores for one in scored)]


def kappa(of: Sample) -> tuple[float, Interval]:
    """Quadratic weighted kappa with its interval; NaN for an empty sample."""
    if not of.human.size:
        return nan, (nan, nan)
    return float(quadratic_weighted_kappa(of.human, of.machine)), bootstrap(quadratic_weighted_kappa, of.human, of.machine)


def overall_table(scored: Sequence[Scored]) -> Table:
    """Agreement per dimension."""
    columns = ("dimension", "essays", "QWK", "95 %", "exact", "adjacent", "SMD")
    return Table("Agreement", columns, [(name, *_agreement_row(sample(scored, name))) for name in dimensions(scored)])


def _agreement_row(of: Sample) -> tuple[Cell, ...]:
    value, (low, high) = kappa(of)
    rest = (exact_agreement, adjacent_agreement, standardised_mean_difference)
    figures = [float(figure(of.human, of.machine)) if of.human.size > 1 else nan for figure in rest]
    return (len(of.human), value, {"low": low, "high": high}, *figures)


def grouped(title: str, scored: Sequence[Scored], group: Callable[[Scored], str]) -> Table:
    """Agreement per group and dimension, groups in alphabetical order."""
    names = dimensions(scored)
    groups = {key: [one for one in scored if group(one) == key] for key in sorted({group(one) for one in scored})}
    rows: list[tuple[Cell, ...]] = [
        (key, len(members), *(_cell(sample(members, name)) for name in names)) for key, members in groups.items()
    ]
    return Table(f"{title}: QWK, exact, adjacent, shift", ("", "essays", *names), rows)


def _cell(of: Sample) -> dict[str, float]:
    """Kappa only where people's scores differ at all: without, it is 0 for any grader."""
    if not of.human.size:
        return dict.fromkeys(("qwk", "exact", "adjacent", "shift"), nan)
    return {
        "qwk": float(quadratic_weighted_kappa(of.human, of.machine)) if np.ptp(of.human) else nan,
        "exact": float(exact_agreement(of.human, of.machine)),
        "adjacent": float(adjacent_agreement(of.human, of.machine)),
        "shift": float((of.machine - of.human).mean()),
    }


def length_band(one: Scored) -> str:
    """Which of three lengths an essay has."""
    words = one.essay.length
    return f"1: to {SHORT} words" if words <= SHORT else f"2: to {LONG - 1} words" if words < LONG else f"3: from {LONG} words"


def length_table(scored: Sequence[Scored]) -> Table:
    """How far length explains the grader's scores, beside how far it explains people's; empty essays left out, as they help any grader."""
    written_ones = [one for one in scored if one.essay.length]
    columns = ("dimension", "essays", "grader r", "95 %", "human r", "grader rho", "human rho")
    rows = [(name, *_length_row(sample(written_ones, name))) for name in dimensions(scored)]
    return Table("Correlation of score and length in words (Pearson r, Spearman rho)", columns, rows)


def _length_row(of: Sample) -> tuple[Cell, ...]:
    if of.human.size < 2:
        return (len(of.human), nan, {"low": nan, "high": nan}, nan, nan, nan)
    low, high = bootstrap(pearson, of.machine, of.length)
    linear = [float(pearson(scores, of.length)) for scores in (of.machine, of.human)]
    ranked = [spearman(scores, of.length) for scores in (of.machine, of.human)]
    return (len(of.human), linear[0], {"low": low, "high": high}, linear[1], *ranked)


def picture(scored: Sequence[Scored]) -> Table:
    """How often each human score (rows) met each of the grader's (columns); the diagonal is agreement."""
    names = dimensions(scored)
    scale = range(min(one.essay.low for one in scored), max(one.essay.high for one in scored) + 1)
    counts = {name: score_counts(sample(scored, name)) for name in names}
    rows: list[tuple[Cell, ...]] = [
        (f"human {human}", *({str(level): counts[name].get((human, level), 0) for level in scale} for name in names)) for human in scale
    ]
    return Table(f"Human score by grader's score ({', '.join(map(str, scale))})", ("", *names), rows)


def score_counts(of: Sample) -> dict[tuple[int, int], int]:
    """How many essays have each pair of human and grader's score."""
    pairs = [(int(human), int(machine)) for human, machine in zip(of.human, of.machine, strict=True)]
    return {pair: pairs.count(pair) for pair in set(pairs)}
