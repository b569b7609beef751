"""`assay jobs`: dead letters as a table, one job in full, and what became of a resend."""

from rich.console import Console
from rich.table import Table

from assay.services.dead_letters import JobDetail, JobPage, ResentAll


def show_page(page: JobPage, console: Console) -> None:
    """One row a job, and how many there are; ids are never cut."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("job", "type", "cause", "error", "died", "sent again as"):
        table.add_column(name, overflow="fold", no_wrap=name == "job", min_width=36 if name == "job" else None)
    for job in page.items:
        died = f"{job.finished_at:%Y-%m-%d %H:%M:%S}" if job.finished_at else "-"
        table.add_row(str(job.id), job.type, job.cause or "-", job.error or "-", died, str(job.sent_again_as or "-"))
    console.print(table)
    console.print(f"{len(page.items)} dead jobs{', there are more' if page.next_cursor else ''}", soft_wrap=True)


def show_job(job: JobDetail, console: Console) -> None:
    """Each field on a line, the stack last."""
    for name, value in job.model_dump(mode="json", by_alias=False, exclude={"stack"}).items():
        console.print(f"{name:<16}{'-' if value is None else value}", soft_wrap=True, markup=False)
    console.print(job.stack or "No stack: nobody saw where it ended.", soft_wrap=True, markup=False)


def show_resent(done: ResentAll, console: Console) -> None:
    """What was written for each, what was refused and why, and one line that says it all."""
    for resent in done.resent:
        console.print(f"{resent.id} sent again as {', '.join(map(str, resent.jobs))}", soft_wrap=True)
    for refused in done.refused:
        console.print(f"{refused.id} not sent again: {refused.reason}", soft_wrap=True)
    console.print(f"{len(done.resent)} sent again, {len(done.refused)} refused", soft_wrap=True)
