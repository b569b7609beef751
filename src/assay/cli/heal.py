"""`assay heal`: what is degraded and why, and having it made again."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from assay.cli.opened import opened
from assay.cli.options import DATA, Data, Json, cause_named, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.runtime import Runtime
    from assay.services.healing import HealedByHand, Waiting

app = typer.Typer(no_args_is_help=True, help="Look at degraded results, and have them made again.")


@app.command(name="list")
def list_degraded(data: Data = DATA, *, as_json: Json = False) -> None:
    """Count degraded stages by cause, and tell which are made again by themselves once the provider is back."""
    settings = settings_of(data)
    from assay.cli import heal_table
    from assay.services import healing

    async def ask(runtime: "Runtime") -> "Waiting":
        async with runtime.open_uow(autocommit=True) as uow:
            return await healing.degraded(uow)

    waiting = opened(settings, ask)
    if as_json:
        print_json(waiting)
    else:
        heal_table.show_waiting(waiting, console())


@app.command()
def run(
    data: Data = DATA,
    cause: Annotated[str | None, typer.Option(help="Results degraded for this cause, say internal_error once it is mended.")] = None,
    assessment: Annotated[UUID | None, typer.Option(help="The result of this assessment.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Have degraded results made again, a hundred at most; only a better one replaces what stands. Exit code 1 when there is none."""
    if (cause is None) == (assessment is None):
        raise typer.BadParameter("Name a cause with --cause, or one result with --assessment.")
    wanted = cause_named(cause) if cause else None
    settings = settings_of(data)
    from assay.cli import heal_table
    from assay.services import healing

    async def ask(runtime: "Runtime") -> "HealedByHand":
        async with runtime.open_uow() as uow:
            return await healing.send_by_hand(uow, cause=wanted, assessment_id=assessment)

    done = opened(settings, ask)
    if as_json:
        print_json(done)
    else:
        heal_table.show_sent(done, console())
    raise typer.Exit(0 if done.assessments else 1)
