"""What verbs share: options, and the settings of the environment they run in."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

if TYPE_CHECKING:
    from pydantic import BaseModel

    from assay.domain.degradation import Cause
    from assay.settings import Settings

Data = Annotated[Path, typer.Option(help="Folder for the database, the keys and the logs.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Edited = Annotated[Path, typer.Argument(help="YAML or JSON, as `show` prints it.", exists=True, dir_okay=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and tell what would change; write nothing.")]

DATA: Final = Path(".assay")


def console() -> Console:
    """Where people read."""
    return Console(highlight=False)


def print_json(value: "BaseModel") -> None:
    """`value` for a program, not a person."""
    print(value.model_dump_json(indent=2))  # noqa: T201 - the console would wrap it


def settings_of(data: Path) -> "Settings":
    """The settings of this environment, completed by the runtime that `up` keeps in `data`, if it runs."""
    from assay.embedded import environment
    from assay.observability.logging import configure_logging
    from assay.settings import Settings

    configure_logging("console", "WARNING")
    os.environ.update(environment.of_running(os.environ, data))
    return Settings()


def cause_named(word: str | None) -> "Cause":
    """The cause of that name. Raises `typer.BadParameter`, which names those there are."""
    from assay.domain.degradation import Cause

    try:
        return Cause(word or "")
    except ValueError as error:
        raise typer.BadParameter(f"There is no such cause. There are: {', '.join(Cause)}.") from error
