"""The verbs. Each reads its options, imports what it needs, and makes one call."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.console import Console

from assay.cli import (
    access,
    audit,
    backups,
    catalog,
    cohorts,
    doctor,
    heal,
    hooks,
    jobs,
    keys,
    people,
    questions,
    retention,
    service_accounts,
    tokens,
    tracks,
)
from assay.cli.options import DATA as _DATA
from assay.cli.options import Data, Json
from assay.cli.options import console as _console
from assay.cli.options import print_json as _print_json
from assay.cli.options import settings_of as _settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assay.embedded.progress import Progress
    from assay.kit.model import Value

_HELP = "Assessments that prove their scores and recommend micro-credentials with their sources."

_NOT_STARTED = 3
"""As uvicorn's own command ends when the application does not come up."""

app = typer.Typer(name="assay", no_args_is_help=True, pretty_exceptions_enable=False, help=_HELP)

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port on the loopback interface.")]
Seeds = Annotated[Path | None, typer.Option(help="Folder with tracks, questions and credentials.")]

index = typer.Typer(name="index", no_args_is_help=True, help="The search index: its versions, rebuilds, the switch and the way back.")
app.add_typer(index)
app.add_typer(catalog.app, name="catalog")
app.add_typer(jobs.app, name="jobs")
app.add_typer(questions.app, name="questions")
app.add_typer(tracks.app, name="tracks")
app.add_typer(people.app, name="people")
app.add_typer(tokens.app, name="tokens")
app.add_typer(audit.app, name="audit")
app.add_typer(cohorts.app, name="cohorts")
app.add_typer(retention.app, name="retention")
app.add_typer(heal.app, name="heal")
app.add_typer(keys.app, name="keys")
app.add_typer(hooks.app, name="webhooks")
app.add_typer(service_accounts.app, name="service-accounts")
app.command()(access.access)
app.command()(backups.backup)
app.command()(backups.restore)
app.command()(doctor.doctor)


@app.command()
def up(
    port: Port = 8000,
    data: Data = _DATA,
    *,
    browser: Annotated[bool, typer.Option(help="Open the first page in a browser.")] = True,
    detach: Annotated[bool, typer.Option(help="Return once it is ready; `down` ends it.")] = False,
) -> None:
    """Start everything on this machine: Postgres, Valkey, API, worker, sweeper, with content and demo accounts."""
    if detach:
        from assay.embedded import detached

        detached.up_detached(port=port, data=data, console=_console())
    else:
        from assay.embedded import up as runtime

        runtime.up(port=port, data=data, browser=browser, console=_console())


@app.command()
def down(data: Data = _DATA, *, wipe: Annotated[bool, typer.Option(help="Forget the data too.")] = False) -> None:
    """End what `up` has started in this data folder."""
    from assay.embedded import detached

    detached.down(data=data, wipe=wipe, console=_console())


@app.command()
def demo(
    data: Data = _DATA,
    track: Annotated[str, typer.Option(help="Slug of the track to take.")] = "backend-engineer",
) -> None:
    """Play a student through the HTTP API and print the result. Uses what `up` runs, or starts it for the occasion."""
    from assay.embedded import demo as play

    raise typer.Exit(play.demo(data=data, track=track, console=_console()))


@app.command()
def serve(host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the API and the pages."""
    import uvicorn

    from assay.asgi import create_app
    from assay.edge.serving import LeavingServer, Start
    from assay.kit import heap
    from assay.observability.logging import configure_logging
    from assay.settings import Settings

    settings = Settings()
    configure_logging(settings.log_format, settings.log_level)
    app = create_app(settings)
    heap.settle()
    start = Start(app)
    config = uvicorn.Config(
        start,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application itself knows whom to believe
        timeout_graceful_shutdown=int(settings.shutdown_grace_seconds),
    )
    server = LeavingServer(config, notice_seconds=settings.shutdown_notice_seconds, leaving=lambda: setattr(app.state, "leaving", True))
    try:
        server.run()
    except SystemExit:  # uvicorn's way of saying that the application did not come up
        if start.refused is None:
            raise
        raise start.refused from None
    if not server.started:
        raise typer.Exit(_NOT_STARTED)


@app.command()
def worker(*, wait: Annotated[bool, typer.Option("--wait", help="Begin once a line comes on standard input.")] = False) -> None:
    """Work off essays and recommendations."""
    from assay.settings import Settings
    from assay.worker import main as process

    if wait and not sys.stdin.readline():
        return  # whoever should have said it is gone
    process.run(Settings())


@app.command()
def sweeper() -> None:
    """Take back jobs whose worker is gone, and measure the queue."""
    from assay.settings import Settings
    from assay.worker import sweeper as process

    process.run(Settings())


@app.command()
def migrate(data: Data = _DATA) -> None:
    """Bring the database to the newest schema."""
    settings, progress = _settings(data), _progress(data)
    from assay.embedded import content

    content.migrate(settings, progress)


@app.command()
def seed(data: Data = _DATA, seeds: Seeds = None) -> None:
    """Load tracks, questions and credentials; what is there already stays."""
    settings, progress = _settings(data), _progress(data)
    from assay.embedded import content

    asyncio.run(content.seed(settings, progress, seeds))


@app.command()
def reindex(data: Data = _DATA) -> None:
    """Build the search index for the catalog as it is now, unless it is there."""
    settings, progress = _settings(data), _progress(data)
    from assay.embedded import content

    asyncio.run(content.index(settings, progress))


@app.command()
def replay(
    assessment: Annotated[UUID, typer.Argument(help="Id of the assessment.")],
    data: Data = _DATA,
    *,
    as_json: Json = False,
) -> None:
    """Derive the essay levels of an assessment again from the stored replies; exit code 1 when they differ or a reply is gone."""
    settings = _settings(data)
    from assay.cli import replay_table
    from assay.domain.errors import NotFound
    from assay.runtime import open_runtime
    from assay.services import replay as replaying

    async def derive() -> replaying.Replay:
        async with open_runtime(settings) as runtime:
            return await replaying.replay(runtime.open_uow, runtime.bank, runtime.readers, assessment)

    try:
        found = asyncio.run(derive())
    except NotFound as missing:
        raise typer.BadParameter(missing.detail) from missing
    if as_json:
        _print_json(found)
    else:
        replay_table.show(found, _console())
    raise typer.Exit(0 if found.same else 1)


@app.command()
def check(data: Data = _DATA, *, as_json: Json = False) -> None:
    """Ask a live database whether everything holds that must; exit code 1 when something does not, 2 when it is away."""
    settings = _settings(data)
    from assay.cli import check_table
    from assay.cli.opened import opened
    from assay.services import invariants

    report = opened(settings, lambda runtime: invariants.check(runtime.open_uow))
    if as_json:
        _print_json(report)
    else:
        check_table.show(report, _console())
    raise typer.Exit(0 if report.holds else 1)


@index.command(name="list")
def index_list(data: Data = _DATA, *, as_json: Json = False) -> None:
    """List the versions of the search index, newest first, with the progress of builds."""
    from assay.cli import index_runs, index_table

    versions = index_runs.versions(_settings(data))
    _answer(versions, as_json=as_json, show=lambda: index_table.show_versions(versions, _console()))


@index.command(name="rebuild")
def index_rebuild(
    data: Data = _DATA,
    *,
    afresh: Annotated[bool, typer.Option(help="Embed everything anew, not what has changed alone.")] = False,
    switch: Annotated[bool, typer.Option(help="Search the new version once it is whole, or leave it ready.")] = True,
    as_json: Json = False,
) -> None:
    """Build a new version beside the one that is searched, then switch to it; exit code 1 when it fails."""
    from assay.cli import index_runs, index_table

    built = index_runs.rebuild(_settings(data), Console(stderr=True, highlight=False), afresh=afresh, switch=switch)
    _answer(built, as_json=as_json, show=lambda: index_table.show_one(built, _console()))


@index.command(name="switch")
def index_switch(
    version: Annotated[UUID, typer.Argument(help="Id of a version that is ready or was searched before.")],
    data: Data = _DATA,
    *,
    as_json: Json = False,
) -> None:
    """Search another version from now on; exit code 1 when it cannot be."""
    from assay.cli import index_runs, index_table

    active = index_runs.switch(_settings(data), version)
    _answer(active, as_json=as_json, show=lambda: index_table.show_one(active, _console()))


@index.command(name="rollback")
def index_rollback(data: Data = _DATA, *, as_json: Json = False) -> None:
    """Search the version again that was searched before the present one."""
    from assay.cli import index_runs, index_table

    active = index_runs.switch(_settings(data), None)
    _answer(active, as_json=as_json, show=lambda: index_table.show_one(active, _console()))


@index.command(name="drift")
def index_drift(data: Data = _DATA, *, as_json: Json = False) -> None:
    """Tell which credentials have changed since the index was built; exit code 1 when a rebuild is due."""
    from assay.cli import index_runs, index_table

    found = index_runs.drift(_settings(data))
    _answer(found, as_json=as_json, show=lambda: index_table.show_drift(found, _console()))
    raise typer.Exit(0 if found.current else 1)


@app.command(name="settings")
def list_settings(data: Data = _DATA, *, as_json: Json = False) -> None:
    """List every setting with its value and where the value comes from; secrets are masked."""
    import json

    from assay.cli.settings_table import rows, settings_table

    before = dict(os.environ)
    settings = _settings(data)
    if as_json:
        typer.echo(json.dumps([row._asdict() for row in rows(settings, before, dict(os.environ))], indent=2, ensure_ascii=False))
    else:
        _console().print(settings_table(settings, before, dict(os.environ)))


@app.command(name="scripted-openai")
def scripted_openai(
    port: Port = 9100,
    latency: Annotated[str, typer.Option(help="Seconds before a reply: 0.5, uniform:2,4 or lognormal:3,0.4 (median, sigma).")] = "0",
    fault: Annotated[list[str] | None, typer.Option(help="A rule fault[@rate][/task][*times], for example rate_limit@0.1.")] = None,
    seed: Annotated[int, typer.Option(help="Makes a run repeatable.")] = 0,
    journal: Annotated[Path | None, typer.Option(help="File of JSON lines, one for each request.")] = None,
) -> None:
    """Serve an OpenAI-compatible provider that replies by script, with latency and faults on demand. Loopback only."""
    from assay.ai import scripted

    try:
        provider = scripted.create_scripted_openai(scripted.Control(faults=tuple(fault or ()), latency=latency), seed=seed, journal=journal)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    _console().print(f"ready http://127.0.0.1:{port}/v1", soft_wrap=True)
    scripted.serve(provider, port=port)


def _answer(found: "Value | Sequence[Value]", *, as_json: bool, show: "Callable[[], None]") -> None:
    """Print what was found: as JSON on request, otherwise as `show` does."""
    if not as_json:
        show()
        return
    from pydantic import TypeAdapter

    print(TypeAdapter(type(found)).dump_json(found, indent=2, by_alias=True).decode())  # noqa: T201 - for a program, not a person


def _progress(data: Path) -> "Progress":
    from assay.embedded.progress import Progress

    return Progress(_console(), data)
