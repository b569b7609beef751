"""`python -m benchmarks NAME [--json]`: the measurements by name."""

from typing import Annotated, Final

import typer
from rich.console import Console

from benchmarks.report import Report

app: Final = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Repeatable measurements.")

Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON on standard output, and all else on standard error.")]
Repeats = Annotated[int, typer.Option(min=1, help="Rounds; figures are their medians.")]
Durable = Annotated[bool, typer.Option(help="Postgres as the laptop runtime runs it, or without fsync for machines with a slow disk.")]


def _console() -> Console:
    return Console(stderr=True, highlight=False)


def _finish(report: Report, *, as_json: bool) -> None:
    """Print, and exit with 1 when a target is missed."""
    if as_json:
        print(report.as_json())
    else:
        report.show(Console(highlight=False))
    raise typer.Exit(0 if report.met else 1)


@app.command()
def turnaround(
    students: Annotated[int, typer.Option(min=1)] = 100,
    latency: Annotated[str, typer.Option(help="Of a model call: 3, uniform:2,4 or lognormal:3,0.4 (seconds).")] = "uniform:2,4",
    repeats: Repeats = 3,
    *,
    durable: Durable = True,
    as_json: Json = False,
) -> None:
    """Submit to result when everybody submits at once, beside the model's own critical path."""
    from benchmarks import turnaround as measurement

    _finish(measurement.run(_console(), students=students, latency=latency, repeats=repeats, durable=durable), as_json=as_json)


@app.command()
def start(
    clients: Annotated[int, typer.Option(min=1)] = 100,
    requests: Annotated[int, typer.Option(min=100, help="Per round.")] = 1_500,
    repeats: Repeats = 5,
    *,
    durable: Durable = True,
    as_json: Json = False,
) -> None:
    """POST /assessments/start with a hundred clients, beside a bare reply and the raw SQL."""
    from benchmarks import start as measurement

    _finish(measurement.run(_console(), clients=clients, requests=requests, repeats=repeats, durable=durable), as_json=as_json)


@app.command()
def recovery(repeats: Repeats = 3, *, durable: Durable = True, as_json: Json = False) -> None:
    """Kill -9 of the worker in the middle of its model calls: how soon somebody else goes on."""
    from benchmarks import recovery as measurement

    _finish(measurement.run(_console(), repeats=repeats, durable=durable), as_json=as_json)


@app.command()
def outage(
    students: Annotated[int, typer.Option(min=1)] = 100,
    per_second: Annotated[float, typer.Option(min=0, help="Submissions that come each second; 0 for all at once.")] = 4.0,
    *,
    durable: Durable = True,
    as_json: Json = False,
) -> None:
    """A provider that is dead from the start: results without it, and how soon all are healed once it is back."""
    from benchmarks import outage as measurement

    _finish(measurement.run(_console(), students=students, per_second=per_second, durable=durable), as_json=as_json)


@app.command()
def retrieval(
    size: Annotated[list[int] | None, typer.Option(min=100, help="Credentials in the catalog; may be given several times.")] = None,
    queries: Annotated[int, typer.Option(min=10, help="Learners asked for at each size.")] = 100,
    *,
    durable: Durable = False,
    as_json: Json = False,
) -> None:
    """Search for one learner in generated catalogs of 2,000 and 20,000 credentials (`--size 100000` for more), exact and by HNSW."""
    from benchmarks import retrieval as measurement

    _finish(measurement.run(_console(), sizes=size or [2_000, 20_000], queries=queries, durable=durable), as_json=as_json)


@app.command()
def pages(
    readers: Annotated[int, typer.Option(min=1)] = 50,
    requests: Annotated[int, typer.Option(min=100, help="Pages per round.")] = 500,
    pause: Annotated[float, typer.Option(min=0, help="Seconds on average between two pages of a reader.")] = 5.0,
    repeats: Repeats = 3,
    *,
    durable: Durable = True,
    as_json: Json = False,
) -> None:
    """The result page: bytes of a first visit, requests to elsewhere, and the server's time while fifty people read."""
    from benchmarks import pages as measurement

    _finish(measurement.run(_console(), readers=readers, requests=requests, pause=pause, repeats=repeats, durable=durable), as_json=as_json)


@app.command(name="import")
def import_catalog(
    rows: Annotated[int, typer.Option(min=1_000, help="Of the generated file.")] = 20_000,
    *,
    durable: Durable = True,
    as_json: Json = False,
) -> None:
    """A catalog file of 20,000 rows (`--rows 100000` for more) into the database: rate, memory, bad rows told, none lost."""
    from benchmarks import catalog_import as measurement

    _finish(measurement.run(_console(), rows=rows, durable=durable), as_json=as_json)


if __name__ == "__main__":
    app(prog_name="./dev bench")
