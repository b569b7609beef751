"""`assay keys`: what is encrypted under which key, and having it encrypted anew under the first one."""

import sys
from typing import TYPE_CHECKING

import typer

from assay.cli.opened import REFUSED, opened
from assay.cli.options import DATA, Data, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.domain.keys import KeyReport
    from assay.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Keys that personal data is encrypted with: what needs which, and rotation.")


@app.command(name="list")
def list_keys(data: Data = DATA, *, as_json: Json = False) -> None:
    """List keys, and how many values are under each."""
    from assay.cli import keys_table

    report = _report(settings_of(data))
    if as_json:
        print_json(report)
    else:
        keys_table.show_keys(report, console())


@app.command()
def check(data: Data = DATA, *, as_json: Json = False) -> None:
    """Count values by table, key and format; exit code 1 when a key is not configured that something is under."""
    from assay.cli import keys_table

    report = _report(settings_of(data))
    if as_json:
        print_json(report)
    else:
        keys_table.show_counts(report, console())
    raise typer.Exit(0 if report.readable else REFUSED)


@app.command()
def rotate(data: Data = DATA, *, as_json: Json = False) -> None:
    """Encrypt everything anew that is not under the first key or not in the newest format, while everybody goes on working.

    May be broken off, and run again, at any time. Exit code 1 when something is left.
    """
    settings = settings_of(data)
    from assay.cli import keys_table
    from assay.services import key_rotation

    with keys_table.progress_bar() as told:
        done = opened(settings, lambda runtime: key_rotation.rotate(runtime.open_uow, told))
    if as_json:
        print_json(done)
    else:
        keys_table.show_rotation(done, console())
    if not done.report.rotated:
        print("Something is left; run this again, or see `assay keys check`.", file=sys.stderr)  # noqa: T201 - for whoever asked
        raise typer.Exit(REFUSED)


def _report(settings: "Settings") -> "KeyReport":
    from assay.services import key_rotation

    return opened(settings, lambda runtime: key_rotation.check(runtime.open_uow), check_keys=False)
