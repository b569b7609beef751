"""`assay audit`: does the chain hold, and the trail as a file."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from assay.cli.opened import opened
from assay.cli.options import DATA, Data, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.domain.audit import ChainReport
    from assay.runtime import Runtime

app = typer.Typer(no_args_is_help=True, help="The audit trail: who did what to what, chained by hashes.")

Moment = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="UTC.")]


@app.command()
def verify(data: Data = DATA, *, as_json: Json = False) -> None:
    """Read the whole chain; exit code 1 when an entry was altered, removed or put in, with its number and why."""
    settings = settings_of(data)
    from assay.services import audit

    async def ask(runtime: "Runtime") -> "ChainReport":
        async with runtime.open_uow(autocommit=True) as uow:
            return await audit.verify(uow)

    report = opened(settings, ask)
    if as_json:
        print_json(report)
    elif report.holds:
        begun = f", after entry {report.begins_after}, the last that retention has removed" if report.begins_after else ""
        console().print(f"The chain holds: {report.entries} entries{begun}.", soft_wrap=True)
    else:
        console().print(f"The chain breaks at entry {report.broken_at}. {report.why}", soft_wrap=True)
    raise typer.Exit(0 if report.holds else 1)


@app.command()
def export(
    data: Data = DATA,
    form: Annotated[str, typer.Option("--format", help="jsonl or csv.")] = "jsonl",
    action: Annotated[str | None, typer.Option(help="For example track:update.")] = None,
    actor: Annotated[UUID | None, typer.Option(help="Id of who did it.")] = None,
    target: Annotated[str | None, typer.Option(help="Id of what it was done to.")] = None,
    correlation: Annotated[str | None, typer.Option(help="Correlation id of the request.")] = None,
    since: Moment = None,
    until: Moment = None,
) -> None:
    """Write the entries that fit to standard output, the newest first."""
    settings = settings_of(data)
    from datetime import UTC

    from assay.db.repositories.audit import AuditSieve
    from assay.domain.audit import AuditAction
    from assay.services import audit_reading

    if form not in list(audit_reading.FileFormat):
        raise typer.BadParameter("There is jsonl and csv.")
    if action is not None and action not in list(AuditAction):
        raise typer.BadParameter(f"There is no such action. There are: {', '.join(AuditAction)}.")
    wanted = AuditSieve(
        actor_id=actor,
        action=AuditAction(action) if action else None,
        target_id=target,
        correlation_id=correlation,
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
    )

    async def write(runtime: "Runtime") -> None:
        async for piece in await audit_reading.export(runtime.open_uow, None, wanted, audit_reading.FileFormat(form)):
            sys.stdout.write(piece)

    opened(settings, write)
