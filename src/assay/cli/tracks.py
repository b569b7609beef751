"""`assay tracks`: the roles that can be chosen, each as a file that is edited and applied."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assay.cli.opened import opened
from assay.cli.options import DATA, Data, DryRun, Edited, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.runtime import Runtime
    from assay.services.tracks import TrackList

app = typer.Typer(no_args_is_help=True, help="Tracks, the roles that can be chosen: look at them, edit them as files, retire them.")

Slug = Annotated[str, typer.Argument(help="Slug of the track.")]
Status = Annotated[Literal["draft", "active", "retired"] | None, typer.Option(help="Only tracks of this status.")]


@app.command(name="list")
def list_tracks(data: Data = DATA, status: Status = None, *, as_json: Json = False) -> None:
    """List tracks with what each asks."""
    settings = settings_of(data)
    from assay.cli import tracks_table
    from assay.domain.tracks import TrackStatus
    from assay.services import tracks

    async def ask(runtime: "Runtime") -> "TrackList":
        async with runtime.open_uow(autocommit=True) as uow:
            return tracks.TrackList(items=tuple(await tracks.list_tracks(uow, None, TrackStatus(status) if status else None)))

    found = opened(settings, ask)
    if as_json:
        print_json(found)
    else:
        tracks_table.show_list(found, console())


@app.command()
def show(slug: Slug, data: Data = DATA, *, as_json: Json = False) -> None:
    """Print a track as the file that `apply` reads: YAML, or JSON on request."""
    from assay.cli import content_runs

    sys.stdout.write(content_runs.show(settings_of(data), content_runs.TRACKS, slug, as_json=as_json))


@app.command()
def apply(file: Edited, data: Data = DATA, *, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Make the track of a file, or edit it if it is still as the file's etag has seen it. What is left out becomes the default."""
    from assay.cli import content_runs

    done = content_runs.apply(settings_of(data), content_runs.TRACKS, file, dry_run=dry_run)
    if as_json:
        print_json(done)
    else:
        content_runs.tell(content_runs.TRACKS, done, console())


@app.command()
def retire(slug: Slug, data: Data = DATA, *, as_json: Json = False) -> None:
    """Let nobody start a track any more; what is open is finished."""
    from assay.cli import content_runs
    from assay.services import track_edits

    retired = content_runs.edit(settings_of(data), content_runs.TRACKS, slug, track_edits.retire)
    if as_json:
        print_json(retired)
    else:
        console().print(f"track {slug}: {retired.status}", soft_wrap=True)
