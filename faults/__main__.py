"""`python -m faults [NAME …] [--json]`: all scenarios, or those that are named; `storm` alone has a seed and a length of its own."""

import sys
from typing import Annotated, Final

import typer
from rich.console import Console

from benchmarks.report import Report
from faults import suite
from faults.suite import Results

app: Final = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="Faults on purpose, each with what must hold.")
stormy: Final = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON on standard output, and all else on standard error.")]
Names = Annotated[list[str] | None, typer.Argument(help=f"One or several of: {', '.join(suite.SCENARIOS)}.")]


@app.command(epilog="./dev faults storm --help tells of the storm's own options.")
def scenarios(names: Names = None, *, as_json: Json = False) -> None:
    """Break things on purpose, one scenario after another, and count what must never be."""
    if unknown := set(names or ()) - suite.SCENARIOS.keys():
        raise typer.BadParameter(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(suite.SCENARIOS)}")
    _finish(suite.several(_console(), names or list(suite.SCENARIOS)), as_json=as_json)


@stormy.command()
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
    _finish(suite.storm(_console(), suite.plan(minutes, seed, jobs, rate, every)), as_json=as_json)


def _console() -> Console:
    return Console(stderr=True, highlight=False)


def _finish(found: Report | Results, *, as_json: bool) -> None:
    """Print, and exit with 1 when a target is missed."""
    if as_json:
        print(found.as_json())
    else:
        found.show(Console(highlight=False))
    raise typer.Exit(0 if found.met else 1)


def main(words: list[str]) -> None:
    """`storm` as the first word is the long one, with options of its own."""
    if words[:1] == ["storm"]:
        stormy(words[1:], prog_name="./dev faults storm")
    else:
        app(words, prog_name="./dev faults")


if __name__ == "__main__":
    main(sys.argv[1:])
