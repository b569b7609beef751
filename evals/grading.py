"""`evals grading`: a data set, the built-in grader, and how far the two agree; whether style, order or keywords mislead it."""

import asyncio
from collections.abc import Sequence
from math import isnan, nan
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Final

import numpy as np
from rich.console import Console
from rich.progress import track

from evals.agreement import Scored, beside, grouped, kappa, length_band, length_table, overall_table, picture, sample
from evals.essays import DIMENSIONS, GradedEssay, Half, load, own
from evals.picture import draw
from evals.questions import judge, open_grader
from evals.report import Cell, Figure, Report, Table
from evals.statistics import RESAMPLES, SEED, bootstrap, wilson
from evals.twins import Twins, pair

ACCURACY_QWK: Final = 0.70
STYLE_DRIFT: Final = 0.3
ORDER_NOTICED: Final = 0.90
STUFFED_AT_MOST: Final = 1
ESSAY_WORDS: Final = 300
NEAR: Final = 60
ESSAY_MILLISECONDS: Final = 150
STYLES: Final = ("informal", "nonnative", "misspelt")
SHUFFLED: Final = "shuffled"
STUFFED: Final = "stuffed"


def run(console: Console, *, half: Half, data: Path | None = None, drawn: Path | None = None) -> Report:
    """Grade one half of our own set, or all of the set in `data`; with `drawn`, write the picture there as SVG.

    Raises `DataError` when the set is wrong, `OSError` when the picture cannot be written.
    """
    essays = load(data) if data else own(half)
    start, cpu = perf_counter(), process_time()
    scored, held, grader, spent = asyncio.run(_grade(console, essays))
    base = [one for one in scored if one.essay.twin_of is None]
    twins = pair(scored)
    facts = {
        "grader": grader,
        "data": str(data) if data else f"evals/grading, {half.value} half",
        "essays": f"{len(base)} base essays, {len(twins)} twins; {held} dimensions held for a person",
        "intervals": f"95 %, {RESAMPLES} bootstrap resamples of essays, seed {SEED}; shares after Wilson",
        "time": f"{perf_counter() - start:.1f} s, of which {process_time() - cpu:.1f} s of processor time",
    }
    what = "How far the built-in grader agrees with the levels people gave"
    if drawn:
        drawn.write_text(draw(f"{what}: {facts['data']}", base, twins), encoding="utf-8")
    figures = [*agreement_figures(base), *robustness(scored, twins), *speed(spent)]
    return Report("grading", what, facts, figures, _tables(base, twins), notes(data, base))


def speed(spent: Sequence[tuple[int, float]]) -> list[Figure]:
    """Processor time for one essay, given as pairs of words and milliseconds: the middle, the worst, and the middle near 300 words."""
    if not spent:
        return []
    times = [milliseconds for _, milliseconds in spent]
    figures = [
        Figure("milliseconds of processor time, median", median(times), f"{len(times)} essays"),
        Figure("milliseconds of processor time, worst", max(times), f"{len(times)} essays"),
    ]
    long = [milliseconds for length, milliseconds in spent if abs(length - ESSAY_WORDS) <= NEAR]
    if long:
        of = f"{len(long)} essays of {ESSAY_WORDS - NEAR} to {ESSAY_WORDS + NEAR} words"
        figures.append(Figure("milliseconds near 300 words, median", median(long), of, at_most=ESSAY_MILLISECONDS))
    return figures


async def _grade(console: Console, essays: Sequence[GradedEssay]) -> tuple[list[Scored], int, str, list[tuple[int, float]]]:
    """The scores, how many are held, who gave them, and the length and processor time of each essay; loading the model does not count."""
    grader = open_grader()
    scored, held, spent = [], 0, []
    if essays:
        await judge(grader, essays[0].question, essays[0].essay)
    for essay in track(essays, "grading", console=console, transient=True):
        start = process_time()
        judged = await judge(grader, essay.question, essay.essay)
        spent.append((essay.length, 1000 * (process_time() - start)))
        scored.append(beside(essay, judged))
        held += judged.held
    return scored, held, f"{grader.identity.model}, {grader.identity.prompt_hash[:12]}", spent


def agreement_figures(base: Sequence[Scored]) -> list[Figure]:
    """Agreement per dimension, with its interval."""
    figures = []
    for name in DIMENSIONS:
        of = sample(base, name)
        if of.human.size:
            value, interval = kappa(of)
            target = ACCURACY_QWK if name == "accuracy" else None
            figures.append(Figure(f"{name}: QWK", value, f"{of.human.size} base essays", interval, at_least=target))
    return figures


def robustness(scored: Sequence[Scored], twins: Sequence[Twins]) -> list[Figure]:
    """What a set can only show when it has twins or stuffed lists."""
    figures = []
    if styled := [pair for pair in twins if pair.twin.essay.style in STYLES]:
        figures.append(style_figure(styled))
    if shuffled := [pair for pair in twins if pair.twin.essay.style == SHUFFLED]:
        lost = sum(pair.move("coherence") < 0 for pair in shuffled)
        of = f"{lost} of {len(shuffled)} pairs"
        figures.append(
            Figure("shuffled twins lose coherence", lost / len(shuffled), of, wilson(lost, len(shuffled)), at_least=ORDER_NOTICED)
        )
    if stuffed := [one for one in scored if one.essay.kind == STUFFED]:
        above = sum(max(one.given.get(name, 0) for name in ("clarity", "coherence")) > STUFFED_AT_MOST for one in stuffed)
        figures.append(Figure("stuffed lists above 1 in clarity or coherence", above, f"stuffed essays: {len(stuffed)}", at_most=0))
    return figures


def style_figure(styled: Sequence[Twins]) -> Figure:
    """How far accuracy moves between a base and its style twins, up or down; families are resampled, as their twins go together."""
    families = {pair.base.essay.id: [abs(one.move("accuracy")) for one in styled if one.base is pair.base] for pair in styled}
    sums = np.array([[np.nansum(moves), np.count_nonzero(~np.isnan(moves))] for moves in families.values()], dtype=float)
    value = float(sums[:, 0].sum() / sums[:, 1].sum()) if sums[:, 1].sum() else nan
    interval = bootstrap(lambda moved, count: moved.sum(axis=-1) / np.maximum(count.sum(axis=-1), 1), sums[:, 0], sums[:, 1])
    of = f"{len(styled)} style twins of {len(families)} essays"
    return Figure("accuracy moves with style", value, of, interval, at_most=STYLE_DRIFT)


def _tables(base: Sequence[Scored], twins: Sequence[Twins]) -> list[Table]:
    groups = {
        "Per track": lambda one: one.essay.question.track,
        "Per kind": lambda one: one.essay.kind,
        "Per length": length_band,
    }
    told = [grouped(title, base, group) for title, group in groups.items() if any(group(one) for one in base)] if base else []
    return [overall_table(base), *([picture(base)] if base else []), *told, length_table(base), *([_twin_table(twins)] if twins else [])]


def _twin_table(twins: Sequence[Twins]) -> Table:
    """Per style and dimension, the mean move with its sign and without."""
    names = DIMENSIONS[:3]
    rows: list[tuple[Cell, ...]] = [
        (style, len(chosen), *(_moves(chosen, name) for name in names))
        for style in dict.fromkeys((*STYLES, SHUFFLED, *(pair.twin.essay.style for pair in twins)))
        if (chosen := [pair for pair in twins if pair.twin.essay.style == style])
    ]
    return Table("Twin minus base: mean, mean without its sign", ("twin", "pairs", *names), rows)


def _moves(twins: Sequence[Twins], name: str) -> dict[str, float]:
    moves = [move for pair in twins if not isnan(move := pair.move(name))]
    return {"mean": float(np.mean(moves)), "absolute": float(np.mean(np.abs(moves)))} if moves else {"mean": nan, "absolute": nan}


def notes(data: Path | None, base: Sequence[Scored]) -> list[str]:
    """What a reader has to know beside the figures."""
    found = ["Shift is the mean of grader minus human. QWK is left out where the human scores of a group are all the same."]
    if data is None:
        found.append(
            "Agreement on base essays alone. Dev is tuned on, test has questions of its own. evals/grading/README.md names the limits."
        )
    elif base and not any("accuracy" in one.essay.scores for one in base):
        found.append("Without key points, reference or question_slug nothing says what is right: accuracy and overall scores are left out.")
    return found
