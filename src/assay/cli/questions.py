"""`assay questions`: the bank out as a QTI package, packages in, and how questions have worked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from assay.cli.opened import opened
from assay.cli.options import DATA, Data, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.runtime import Runtime
    from assay.services.item_statistics import StatisticsList
    from assay.services.question_interchange import Exported, ImportReport

app = typer.Typer(no_args_is_help=True, help="The question bank: out to other systems and in from them, and how its questions work.")

Track = Annotated[str | None, typer.Option(help="Slug of a track: its questions alone.")]


@app.command(name="export")
def export_bank(
    file: Annotated[Path, typer.Argument(help="The package to be written.", dir_okay=False)],
    data: Data = DATA,
    track: Track = None,
    *,
    as_json: Json = False,
) -> None:
    """Write the bank as a QTI 3 package, and say what other systems will not get of it. The package holds the right answers."""
    settings = settings_of(data)
    from assay.cli import questions_table
    from assay.services import question_interchange

    async def ask(runtime: "Runtime") -> "Exported":
        return await question_interchange.export(runtime.open_uow, await _track_id(runtime, track))

    exported = opened(settings, ask)
    file.write_bytes(exported.package)
    if as_json:
        print_json(exported.report)
    else:
        questions_table.show_export(exported.report, file, console())


@app.command(name="import")
def import_package(
    file: Annotated[Path, typer.Argument(help="A QTI package, version 3.0, 2.2 or 2.1.", exists=True, dir_okay=False)],
    data: Data = DATA,
    on_error: Annotated[str, typer.Option(help="What refused items do to the others: abort or skip.")] = "abort",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, and write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Take in a QTI package; what is new or changed stays inactive. Exit code 1 when an item is refused."""
    settings = settings_of(data)
    from assay.cli import questions_table
    from assay.domain.errors import Invalid
    from assay.services import question_interchange
    from assay.services.question_interchange import ImportReport, OnError

    if on_error not in set(OnError):
        raise typer.BadParameter(f"There is no such way. There are: {', '.join(OnError)}.")

    async def ask(runtime: "Runtime") -> "ImportReport":
        items = await question_interchange.unpack(file.read_bytes())
        try:
            async with runtime.open_uow() as uow:
                return await question_interchange.take_in(uow, None, items, on_error=OnError(on_error), dry_run=dry_run)
        except Invalid as refused:
            if refused.error_code != question_interchange.REFUSED:
                raise
            return ImportReport.model_validate(refused.facts["report"])

    report = opened(settings, ask)
    if as_json:
        print_json(report)
    else:
        questions_table.show_import(report, console(), written=not (dry_run or (report.refused and on_error == OnError.ABORT)))
    raise typer.Exit(1 if report.refused else 0)


@app.command()
def statistics(data: Data = DATA, track: Track = None, *, as_json: Json = False) -> None:
    """Show how questions have worked in finished assessments, what somebody should look at first. Groups under five show no figures."""
    settings = settings_of(data)
    from assay.cli import questions_table
    from assay.services import item_statistics

    async def ask(runtime: "Runtime") -> "StatisticsList":
        return await item_statistics.of_bank(runtime.open_uow, await _track_id(runtime, track))

    found = opened(settings, ask)
    if as_json:
        print_json(found)
    else:
        questions_table.show_statistics(found, console())


async def _track_id(runtime: "Runtime", slug: str | None) -> UUID | None:
    from assay.domain.errors import NotFound

    if slug is None:
        return None
    async with runtime.open_uow(autocommit=True) as uow:
        track = await uow.tracks.by_slug(slug)
    if track is None:
        raise NotFound(f"There is no track called {slug}.")
    return track.id
