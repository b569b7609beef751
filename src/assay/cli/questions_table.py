"""`assay questions`: the bank, a trial, what packages lost on their way out and became on their way in, how questions have worked."""

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from assay.domain.item_statistics import MIN_SHOWN, Estimate
from assay.services.dry_runs import DryRunRead, EssayTried
from assay.services.item_statistics import StatisticsList
from assay.services.question_edits import QuestionPage
from assay.services.question_interchange import ExportReport, ImportReport


def show_bank(found: QuestionPage, console: Console) -> None:
    """One row a question."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("question", "type", "format", "difficulty", "version", "asked", "tracks"):
        table.add_column(name, overflow="fold")
    for item in found.items:
        asked = "yes" if item.is_active else "no"
        table.add_row(item.slug, item.type, item.format, str(item.difficulty), str(item.version), asked, ", ".join(item.tracks) or "-")
    console.print(table)
    console.print(f"{len(found.items)} questions", soft_wrap=True)


def show_tried(tried: DryRunRead, console: Console) -> None:
    """The credit, the signals, or each grader's levels; then what is weak in the rubric."""
    lines = [] if tried.credit is None else [f"credit {tried.credit:.0%}"]
    lines += [f"{name}  {value:+.2f}" for name, value in (tried.signals or {}).items()]
    lines += [line for grader in tried.essay for line in _grader(grader)]
    lines += [f"rubric {finding.pointer}: {finding.message}" for finding in tried.lint]
    for line in lines or ["Nothing to be judged in this answer."]:
        console.print(line, soft_wrap=True, markup=False)


def _grader(tried: EssayTried) -> list[str]:
    who = f"{tried.producer} {tried.model}"
    if tried.verdict is None:
        return [f"{who}: could not be asked ({tried.fault})"]
    head = f"{who}: {'no level' if tried.percent is None else f'{tried.percent} %'}"
    named = [
        f"  {name:<12}{'held' if judged.counts is None else judged.counts}  {judged.held_reason or judged.rationale}"
        for name, judged in tried.verdict.dimensions.items()
    ]
    return [head, *named, *(f"  noticed: {flag}" for flag in tried.verdict.flags)]


def show_export(report: ExportReport, file: Path, console: Console) -> None:
    """One line for each thing that has no equivalent, with how many questions it concerns."""
    console.print(f"{len(report.questions)} questions written to {file}", soft_wrap=True, markup=False)
    counted = Counter(note.message for question in report.questions for note in question.notes)
    for message, count in counted.most_common():
        console.print(f"  {count:>4}  {message}", soft_wrap=True, markup=False)


def show_import(report: ImportReport, console: Console, *, written: bool) -> None:
    """Each item with what became of it, why it was refused, and what was not taken over."""
    for item in report.items:
        console.print(f"{item.outcome:<10}{item.slug or item.href}", soft_wrap=True, markup=False)
        for line in ((item.problem,) if item.problem else ()) + tuple(note.message for note in item.notes):
            console.print(f"          {line}", soft_wrap=True, markup=False)
    counts = f"{report.created} new, {report.updated} changed, {report.unchanged} unchanged, {report.refused} refused"
    console.print(counts if written else f"{counts}; nothing was written", soft_wrap=True)


def show_statistics(found: StatisticsList, console: Console) -> None:
    """One row a question: how many finished assessments asked it, its figures with their intervals, and what to look at."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("question", "version", "n", "facility", "discrimination", "upper-lower", "omitted", "look at"):
        table.add_column(name, overflow="fold")
    for item in found.items:
        told = item.statistics
        table.add_row(
            item.slug,
            str(item.version),
            str(told.n) if not told.few else f"{told.n}, too few",
            _estimate(told.facility),
            _estimate(told.discrimination),
            "-" if told.upper_lower is None else f"{told.upper_lower:.2f}",
            "-" if told.omitted is None else f"{told.omitted:.0%}",
            ", ".join(told.flags) or "-",
        )
    console.print(table)
    flagged = sum(bool(item.statistics.flags) for item in found.items)
    console.print(
        f"{len(found.items)} questions, {flagged} to look at; under {MIN_SHOWN} finished assessments there are no figures", soft_wrap=True
    )


def _estimate(estimate: Estimate | None) -> str:
    return "-" if estimate is None else f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"
