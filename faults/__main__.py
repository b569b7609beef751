"""`python -m faults [NAME] [--json]`: the scenarios by name, or all of them."""

from typing import Annotated, Final

import typer
from rich.console import Console

app: Final = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="Faults on purpose, each with what must hold.")

Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON on standard output, and all else on standard error.")]


@app.callback(invoke_without_command=True)
def all_of_them(context: typer.Context) -> None:
    """All of them, when none is named."""


@app.command()
def storm(
    minutes: Annotated[float, typer.Option(min=0.2)] = 4.0,
    seed: Annotated[int | None, typer.Option(help="Decides arrivals and faults; drawn, and printed, when none is given.")] = None,
    jobs: Annotated[int | None, typer.Option(min=10, help="Goes on for so many jobs, two a submission, instead of MINUTES.")] = None,
    rate: Annotated[float, typer.Option(min=0.1, help="Submissions a second.")] = 2.5,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two faults, on average.")] = 3.5,
    *,
    as_json: Json = False,
) -> None:
    """Students submit while everything breaks, in an order decided by SEED."""
    from faults import suite

    suite.finish(suite.storm(Console(stderr=True, highlight=False), minutes, seed, jobs, rate, every), as_json=as_json)


if __name__ == "__main__":
    app(prog_name="./dev faults")
