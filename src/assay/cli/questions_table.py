"""`assay questions`: what a package lost on its way out, and what became of the items of one that came in."""

from collections import Counter
from pathlib import Path

from rich.console import Console

from assay.services.question_interchange import ExportReport, ImportReport


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
