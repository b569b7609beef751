"""`python -m evals NAME [--json] [--half dev|test]`: the evaluations; each exits with 1 when a target is missed, 2 on wrong data."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from evals import grading as grading_run
from evals import retrieval as retrieval_run
from evals import safety as safety_run
from evals import stores as stores_run
from evals.essays import DataError, Half
from evals.report import Report
from evals.retrieval import Files
from evals.statistics import SEED

app: Final = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="What the judgements are worth.")

MIN_WIDTH: Final = 118
"""Columns that the tables need."""

Json = Annotated[bool, typer.Option("--json", help="Print the report as JSON on standard output, and all else on standard error.")]
HalfOption = Annotated[Half, typer.Option(help="Whoever tunes looks at dev only; the figures of test are the ones to quote.")]


def _progress() -> Console:
    return Console(stderr=True, highlight=False)


def _finish(report: Report, *, as_json: bool) -> None:
    """Print, and exit with 1 when a target is missed."""
    if as_json:
        typer.echo(report.as_json())
    else:
        console = Console(highlight=False)
        report.show(Console(highlight=False, width=max(MIN_WIDTH, console.width)))
    raise typer.Exit(0 if report.met else 1)


@app.command()
def grading(
    half: HalfOption = Half.TEST,
    data: Annotated[Path | None, typer.Option(help="Another set, as JSON Lines: all of it is used. See evals/grading/README.md.")] = None,
    drawn: Annotated[Path | None, typer.Option("--picture", help="Write the matrices and the twins' moves to this file, as SVG.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Agreement of the built-in grader with levels people gave, and what misleads it."""
    try:
        report = grading_run.run(_progress(), half=half, data=data, drawn=drawn)
    except (DataError, OSError) as problem:
        typer.echo(f"grading: {problem}", err=True)
        raise typer.Exit(2) from problem
    _finish(report, as_json=as_json)


@app.command()
def retrieval(
    half: HalfOption = Half.TEST,
    catalog: Annotated[Path | None, typer.Option(help="Another catalog, with --queries and --qrels: see evals/retrieval/.")] = None,
    queries: Annotated[Path | None, typer.Option(help="Its queries, as JSON Lines.")] = None,
    qrels: Annotated[Path | None, typer.Option(help="Its judgments, as JSON Lines.")] = None,
    relevant: Annotated[int | None, typer.Option(help="Lowest grade that counts as relevant.", min=1)] = None,
    draws: Annotated[int, typer.Option(help="Assessments of each student of our own set.", min=1)] = retrieval_run.DRAWS,
    *,
    bare: Annotated[bool, typer.Option("--bare", help="Our own catalog by titles and descriptions alone.")] = False,
    as_json: Json = False,
) -> None:
    """Precision of the recommended credentials, beside simpler recommenders, and what each part of the method adds."""
    try:
        files = _files(catalog, queries, qrels)
        report = retrieval_run.run(_progress(), half=half, files=files, bare=bare, relevant=relevant, draws=draws)
    except DataError as problem:
        typer.echo(f"retrieval: {problem}", err=True)
        raise typer.Exit(2) from problem
    _finish(report, as_json=as_json)


def _files(catalog: Path | None, queries: Path | None, qrels: Path | None) -> Files | None:
    """All three or none. Raises `DataError`."""
    if catalog and queries and qrels:
        return Files(catalog, queries, qrels)
    if catalog or queries or qrels:
        raise DataError("--catalog, --queries and --qrels belong together")
    return None


@app.command()
def stores(*, as_json: Json = False) -> None:
    """What is found in Chroma beside what is found in pgvector, for the students of the golden set."""
    _finish(stores_run.run(_progress()), as_json=as_json)


@app.command()
def safety(
    half: HalfOption = Half.TEST,
    seed: Annotated[int, typer.Option(help="Of the draw of bases.")] = SEED,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every span in every base, instead of one base of each quality.")] = False,
    as_json: Json = False,
) -> None:
    """Twin scoring of essays with and without an attack, and what the pre-checks notice."""
    try:
        report = safety_run.run(_progress(), half=half, seed=seed, everything=everything)
    except DataError as problem:
        typer.echo(f"safety: {problem}", err=True)
        raise typer.Exit(2) from problem
    _finish(report, as_json=as_json)


if __name__ == "__main__":
    app(prog_name="./dev eval")
