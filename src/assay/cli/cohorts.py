"""`assay cohorts`: enrol people by a list."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.opened import opened
from assay.cli.options import DATA, Data, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.runtime import Runtime
    from assay.services.roster_import import RosterReport

app = typer.Typer(no_args_is_help=True, help="Cohorts, and who belongs to them.")


@app.callback()
def _group() -> None:
    """Keep `enrol` a verb of its own; a group of one would swallow it."""


@app.command()
def enrol(
    file: Annotated[Path, typer.Argument(help="CSV: email,name,role[,cohort]; role is student or advisor.", exists=True, dir_okay=False)],
    data: Data = DATA,
    cohort: Annotated[str | None, typer.Option(help="Name of the cohort of all rows; it is made when there is none.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row, write nothing.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Enrol the good rows; without it all or none.")] = False,
    as_json: Json = False,
) -> None:
    """Enrol the people of a CSV file, every row answered; exit code 1 when one is refused. New people get accounts without a password."""
    settings, content = settings_of(data), file.read_bytes()
    from assay.services import enrolment, roster_import

    async def ask(runtime: "Runtime") -> "RosterReport":
        async with runtime.open_uow() as uow:
            found = await uow.enrolment.by_name(cohort) if cohort else None
            if cohort and not found and not dry_run:
                await enrolment.create(uow, None, enrolment.CohortWrite(name=cohort))
                found = await uow.enrolment.by_name(cohort)
            if cohort and not found:
                raise typer.BadParameter("There is no such cohort yet; without --dry-run it is made.")
            return await roster_import.enrol(uow, None, content, cohort_id=found.id if found else None, dry_run=dry_run, skip_bad=skip_bad)

    report = opened(settings, ask)
    if as_json:
        print_json(report)
    else:
        for row in report.rows:
            console().print(f"line {row.line}: {row.outcome}{f', {row.problem}' if row.problem else ''}", soft_wrap=True)
        console().print(", ".join(f"{count} {outcome}" for outcome, count in report.counts.items()), soft_wrap=True)
    raise typer.Exit(1 if report.counts[roster_import.Outcome.REFUSED] else 0)
