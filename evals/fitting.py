"""`python -m evals.fitting`: fits the built-in grader's weights and cut points on the development essays, and says what they are worth.

Every figure is for essays left out of the fit: all of one author, then all on one question. What is printed last belongs into
`assay.ai.builtin_calibration`.
Signs of order: a conditional logit of the written order among random ones (Barzilay and Lapata, 2008, rank the same way). Weights of the
signals: least squares towards the levels, shrunk towards the weights set by hand, none below zero. Cut points: half way between those
that give as many essays to each level as people did, and those of the straight line through the levels.
"""

import asyncio
from collections.abc import Callable, Sequence
from math import nan
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np
from rich.console import Console

from assay.ai import builtin_order
from assay.ai.builtin_accuracy import weigh
from assay.ai.builtin_calibration import CALIBRATION
from assay.ai.builtin_embedder import BuiltinEmbedder
from assay.ai.builtin_grader import BuiltinGrader
from assay.ai.builtin_order import LEAST, MOST
from assay.ai.builtin_reading import read
from assay.domain.grading import EssayTask
from evals.agreement import Scored, kappa, sample
from evals.essays import GradedEssay, Half, own
from evals.grading import SHUFFLED, STYLES, agreement_figures, robustness, style_figure
from evals.questions import judge
from evals.report import Cell, Figure, Report, Table
from evals.statistics import SEED, Array
from evals.twins import pair

_COLUMNS: Final = ("essays", "clarity", "accuracy", "coherence", "shuffled noticed", "style moves")
FITTED: Final = ("clarity", "accuracy", "coherence")
RANDOM_ORDERS: Final = 200
ORDER_SHRINKAGE: Final = 100.0
SHRINKAGE: Final = {"clarity": 15.0, "accuracy": 8.0, "coherence": 12.0}
TWIN_WEIGHT: Final = 0.3
ORDER_SLOPE: Final = 2.75
"""Levels of coherence between no order at all and a very good one: set, not fitted, so that a text put out of order loses a level."""
DIRECTED: Final = frozenset({"point_order", "described_order"})
DIRECTED_SHARE: Final = 0.7
"""What is kept of the weights that favour the rubric's own sequence: set, not fitted, since another sound order is as coherent."""
STRETCH: Final = 0.8
"""How far the fitted levels, which lie closer together than people's, are spread again (1: wholly)."""
SIGNS: Final = tuple(CALIBRATION.order)
EVERY_LIMIT: Final = CALIBRATION.model_copy(update=dict.fromkeys(("accuracy_cuts", "clarity_cuts", "coherence_cuts"), (0.0,) * 4))
"""With these every essay earns the highest level, so that each limit on it is on record, whatever other weights would give."""
HAND: Final[dict[str, dict[str, float]]] = {
    "clarity": {
        "sentence_length": 1.5, "sentence_spread": 0.75, "long_sentences": 0.75, "reading_ease": 1, "word_variety": 1, "vague_words": 1.5,
        "errors": 2, "shorthand": 1, "points_touched": 0.3, "topic": 2, "joined_clauses": 1, "order": 1,
    },
    "accuracy": {"coverage": 2, "begun": 1.5, "touched": 1, "plain_words": 0.75, "telling_words": 0.75, "conditions": 0.5, "denials": 0.5},
    "coherence": {
        "order": 2.5, "opening": 3, "connected_sentences": 0.5, "points_touched": 2, "plain_words": 0.75, "full_sentences": 1,
        "joined_clauses": 0.75, "denials": 0.5, "leaning_sentences": 0.5,
    },
}  # fmt: skip
"""The weights from which the fit starts, and towards which it is shrunk."""


class Case(NamedTuple):
    """A development essay with what the grader measured: each dimension's values, and its signs of order, the first row as written."""

    essay: GradedEssay
    values: dict[str, dict[str, float]]
    sentences: int
    orders: Array | None

    @property
    def question(self) -> str:
        """Its question."""
        return self.essay.question.prompt

    @property
    def author(self) -> str:
        """Its author."""
        return self.essay.author


class Fit(NamedTuple):
    """The weights of the signals in levels, with the constant, and the cut points on the scale of the grader's score."""

    names: list[str]
    weights: Array
    constant: float
    cuts: list[float]

    def score(self, rows: Array) -> Array:
        """The grader's score of each row, 0 to 1."""
        return np.asarray(rows @ self.weights / self.weights.sum())

    def levels(self, rows: Array) -> Array:
        """The level of each row."""
        return np.asarray((self.score(rows)[:, None] >= np.array(self.cuts)).sum(axis=1))


async def measure(essays: Sequence[GradedEssay]) -> list[Case]:
    """Everything that is measured in each essay with an answer in it."""
    embedder = BuiltinEmbedder()
    grader = BuiltinGrader(embedder, EVERY_LIMIT)
    random = np.random.default_rng(SEED)
    found = []
    for essay in essays:
        judged = await judge(grader, essay.question, essay.essay)
        values = {name.value: dict(draft.features) for name, draft in judged.draft.dimensions.items()}
        if not values["accuracy"].get("touched") and not values["clarity"]:
            continue
        task = EssayTask(prompt=essay.question.prompt, essay=essay.essay, rubric=essay.question.rubric)
        reading = await read(task, embedder, CALIBRATION)
        count = min(len(reading.sentences), MOST)
        if count < LEAST:
            found.append(Case(essay, values, count, None))
            continue
        signs = builtin_order.signs(reading, weigh(reading, CALIBRATION).of_sentences(reading), count)
        orders = np.array([np.arange(count), *(random.permutation(count) for _ in range(RANDOM_ORDERS))])
        found.append(Case(essay, values, count, builtin_order.measured(signs, orders)))
    return found


def fit_order(cases: Sequence[Case]) -> Array:
    """Weights of the signs of order, none below zero, on essays that people found to have an order."""
    tables = [
        case.orders for case in cases if case.orders is not None and case.essay.scores["coherence"] >= 2 and case.essay.style != "shuffled"
    ]
    scale = np.sqrt(np.mean([table[1:].var(axis=0) for table in tables], axis=0)) + 1e-9
    kept = np.arange(len(scale))
    while True:
        weights = _logit([table[:, kept] / scale[kept] for table in tables])
        if (weights >= 0).all():
            full = np.zeros(len(scale))
            full[kept] = weights / scale[kept]
            return full * [DIRECTED_SHARE if name in DIRECTED else 1.0 for name in SIGNS]
        kept = np.delete(kept, int(weights.argmin()))


def _logit(tables: Sequence[Array]) -> Array:
    """Newton's method for the conditional logit with a ridge."""
    weights = np.zeros(tables[0].shape[1])
    for _ in range(50):
        slope, bend = -ORDER_SHRINKAGE * weights, ORDER_SHRINKAGE * np.eye(len(weights))
        for table in tables:
            chosen = table @ weights
            share = np.exp(chosen - chosen.max())
            share /= share.sum()
            mean = share @ table
            slope += table[0] - mean
            bend += (table * share[:, None]).T @ table - np.outer(mean, mean)
        step = np.linalg.solve(bend, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-7:
            break
    return weights


def order_score(case: Case, weights: Array) -> float:
    """The order as the grader scores it with these weights."""
    if case.orders is None:
        return CALIBRATION.order_expected
    others = case.orders[1:] @ weights
    score = float((case.orders[0] @ weights - others.mean()) / max(float(others.std()), 1e-9))
    told = builtin_order.trust(case.sentences, CALIBRATION)
    return told * score + (1 - told) * CALIBRATION.order_expected


def rows_of(cases: Sequence[Case], name: str, orders: Sequence[float]) -> Array:
    """The scores (0 to 1) of all signals of dimension `name`, one row for each essay."""
    curves = getattr(CALIBRATION, name)
    return np.array(
        [
            [curve.score(order if signal == "order" else case.values[name].get(signal, 0.0)) for signal, curve in curves.items()]
            for case, order in zip(cases, orders, strict=True)
        ]
    )


def fit(cases: Sequence[Case], name: str, rows: Array) -> Fit:
    """Weights and cut points of dimension `name`."""
    curves = getattr(CALIBRATION, name)
    names = list(curves)
    levels = np.array([case.essay.scores[name] for case in cases], dtype=float)
    counts = np.array([1.0 if case.essay.twin_of is None else TWIN_WEIGHT for case in cases])
    start = np.array([HAND[name][signal] for signal in names])
    start = start * 5.0 / start.sum()
    held = np.array([(name, signal) == ("coherence", "order") for signal in names])
    start[held] = ORDER_SLOPE
    weights, constant = _least_squares(rows, levels, counts, start, held, SHRINKAGE[name])
    base = np.array([case.essay.twin_of is None for case in cases])
    score = rows @ weights / weights.sum()
    return Fit(names, weights, constant, _cuts(score[base], levels[base], float(weights.sum())))


def _least_squares(rows: Array, levels: Array, counts: Array, start: Array, held: Array, shrinkage: float) -> tuple[Array, float]:
    """Weights near `start`, none below zero, the `held` ones fixed; coordinate by coordinate until nothing moves."""
    weights = start.copy()
    centre = (rows * counts[:, None]).sum(axis=0) / counts.sum()
    middle = float((levels * counts).sum() / counts.sum())
    table, wanted = rows - centre, levels - middle
    for _ in range(500):
        before = weights.copy()
        for place in np.flatnonzero(np.logical_not(held)):
            column = table[:, place]
            rest = wanted - table @ weights + column * weights[place]
            best = ((counts * column) @ rest + shrinkage * start[place]) / ((counts * column) @ column + shrinkage)
            weights[place] = max(0.0, float(best))
        if np.abs(weights - before).max() < 1e-6:
            break
    return weights, middle - float(centre @ weights)


def _cuts(score: Array, levels: Array, total: float) -> list[float]:
    """Four cut points on the score, `total` being the levels that a score of 1 stands for."""
    stretch = (levels.std() / (total * score.std())) ** STRETCH
    line = [(level - 0.5 - levels.mean()) / stretch / total + score.mean() for level in range(1, 5)]
    share = [float(np.quantile(score, (levels < level).mean())) for level in range(1, 5)]
    return [round(float(one + other) / 2, 3) for one, other in zip(line, share, strict=True)]


def left_out(cases: Sequence[Case], together: Callable[[Case], str]) -> list[Scored]:
    """Every essay with the levels given by weights and cut points that were fitted without the essays that go `together` with it."""
    given: dict[str, dict[str, int]] = {case.essay.id: {} for case in cases}
    for group in sorted(set(map(together, cases))):
        others = [case for case in cases if together(case) != group]
        own_cases = [case for case in cases if together(case) == group]
        order = fit_order(others)
        scores = [[order_score(case, order) for case in chosen] for chosen in (others, own_cases)]
        for name in FITTED:
            fitted = fit(others, name, rows_of(others, name, scores[0]))
            for case, level in zip(own_cases, fitted.levels(rows_of(own_cases, name, scores[1])), strict=True):
                given[case.essay.id][name] = min([int(level), *(int(value) for value in _limits(case, name))])
    return [Scored(case.essay, given[case.essay.id]) for case in cases]


def _limits(case: Case, name: str) -> list[float]:
    return [value for signal, value in case.values[name].items() if signal.startswith("limit.")]


def figures(scored: Sequence[Scored]) -> list[Figure]:
    """Agreement in all dimensions, and what misleads the grader."""
    return [*agreement_figures(_base(scored)), *robustness(scored, pair(scored))]


def by_question(scored: Sequence[Scored]) -> Table:
    """Agreement on each question."""
    rows = _rows(scored, lambda essay: essay.question.prompt, lambda essay: essay.id.rsplit("-", 1)[0])
    return Table("Each question, left out of the fit: QWK", ("question", *_COLUMNS), rows)


def by_author(scored: Sequence[Scored]) -> Table:
    """Agreement with the essays of each author."""
    rows = _rows(scored, lambda essay: essay.author, lambda essay: essay.author)
    return Table("Each author, left out of the fit: QWK", ("author", *_COLUMNS), rows)


def _rows(scored: Sequence[Scored], together: Callable[[GradedEssay], str], name: Callable[[GradedEssay], str]) -> list[tuple[Cell, ...]]:
    """Per group: kappas, how many shuffled twins got a lower coherence than their base, and how far style moves accuracy."""
    rows: list[tuple[Cell, ...]] = []
    for group in dict.fromkeys(together(one.essay) for one in scored):
        own_ones = [one for one in scored if together(one.essay) == group]
        twins = pair(own_ones)
        lost = [one.move("coherence") < 0 for one in twins if one.twin.essay.style == SHUFFLED]
        styled = [one for one in twins if one.twin.essay.style in STYLES]
        kappas = [kappa(sample(_base(own_ones), dimension))[0] for dimension in FITTED]
        moved = style_figure(styled).value if styled else nan
        rows.append((name(own_ones[0].essay), len(_base(own_ones)), *kappas, f"{sum(lost)} of {len(lost)}", moved))
    return rows


def _base(scored: Sequence[Scored]) -> list[Scored]:
    return [one for one in scored if one.essay.twin_of is None]


def main() -> None:
    """Measure, fit, and print."""
    console = Console(highlight=False, width=140)
    cases = asyncio.run(measure(own(Half.DEV)))
    for what, together, table in (("authors", attrgetter("author"), by_author), ("questions", attrgetter("question"), by_question)):
        scored = left_out(cases, together)
        facts = {what: str(len(set(map(together, cases))))}
        Report("fitting", f"What the fit is worth on {what} it has not seen", facts, figures(scored), [table(scored)], []).show(console)
    order = fit_order(cases)
    console.print("\norder", {name: round(float(value), 2) for name, value in zip(SIGNS, order, strict=True)})
    scores = [order_score(case, order) for case in cases]
    for name in FITTED:
        fitted = fit(cases, name, rows_of(cases, name, scores))
        console.print(f"\n{name}", {signal: round(float(value), 2) for signal, value in zip(fitted.names, fitted.weights, strict=True)})
        console.print("cuts", tuple(fitted.cuts))


if __name__ == "__main__":
    main()
