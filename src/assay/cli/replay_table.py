"""`assay replay`: one row an essay and dimension, what is stored beside what comes out now, and one line that says it all."""

from rich.console import Console
from rich.table import Table

from assay.services.replay import Level, Replay

HELD = "held"
NOT_DERIVED = "-"


def show(found: Replay, console: Console) -> None:
    """Print the table, what could not be replayed, and the decisive line last."""
    console.print(table(found))
    for place, essay in enumerate(found.essays, start=1):
        if essay.problem:
            console.print(f"Essay {place} cannot be replayed: {essay.problem}", soft_wrap=True)
        if set(essay.flags) != set(essay.stored_flags):
            then, now = (", ".join(flags) or "nothing" for flags in (essay.stored_flags, essay.flags))
            console.print(f"Essay {place}: the pre-checks noticed {then} then and notice {now} now.", soft_wrap=True)
    console.print(verdict(found), soft_wrap=True)


def table(found: Replay) -> Table:
    """The rows."""
    shown = Table("essay", "grader", "replies", "dimension", "stored", "replayed", "same", box=None, pad_edge=False, header_style="bold")
    for place, essay in enumerate(found.essays, start=1):
        for line in essay.levels:
            replayed = level(line.replayed) if line.replayed else NOT_DERIVED
            who = f"{essay.producer} ({essay.model})"
            shown.add_row(str(place), who, str(essay.replies), line.dimension, level(line.stored), replayed, "yes" if line.same else "NO")
    return shown


def level(given: Level) -> str:
    """A level in a word or two: `3`, `held`, `3, counts 1`."""
    if given.counts is None:
        return HELD
    return str(given.given) if given.given == given.counts else f"{given.given}, counts {given.counts}"


def verdict(found: Replay) -> str:
    """The decisive line."""
    lines = [line for essay in found.essays for line in essay.levels]
    same = sum(line.same for line in lines)
    missing = sum(bool(essay.problem) for essay in found.essays)
    said = f"{same} of {len(lines)} levels come out as stored"
    return f"same: {said}" if found.same else f"different: {said}, {missing} of {len(found.essays)} essays cannot be replayed"
