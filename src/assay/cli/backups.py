"""`assay backup` and `assay restore`: the whole database as a file, and back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.opened import REFUSED, opened
from assay.cli.options import DATA, Data, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from rich.status import Status

    from assay.db.archives import Archive
    from assay.domain.backups import Manifest
    from assay.runtime import Runtime
    from assay.services.backups import Restored
    from assay.services.erasing_again import ErasedAgain

ErasedFile = Annotated[
    Path | None,
    typer.Option(
        "--erased",
        help="Who was erased since, to be erased again: `assay audit export --action person:erase`, or the service's log. A hyphen reads"
        " standard input.",
        allow_dash=True,
        exists=True,
        dir_okay=False,
    ),
]


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; FILE.json is written beside it.", dir_okay=False)],
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Write the whole database to a file, while everybody goes on working. The keys are not in it: keep them somewhere else."""
    settings = settings_of(data)
    from assay.services import backups

    if not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"There is no folder {file.absolute().parent}.")

    async def write(runtime: "Runtime") -> backups.BackedUp:
        return await backups.back_up(_archive(runtime), runtime.open_uow, runtime.clock, file)

    with under_way("Backing up"):
        done = opened(settings, write)
    if as_json:
        print_json(done)
        return
    manifest = done.manifest
    console().print(
        f"{file}: {manifest.bytes:,} bytes, {manifest.rows:,} rows in {len(manifest.tables)} tables, schema {manifest.revision}",
        f"needs the keys {_names(manifest)} to be read; they are not in it",
        sep="\n",
        soft_wrap=True,
    )


def restore(
    file: Annotated[Path, typer.Argument(help="As `backup` wrote it, with FILE.json beside it.")],
    data: Data = DATA,
    erased: ErasedFile = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="See whether it could be restored here; write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Fill an empty database from a backup, see that all has arrived, and check it; exit code 1 when it is refused or something is amiss.

    Everybody has to sign in again. Afterwards run `assay migrate` and `assay reindex`.
    """
    settings = settings_of(data)
    from assay.domain.backups import erased_people
    from assay.services import backups

    async def look(runtime: "Runtime") -> "Manifest":
        return await backups.require_restorable(_archive(runtime), file)

    async def fill(runtime: "Runtime") -> "Restored":
        people = erased_people(lines_of(erased)) if erased else None
        return await backups.restore(_archive(runtime), runtime.open_uow, file, people)

    if dry_run:
        manifest = opened(settings, look)
        if as_json:
            print_json(manifest)
        else:
            console().print(f"{file} is whole, its keys are here, and it could be restored into this database.", soft_wrap=True)
        return
    with under_way("Restoring"):
        done = opened(settings, fill)
    if as_json:
        print_json(done)
    else:
        _tell(done)
    raise typer.Exit(0 if done.complete else REFUSED)


def under_way(what: str) -> "Status":
    """Tells on standard error that something is under way."""
    from rich.console import Console

    return Console(stderr=True).status(f"{what} …")


def show_again(done: "ErasedAgain") -> None:
    """Who was erased again, and who could not be."""
    console().print(
        f"erased again: {len(done.erased)}; erased already: {done.already}; came later: {done.unknown}; refused: {len(done.refused)}"
    )
    for each in done.refused:
        console().print(f"  {each.person_id}: {each.why}", soft_wrap=True)


def _tell(done: "Restored") -> None:
    manifest = done.manifest
    console().print(f"{manifest.rows:,} rows in {len(manifest.tables)} tables, as they were at {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC")
    if done.erased is None:
        console().print("Nobody was erased again: without --erased, people who were erased since are back.", soft_wrap=True)
    else:
        show_again(done.erased)
    for each in done.broken:
        console().print(f"broken: {each}", soft_wrap=True)
    if manifest.revision != done.revision:
        console().print(f"Its schema is {manifest.revision}, this version's {done.revision}: run `assay migrate`.", soft_wrap=True)
    console().print("restored" if done.complete else "restored, but not all is well", soft_wrap=True)


def _names(manifest: "Manifest") -> str:
    named = [repr(each.key_id) for each in manifest.keys if each.key_id]
    return " and ".join([*named, "ASSAY_BLIND_INDEX_KEY"])


def lines_of(file: Path) -> list[str]:
    """Of a file, or of standard input for a hyphen."""
    return (sys.stdin.read() if str(file) == "-" else file.read_text()).splitlines()


def _archive(runtime: "Runtime") -> "Archive":
    from assay.db.archives import Archive
    from assay.embedded import postgres
    from assay.embedded.problems import StartProblem

    try:
        places = [postgres.binaries()]
    except StartProblem:
        places = []  # no wheel: the programs of the system have to do
    return Archive(runtime.engine, runtime.settings.async_database_url, places)
