"""`assay retention`: remove what is past its time, or see what would be, and what earlier runs did."""

from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.opened import opened
from assay.cli.options import DATA, Data, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.runtime import Runtime
    from assay.services.retention import RunPage, RunRead

app = typer.Typer(no_args_is_help=True, help="What is kept for how long, and what has been removed.")


@app.command()
def run(
    data: Data = DATA,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what is past its time, remove nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Remove what is past its time now, in small portions; the sweeper does it once a day by itself."""
    settings = settings_of(data)
    from assay.services import retention

    done = opened(settings, lambda runtime: retention.run(runtime.open_uow, runtime.vector_store, runtime.retention, dry_run=dry_run))
    if as_json:
        print_json(done)
    else:
        _show(done)


@app.command()
def runs(data: Data = DATA, limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 10, *, as_json: Json = False) -> None:
    """List runs, the newest first."""
    settings = settings_of(data)
    from assay.services import retention

    async def ask(runtime: "Runtime") -> "RunPage":
        async with runtime.open_uow(autocommit=True) as uow:
            return await retention.page(uow, None, limit)

    page = opened(settings, ask)
    if as_json:
        print_json(page)
        return
    for each in page.items:
        _show(each)


def _show(done: "RunRead") -> None:
    how = "dry run" if done.dry_run else "daily run" if done.scheduled else "run"
    ended = f"{done.finished_at:%H:%M:%S}" if done.finished_at else "not ended"
    console().print(f"{done.started_at:%Y-%m-%d %H:%M:%S} to {ended} UTC, {how}", soft_wrap=True)
    for item in done.items:
        held = f", {item.held} under legal hold" if item.held else ""
        more = ", more next time" if item.more else ""
        console().print(f"  {item.kind:<14} kept {item.keeps:<10} {item.removed} {'would go' if done.dry_run else 'removed'}{held}{more}")
