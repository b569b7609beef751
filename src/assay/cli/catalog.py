"""`assay catalog`: a file into the catalog, the catalog into a file, and what is amiss in it."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from assay.cli.options import DATA, Data, Json, console, print_json, settings_of

app = typer.Typer(no_args_is_help=True, help="The catalog as a file: import, export, and what is amiss.")

Kind = Literal["csv", "jsonl", "ctdl"]
Status = Literal["draft", "published", "retired"]
OnBadRow = Literal["abort", "skip"]
Format = Annotated[Kind | None, typer.Option("--format", help="Of the file, where its name does not say.")]


@app.command(name="import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, JSON Lines or CTDL JSON-LD.")],
    data: Data = DATA,
    kind: Format = None,
    status: Annotated[Status, typer.Option(help="Of new credentials whose row does not say.")] = "draft",
    on_error: Annotated[OnBadRow, typer.Option(help="What a bad row brings about: nothing is imported, or all but that row.")] = "abort",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")] = False,
    add_skills: Annotated[bool, typer.Option("--add-skills", help="Add skills that the vocabulary lacks.")] = False,
    as_json: Json = False,
) -> None:
    """Bring a file into the catalog, all of it at once; exit code 1 when rows were refused."""
    from assay.cli import catalog_runs, catalog_table
    from assay.domain.imports import ImportOptions

    told = {"dry_run": dry_run, "on_error": on_error, "status": status, "add_skills": add_skills}
    options = ImportOptions.model_validate(told)
    done = catalog_runs.import_file(settings_of(data), file, catalog_runs.kind_of(file, kind), options)
    if as_json:
        print_json(done)
    else:
        catalog_table.show_import(done, console())
    raise typer.Exit(0 if done.result.status == "done" and not done.result.counts.refused else 1)


@app.command(name="export")
def export_file(
    data: Data = DATA,
    kind: Annotated[Kind, typer.Option("--format", help="What to write.")] = "csv",
    output: Annotated[Path | None, typer.Option(help="File to write; standard output without it.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only credentials of this status.")] = None,
) -> None:
    """Write the catalog to a file that imports as it was."""
    from assay.cli import catalog_runs

    settings = settings_of(data)
    if output is None:
        catalog_runs.export_file(settings, sys.stdout.buffer, kind, status)
        return
    part = output.with_name(f"{output.name}.part")  # so that no half file is ever taken for a whole one
    with part.open("wb") as file:
        catalog_runs.export_file(settings, file, kind, status)
    part.replace(output)


@app.command(name="report")
def report(
    data: Data = DATA,
    *,
    check_links: Annotated[bool, typer.Option("--check-links", help="Ask every homepage whether it is there; public HTTPS alone.")] = False,
    as_json: Json = False,
) -> None:
    """Tell what is amiss: credentials told twice or nearly so, links that lead nowhere, prerequisites there are not; if so, exit code 1."""
    from assay.cli import catalog_runs, catalog_table

    found = catalog_runs.report(settings_of(data), check_links=check_links)
    if as_json:
        print_json(found)
    else:
        catalog_table.show_report(found, console())
    raise typer.Exit(0 if found.clean else 1)
