"""`assay heal`: degraded stages as a table, and what was sent again."""

from rich.console import Console
from rich.table import Table

from assay.services.healing import HealedByHand, Waiting


def show_waiting(waiting: Waiting, console: Console) -> None:
    """One row a stage and cause, most first, and how many in all."""
    table = Table("stage", "cause", "results", "since", "made again", box=None, pad_edge=False, header_style="bold")
    for each in waiting.items:
        again = "by itself" if each.by_itself else "on request"
        table.add_row(each.stage, each.cause, str(each.results), f"{each.since:%Y-%m-%d %H:%M}", again)
    console.print(table)
    console.print(f"{sum(each.results for each in waiting.items)} degraded stages", soft_wrap=True)


def show_sent(done: HealedByHand, console: Console) -> None:
    """Each assessment, and one line that says it all."""
    for assessment_id in done.assessments:
        console.print(str(assessment_id), soft_wrap=True)
    more = "; there may be more, ask again" if done.more else ""
    console.print(f"{len(done.assessments)} results are made again{more}", soft_wrap=True)
