"""`assay keys` in words: keys with what is under them, counts by table, and how far a rotation is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from assay.domain.keys import KeyReport, KeyState, Progress, Rotation


def show_keys(report: KeyReport, console: Console) -> None:
    """A line for each key: the first encrypts, others are read with, and what is missing is said."""
    table = Table("key", "used for", "values", box=None, pad_edge=False, header_style="bold")
    table.columns[2].justify = "right"
    found = {count.key_id for count in report.counts}
    for key_id in [*report.keys, *sorted(found - set(report.keys))]:
        use = "writing and reading" if key_id == report.current else "reading" if key_id in report.keys else "missing"
        table.add_row(key_id, use, f"{sum(count.values for count in report.counts if count.key_id == key_id):,}")
    console.print(table)
    console.print(_verdict(report), soft_wrap=True)


def show_counts(report: KeyReport, console: Console) -> None:
    """A line for each column, key and format, the decisive line last."""
    table = Table("column", "key", "format", "values", "", box=None, pad_edge=False, header_style="bold")
    table.columns[3].justify = "right"
    for count in report.counts:
        table.add_row(f"{count.table}.{count.column}", count.key_id, str(count.format), f"{count.values:,}", count.state.value)
    look_ups = report.look_ups
    for name, number in (("current", look_ups.current), ("old", look_ups.old), ("missing", look_ups.missing)):
        if number:
            table.add_row("look-ups", "", "", f"{number:,}", name)
    console.print(table)
    console.print(_verdict(report), soft_wrap=True)


def show_rotation(done: Rotation, console: Console) -> None:
    """A line for each table in which something was to be done, the decisive line last."""
    for each in done.tables:
        if each.renewed or each.unreadable or each.busy:
            left = f", {each.unreadable:,} cannot be read" if each.unreadable else ""
            busy = f", {each.busy:,} were being written" if each.busy else ""
            console.print(f"{each.table}: {each.renewed:,} rows renewed{left}{busy}", soft_wrap=True)
    if done.look_ups:
        console.print(f"users: {done.look_ups:,} look-ups renewed", soft_wrap=True)
    console.print(_verdict(done.report), soft_wrap=True)


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """Tells on standard error how far a rotation is."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Counting", total=None)

        def told(progress: Progress) -> None:
            bar.update(task, description=f"{progress.table}: {progress.seen:,} rows seen, {progress.renewed:,} renewed")

        yield told


def _verdict(report: KeyReport) -> str:
    missing, old = report.of_state(KeyState.MISSING), report.of_state(KeyState.OLD)
    if missing:
        needed = sorted({count.key_id for count in report.counts if count.state is KeyState.MISSING})
        return f"missing: {missing:,} values are under keys that are not configured: {', '.join(needed)}"
    if report.look_ups.missing:
        return f"missing: {report.look_ups.missing:,} look-ups were made with a key that is not configured"
    if old or report.look_ups.old:
        return f"old: {old:,} values and {report.look_ups.old:,} look-ups wait for `assay keys rotate`"
    return f"all {report.of_state(KeyState.CURRENT):,} values are under the key {report.current}, bound to their rows"
