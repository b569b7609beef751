"""`assay jobs`: the dead letters, one job in full, and sending dead ones again."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from assay.cli.opened import opened
from assay.cli.options import DATA, Data, Json, cause_named, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.runtime import Runtime
    from assay.services.dead_letters import JobDetail, JobPage, ResentAll

app = typer.Typer(no_args_is_help=True, help="Look at jobs that ended dead, and send them again.")

Cause = Annotated[str | None, typer.Option(help="Why they died, for example unavailable, internal_error, crashed.")]


@app.command()
def dead(
    data: Data = DATA,
    cause: Cause = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 50,
    *,
    as_json: Json = False,
) -> None:
    """List jobs that ended dead, with cause and error."""
    wanted = cause_named(cause) if cause else None
    settings = settings_of(data)
    from assay.cli import jobs_table
    from assay.db.repositories.job_records import JobSieve
    from assay.domain.jobs import JobStatus
    from assay.services import dead_letters

    async def ask(runtime: "Runtime") -> "JobPage":
        async with runtime.open_uow(autocommit=True) as uow:
            return await dead_letters.list_jobs(uow, JobSieve(JobStatus.DEAD, wanted), None, limit)

    page = opened(settings, ask)
    if as_json:
        print_json(page)
    else:
        jobs_table.show_page(page, console())


@app.command()
def show(job: Annotated[UUID, typer.Argument(help="Id of the job.")], data: Data = DATA, *, as_json: Json = False) -> None:
    """Show one job with the place where its last error was raised. It holds nobody's words."""
    settings = settings_of(data)
    from assay.cli import jobs_table
    from assay.services import dead_letters

    async def ask(runtime: "Runtime") -> "JobDetail":
        async with runtime.open_uow(autocommit=True) as uow:
            return await dead_letters.get(uow, job)

    detail = opened(settings, ask)
    if as_json:
        print_json(detail)
    else:
        jobs_table.show_job(detail, console())


@app.command()
def resend(
    job: Annotated[UUID | None, typer.Argument(help="Id of a dead job.")] = None,
    data: Data = DATA,
    cause: Cause = None,
    *,
    as_json: Json = False,
) -> None:
    """Send a dead job again, or with --cause all that died of it; exit code 1 when one cannot be. What they write stands beside the old."""
    if (job is None) == (cause is None):
        raise typer.BadParameter("Name one job, or a cause with --cause.")
    if cause is not None:
        cause_named(cause)
    settings = settings_of(data)
    from assay.cli import jobs_table
    from assay.services import dead_letters

    async def ask(runtime: "Runtime") -> "ResentAll":
        if job is None:
            return await dead_letters.resend_every_one(runtime.open_uow, cause_named(cause))
        async with runtime.open_uow() as uow:
            return dead_letters.ResentAll(resent=(await dead_letters.resend(uow, None, job),))

    done = opened(settings, ask)
    if as_json:
        print_json(done)
    else:
        jobs_table.show_resent(done, console())
    raise typer.Exit(1 if done.refused else 0)
