"""`evals retrieval`: a catalog, students, judgments, and how good the recommendation is beside simpler ones."""

import asyncio
import logging
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Final, NamedTuple

import numpy as np
import structlog
from rich.console import Console
from rich.progress import track

from assay.ai.builtin_embedder import BuiltinEmbedder
from evals import ablation, catalog, foreign, golden, retrieval_queries
from evals.ablation import paired
from evals.advisor import Student
from evals.baselines import JOINED, Baseline, baselines
from evals.catalog import Catalog
from evals.essays import Half
from evals.pipeline import Found, recommend, search
from evals.questions import SEEDS, open_grader
from evals.ranking_measures import FEW, NAMES, Measured, mean, measure
from evals.report import Cell, Figure, Report, Table
from evals.retrieval_queries import Query, Reader
from evals.statistics import RESAMPLES, SEED, bootstrap

PRECISION: Final = 0.85
OFF_TOPIC_DROP: Final = 0.03
DRAWS: Final = 5
"""Assessments of each student, with other questions and other luck: one draw should not decide."""
PRODUCT: Final = "Assay"
RELEVANT: Final = 2
"""Grade from which our own judgments count as relevant."""


class Files(NamedTuple):
    """A data set of other people's making."""

    catalog: Path
    queries: Path
    qrels: Path


class Case(NamedTuple):
    """One assessment: what was answered, and the same with one essay in turn, and with all, about something else."""

    query: Query
    swapped: Sequence[Query] = ()
    strange: Query | None = None


type Cases = Sequence[Sequence[Case]]
"""Assessments by student: each has as many as there are draws."""


class Scores(NamedTuple):
    """Every list of a run, measured: by system, in the order of the students, each the mean of the own assessments.

    Off the topic: `swapped` is the mean over which essay it is, `strange` has all of them so.
    """

    systems: Mapping[str, list[Measured]]
    swapped: Mapping[str, list[float]]
    strange: Mapping[str, list[float]]
    judged: float
    lost: Table
    idle: Sequence[str]


def run(
    console: Console, *, half: Half, files: Files | None = None, bare: bool = False, relevant: int | None = None, draws: int = DRAWS
) -> Report:
    """Measure one half of our own set, each student assessed `draws` times, or all of another set, once.

    `bare` takes skills, levels and the rest from our own catalog first.

    Raises `DataError` when a set is wrong, `StartProblem` when no database can be started.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    start, cpu = perf_counter(), process_time()
    with tempfile.TemporaryDirectory(prefix="assay-eval-") as folder:
        seeds = SEEDS
        if files or bare:
            seeds = Path(folder)
        if files:
            cases = _foreign(files, seeds)
            wanted = relevant or (RELEVANT if any(max(case.query.grades.values(), default=0) >= RELEVANT for (case,) in cases) else 1)
        else:
            cases, wanted = asyncio.run(_own(half, draws, seeds if bare else None)), relevant or RELEVANT
        with catalog.database() as url:
            scores, facts = asyncio.run(_measured(console, url, seeds, cases, wanted))
    shown = str(files.catalog) if files else f"evals/retrieval, {half.value} half{', titles and descriptions alone' if bare else ''}"
    facts = {
        "data": shown,
        **facts,
        "relevant": f"grade {wanted} or more; {scores.judged:.0%} of what was recommended first ({FEW} each) has a grade above 0",
        "intervals": f"95 %, {RESAMPLES} bootstrap resamples of students, seed {SEED}; differences paired by student",
        "time": f"{perf_counter() - start:.1f} s, of which {process_time() - cpu:.1f} s of this process",
    }
    own = files is None and not bare
    return Report(
        "retrieval",
        "How good the recommended credentials are, beside simpler recommenders",
        facts,
        _figures(scores, targets=own),
        [_systems(scores), _tracks(cases, scores), *([] if files else [_levels(cases, scores, wanted)]), scores.lost],
        _notes(scores),
    )


async def _own(half: Half, draws: int, bare: Path | None) -> Cases:
    names: Mapping[str, str] = {}
    if bare:
        plain = [foreign.Course(id=seed.slug, title=seed.title, description=seed.description) for seed in golden.seeds().credentials]
        names = foreign.identify(plain)
        await foreign.write_seeds(bare, plain, names, golden.seeds().skills)
    reader = Reader(open_grader())
    students = [student for student in golden.students() if student.half is half]
    return [[await _case(reader, golden.drawn_again(student, draw), names) for draw in range(1, draws + 1)] for student in students]


async def _case(reader: Reader, student: Student, names: Mapping[str, str]) -> Case:
    given = golden.answer(student)
    grades = {names.get(each.credential_id, each.credential_id): each.grade for each in golden.judgments(student)}
    query, other = await reader.query(given, grades), retrieval_queries.elsewhere(given)
    swapped = [[*query.essays[:place], text, *query.essays[place + 1 :]] for place, text in enumerate(other)]
    return Case(query, [await reader.query(given, grades, texts) for texts in swapped], await reader.query(given, grades, other))


def _foreign(files: Files, folder: Path) -> Cases:
    courses = foreign.courses(files.catalog)
    slugs = foreign.identify(courses)
    queries, vocabulary = foreign.queries(files.queries, files.qrels, slugs)
    asyncio.run(foreign.write_seeds(folder, courses, slugs, vocabulary))
    return [[Case(query, *_unrelated(query))] for query in queries]


def _unrelated(query: Query) -> tuple[list[Query], Query | None]:
    """The query with another essay in place of its own, if it has one."""
    if not query.essays:
        return [], None
    strange = foreign.rewritten(query, retrieval_queries.strange(query.id))
    return [strange], strange


async def _measured(console: Console, url: str, seeds: Path, cases: Cases, relevant: int) -> tuple[Scores, dict[str, str]]:
    async with catalog.opened(url, seeds) as shelf:
        known = {entry.slug for entry in shelf.entries.values()}
        simple = baselines(shelf, listed=any(slug in known for case, *_ in cases for slug in case.query.learner.track.fallback_credentials))
        found = [[await search(shelf, case.query) for case in own] for own in _progress(console, cases, "searching")]
        systems = {PRODUCT: [[recommend(shelf, one) for one in own] for own in found]}
        for name, system in simple.items():
            systems[name] = [[await system(one) for one in own] for own in found]
        off = [
            np.mean([await _off_topic(shelf, case, simple[JOINED], relevant) for case in own], axis=0)
            for own in _progress(console, cases, "off topic")
        ]
        measured = {
            name: [
                mean([measure(ranked, one.query.grades, relevant) for ranked, one in zip(*pair, strict=True)])
                for pair in zip(lists, found, strict=True)
            ]
            for name, lists in systems.items()
        }
        lost, idle = ablation.table(shelf, found, measured[PRODUCT], relevant)
        first = [
            slug in one.query.grades
            for lists, own in zip(systems[PRODUCT], found, strict=True)
            for ranked, one in zip(lists, own, strict=True)
            for slug in ranked[:FEW]
        ]
        facts = {
            "catalog": f"{len(shelf.entries)} credentials in {shelf.chunks} passages",
            "queries": f"{sum(map(len, cases))}, by {len(cases)} students",
            "embedder": BuiltinEmbedder().name,
        }
    names = (PRODUCT, JOINED)
    swapped = {name: [float(one[0][place]) for one in off] for place, name in enumerate(names)}
    strange = {name: [float(one[1][place]) for one in off] for place, name in enumerate(names)}
    return Scores(measured, swapped, strange, float(np.mean(first)) if first else 0.0, lost, idle), facts


def _progress(console: Console, cases: Cases, what: str) -> Iterable[Sequence[Case]]:
    return track(cases, what, console=console, transient=True)


async def _off_topic(shelf: Catalog, case: Case, joined: Baseline, relevant: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """P@5 of the product and of the joined query: with one essay swapped (mean over which), and with all; as it is when there is none."""
    several = [await _both(await search(shelf, query), shelf, joined, relevant) for query in case.swapped or [case.query]]
    product, other = (float(np.mean(values)) for values in zip(*several, strict=True))
    return (product, other), await _both(await search(shelf, case.strange or case.query), shelf, joined, relevant)


async def _both(found: Found, shelf: Catalog, joined: Baseline, relevant: int) -> tuple[float, float]:
    grades = found.query.grades
    return measure(recommend(shelf, found), grades, relevant).precision, measure(await joined(found), grades, relevant).precision


def _figures(scores: Scores, *, targets: bool) -> list[Figure]:
    own, of = scores.systems[PRODUCT], f"{len(scores.systems[PRODUCT])} students"
    few = [one.precision for one in own]
    figures = [Figure("P@5", float(np.mean(few)), of, _interval(few), at_least=PRECISION if targets else None)]
    figures += [
        Figure(name, float(np.mean([one[place] for one in own])), of, _interval([one[place] for one in own]))
        for place, name in enumerate(NAMES)
        if place
    ]
    for name, others in scores.systems.items():
        if name != PRODUCT:
            gain, interval = paired(few, [other.precision for other in others])
            figures.append(Figure(f"P@5 above {name}", gain, of, interval, at_least=0.001 if targets else None))
    for what, values in (("one essay off topic", scores.swapped), ("all essays off topic", scores.strange)):
        limit = OFF_TOPIC_DROP if targets and values is scores.swapped else None
        for name, swapped in values.items():
            drop, interval = paired([one.precision for one in scores.systems[name]], swapped)
            told = what if name == PRODUCT else f"{what}, {name}"
            figures.append(Figure(f"P@5 lost, {told}", drop, of, interval, at_most=limit if name == PRODUCT else None))
    return figures


def _interval(values: Sequence[float]) -> tuple[float, float]:
    return bootstrap(lambda drawn: drawn.mean(axis=-1), values)


def _systems(scores: Scores) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, measured in scores.systems.items():
        cells: list[Cell] = [name]
        for place in range(len(NAMES)):
            values = [one[place] for one in measured]
            low, high = _interval(values)
            cells += [float(np.mean(values)), {"low": low, "high": high}]
        rows.append(tuple(cells))
    columns = ["recommender"]
    for place, name in enumerate(NAMES):
        columns += [name, f"95 %{' ' * place}"]
    return Table("Beside simpler recommenders", columns, rows)


def _tracks(cases: Cases, scores: Scores) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in dict.fromkeys(case.query.track for case, *_ in cases):
        places = [place for place, (case, *_) in enumerate(cases) if case.query.track == name]
        cells: list[Cell] = [name, len(places)]
        cells += [float(np.mean([measured[place].precision for place in places])) for measured in scores.systems.values()]
        rows.append(tuple(cells))
    return Table("P@5 per track", ("track", "students", *scores.systems), rows)


def _levels(cases: Cases, scores: Scores, relevant: int) -> Table:
    """By general level, beside what the judgments leave to be reached: who knows all that is taught has little left to be recommended."""
    base = {student.id: student.base for student in golden.students()}
    rows: list[tuple[Cell, ...]] = []
    for level in sorted({base[case.query.id] for case, *_ in cases}):
        places = [place for place, (case, *_) in enumerate(cases) if base[case.query.id] == level]
        suiting = [sum(grade >= relevant for grade in case.query.grades.values()) for place in places for case in cases[place]]
        reachable = float(np.mean([min(FEW, count) / FEW for count in suiting]))
        cells: list[Cell] = [str(level), len(places), reachable]
        cells += [float(np.mean([measured[place].precision for place in places])) for measured in scores.systems.values()]
        rows.append(tuple(cells))
    return Table("P@5 per general level", ("level", "students", "reachable", *scores.systems), rows)


def _notes(scores: Scores) -> list[str]:
    idle = ", ".join(scores.idle) or "none"
    return [
        f"Not shown to earn its keep here (neither interval lies above 0): {idle}.",
        "The product names eight credentials at most, so recall@10 counts eight places of ten for it.",
    ]
