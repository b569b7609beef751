"""The verbs. Each reads its options, imports what it needs, and makes one call."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.console import Console

if TYPE_CHECKING:
    from assay.embedded.progress import Progress
    from assay.settings import Settings

_HELP = "Assessments that prove their scores and recommend micro-credentials with their sources."

app = typer.Typer(name="assay", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=_HELP)

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port on the loopback interface.")]
Data = Annotated[Path, typer.Option(help="Folder for the database, the keys and the logs.")]
Seeds = Annotated[Path | None, typer.Option(help="Folder with tracks, questions and credentials.")]

_DATA = Path(".assay")


def _console() -> Console:
    return Console(highlight=False)


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
def serve(host: str = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the API and the pages."""
    import uvicorn

    from assay.asgi import create_app
    from assay.kit import heap
    from assay.observability.logging import configure_logging
    from assay.settings import Settings

    settings = Settings()
    configure_logging(settings.log_format, settings.log_level)
    app = create_app(settings)
    heap.settle()
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.shutdown_grace_seconds),
    )


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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
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
        print(found.model_dump_json(indent=2))  # noqa: T201 - for a program, not a person
    else:
        replay_table.show(found, _console())
    raise typer.Exit(0 if found.same else 1)


@app.command(name="settings")
def list_settings(data: Data = _DATA) -> None:
    """List every setting with its value and where the value comes from; secrets are masked."""
    from assay.cli.settings_table import settings_table

    before = dict(os.environ)
    _console().print(settings_table(_settings(data), before, dict(os.environ)))


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


def _settings(data: Path) -> "Settings":
    """The settings of this environment, completed by the runtime that `up` keeps in `data`, if it runs."""
    from assay.embedded import environment
    from assay.observability.logging import configure_logging
    from assay.settings import Settings

    configure_logging("console", "WARNING")
    os.environ.update(environment.of_running(os.environ, data))
    return Settings()


def _progress(data: Path) -> "Progress":
    from assay.embedded.progress import Progress

    return Progress(_console(), data)
