"""`assay questions`: the bank, each question as a file that is edited and applied; QTI packages out and in; how questions have worked."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from assay.cli.opened import UNASKED, opened
from assay.cli.options import DATA, Data, DryRun, Edited, Json, console, print_json, settings_of

if TYPE_CHECKING:
    from assay.runtime import Runtime
    from assay.services.item_statistics import StatisticsList
    from assay.services.question_edits import QuestionPage, QuestionRead
    from assay.services.question_interchange import Exported, ImportReport

app = typer.Typer(no_args_is_help=True, help="The question bank: edit it, try it, out to other systems and in from them, and how it works.")

Track = Annotated[str | None, typer.Option(help="Slug of a track: its questions alone.")]
Type = Annotated[Literal["theoretical", "essay", "profile"] | None, typer.Option("--type", help="Only questions of this type.")]
Slug = Annotated[str, typer.Argument(help="Slug of the question.")]


@app.command(name="list")
def list_questions(data: Data = DATA, track: Track = None, kind: Type = None, *, as_json: Json = False) -> None:
    """List the bank by slug."""
    settings = settings_of(data)
    from assay.cli import question_runs, questions_table
    from assay.db.repositories.questions import BankFilter
    from assay.domain.questions import QuestionType

    async def ask(runtime: "Runtime") -> "QuestionPage":
        wanted = BankFilter(QuestionType(kind) if kind else None, await _track_id(runtime, track))
        return await question_runs.bank(runtime.open_uow, wanted)

    found = opened(settings, ask)
    if as_json:
        print_json(found)
    else:
        questions_table.show_bank(found, console())


@app.command()
def show(slug: Slug, data: Data = DATA, *, as_json: Json = False) -> None:
    """Print a question as the file that `apply` reads: YAML, or JSON on request. It holds the right answer."""
    from assay.cli import content_runs

    sys.stdout.write(content_runs.show(settings_of(data), content_runs.QUESTIONS, slug, as_json=as_json))


@app.command()
def apply(file: Edited, data: Data = DATA, *, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Make the question of a file, or edit it if it is still as the file's etag has seen it. What is left out becomes the default."""
    from assay.cli import content_runs

    done = content_runs.apply(settings_of(data), content_runs.QUESTIONS, file, dry_run=dry_run)
    if as_json:
        print_json(done)
    else:
        content_runs.tell(content_runs.QUESTIONS, done, console())


@app.command()
def activate(slug: Slug, data: Data = DATA, *, as_json: Json = False) -> None:
    """Let a question be asked."""
    from assay.cli import content_runs
    from assay.services import question_edits

    _turned(content_runs.edit(settings_of(data), content_runs.QUESTIONS, slug, question_edits.activate), as_json=as_json)


@app.command()
def deactivate(slug: Slug, data: Data = DATA, *, as_json: Json = False) -> None:
    """Ask a question no more until it is activated; exit code 1 when an active track needs it."""
    from assay.cli import content_runs
    from assay.services import question_edits

    _turned(content_runs.edit(settings_of(data), content_runs.QUESTIONS, slug, question_edits.deactivate), as_json=as_json)


@app.command()
def delete(
    slug: Slug,
    data: Data = DATA,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
    as_json: Json = False,
) -> None:
    """Take a question out of the bank for good, what was assessed with it aside; exit code 1 when an active track needs it."""
    if not yes:
        typer.confirm(f"Delete {slug} from the bank? This cannot be undone.", abort=True)
    from assay.cli import content_runs, question_runs

    deleted = content_runs.edit(settings_of(data), content_runs.QUESTIONS, slug, question_runs.delete)
    if as_json:
        print_json(deleted)
    else:
        console().print(f"question {slug}: deleted", soft_wrap=True)


@app.command(name="try")
def try_question(
    question: Annotated[str, typer.Argument(help="Slug of a question, or a file as `apply` reads it.", metavar="SLUG|FILE")],
    answer: Annotated[str, typer.Option(help="Text, JSON where it is more than one option, or a file of either.", metavar="TEXT|FILE")],
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Try a question with a sample answer: credit, signals, or what graders and the rubric's lint say. Exit code 2 when one is away."""
    settings = settings_of(data)
    from assay.cli import question_runs, questions_table

    tried = opened(settings, lambda runtime: question_runs.tried(runtime, question, answer))
    if as_json:
        print_json(tried)
    else:
        questions_table.show_tried(tried, console())
    raise typer.Exit(UNASKED if any(grader.fault for grader in tried.essay) else 0)


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


def _turned(question: "QuestionRead", *, as_json: bool) -> None:
    if as_json:
        print_json(question)
    else:
        console().print(f"question {question.slug}: {'active' if question.is_active else 'inactive'}", soft_wrap=True)


async def _track_id(runtime: "Runtime", slug: str | None) -> UUID | None:
    from assay.domain.errors import NotFound

    if slug is None:
        return None
    async with runtime.open_uow(autocommit=True) as uow:
        track = await uow.tracks.by_slug(slug)
    if track is None:
        raise NotFound(f"There is no track called {slug}.")
    return track.id
