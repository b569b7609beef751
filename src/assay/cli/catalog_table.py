"""`assay catalog`: what became of a file, and what is amiss in the catalog, as sentences and tables."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from assay.cli.catalog_runs import Imported
from assay.services.catalog_reports import CatalogReport

_SHOWN = 50
_TERMS = 20


def show_import(done: Imported, console: Console) -> None:
    """The rows that were refused, what was not understood, the counts, and what is to be done next."""
    result, counts = done.result, done.result.counts
    if done.problems:
        table = Table("line", "row", "where", "why", box=None, pad_edge=False)
        for problem in done.problems[:_SHOWN]:
            table.add_row(str(problem.line or "-"), str(problem.row), problem.pointer or "/", problem.reason)
        console.print(table)
        if len(done.problems) > _SHOWN:
            console.print(f"… and {len(done.problems) - _SHOWN:,} more: --json lists all of them", soft_wrap=True)
    if result.not_understood:
        names = ", ".join(f"{name} ({times:,})" for name, times in list(result.not_understood.items())[:_TERMS])
        console.print(f"not understood: {names}{', …' if len(result.not_understood) > _TERMS else ''}", soft_wrap=True)
    told = f"{counts.created:,} created, {counts.updated:,} updated, {counts.unchanged:,} unchanged, {counts.refused:,} refused"
    ends = {"refused": "nothing was imported", "failed": f"failed: {result.failure}"}
    end = ends.get(result.status) or ("a dry run, nothing was changed" if result.options.dry_run else "imported")
    console.print(f"{result.rows:,} rows: {told}; {end}", soft_wrap=True)
    if done.index.behind:
        console.print(f"the search index is {done.index.behind:,} credentials behind: assay index rebuild", soft_wrap=True)


def show_report(report: CatalogReport, console: Console) -> None:
    """A line for each thing that is amiss, and one that says how many there are."""
    lines = list(_lines(report))
    for line in lines[:_SHOWN]:
        console.print(line, soft_wrap=True)
    if len(lines) > _SHOWN:
        console.print(f"… and {len(lines) - _SHOWN:,} more: --json lists all of them", soft_wrap=True)
    asked = f", {report.links_asked:,} links asked" if report.links_asked else ""
    console.print(
        f"{report.credentials:,} credentials{asked}: {f'{len(lines):,} things amiss' if lines else 'nothing amiss'}", soft_wrap=True
    )


def _lines(report: CatalogReport) -> Iterator[str]:
    for twice in report.duplicates:
        yield f"told more than once: {', '.join(twice.slugs)}"
    for near in report.near_duplicates:
        yield f"nearly the same ({near.share:.0%}): {', '.join(near.slugs)}"
    for link in report.bad_links:
        yield f"link of {link.slug}: {link.homepage} {link.reason}"
    for missing in report.dangling:
        yield f"{missing.slug} demands {missing.prerequisite}, which there is not"
