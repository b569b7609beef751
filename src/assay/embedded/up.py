"""`up`: from nothing to a running product in one call, until Ctrl-C."""

import asyncio
import importlib
import os
import signal
import sys
import webbrowser
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Thread

from rich.console import Console

from assay.embedded import chroma, content, environment, postgres, programs, state, valkey
from assay.embedded.folder import DataFolder, open_folder
from assay.embedded.ports import LOOPBACK, require_free
from assay.embedded.problems import StartProblem, in_plain_words
from assay.embedded.progress import Progress, open_log
from assay.embedded.signals import ended_by, undisturbed
from assay.embedded.state import AlreadyRunning, Record
from assay.embedded.supervisor import Supervisor
from assay.observability.logging import configure_logging
from assay.settings import Environment, Settings

_RELEASE_SECONDS = 5.0


def up(*, port: int, data: Path, browser: bool, console: Console) -> None:
    """Start everything and stay until Ctrl-C or SIGTERM. Raises `StartProblem`."""
    folder = opened(data)
    try:
        with state.held(folder):
            state.end_left_over(folder)
            require_free(port)
            _run(folder, port, browser=browser, console=console)
    except AlreadyRunning as other:
        say_running(console, other.record)


def opened(data: Path) -> DataFolder:
    """The data folder, ready for use. Raises `StartProblem`."""
    try:
        return open_folder(data)
    except OSError as error:
        raise in_plain_words("Opening the data folder", error, data) from error


def say_running(console: Console, record: Record | None) -> None:
    """Where the one that runs already answers. Raises `StartProblem` while it is still starting."""
    if record is None:
        raise StartProblem("Assay is starting in this data folder already. Give it a moment.")
    console.print("Assay is running in this data folder already; ./dev down ends it.")
    _say_ready(console, record.url)


def _say_ready(console: Console, url: str) -> None:
    console.print(f"ready {url}", style="bold", highlight=False, soft_wrap=True)


def _run(folder: DataFolder, port: int, *, browser: bool, console: Console) -> None:
    url = f"http://{LOOPBACK}:{port}"
    with open_log(folder.logs / "supervisor.log") as log:
        progress = Progress(console, folder.root, log)
        with progress.step("Settings"):
            os.environ.update(environment.compose(os.environ, folder, url))
            settings = Settings()
            configure_logging("console", settings.log_level, log)
        supervisor = Supervisor(on_death=partial(_mourn, console, settings), on_change=partial(_note, folder, url))
        try:
            with ended_by(signal.SIGTERM, signal.SIGHUP) as told:
                _start(supervisor, folder, settings, port, progress)
                _welcome(console, settings, url, browser=browser)
                # What a worker's death will need takes seconds to import.
                Thread(target=importlib.import_module, args=("assay.worker.sweeper",), daemon=True).start()
                supervisor.watch(told.is_set)
        except KeyboardInterrupt:
            console.print("Stopping …")
        finally:
            with undisturbed():
                supervisor.stop()
    console.print(f"Everything is stopped. Your data stays in {folder.root}.", highlight=False, soft_wrap=True)


def _start(supervisor: Supervisor, folder: DataFolder, settings: Settings, port: int, progress: Progress) -> None:
    """Start all, each layer once the one below it serves. Servers that the user has brought are left alone."""
    cluster, store = environment.cluster(folder), environment.store(folder)
    own_database = settings.database_url.get_secret_value() == cluster.url()
    if own_database:
        with progress.step("Postgres"):
            if not cluster.data.exists():
                folder.content.unlink(missing_ok=True)
            postgres.prepare(cluster)
            supervisor.launch(postgres.program(cluster, folder.logs / "postgres.log"))
            supervisor.wait_until_ready()
            postgres.ensure_database(cluster)
    if settings.redis_url.get_secret_value() == store.url():
        with progress.step("Valkey"):
            valkey.prepare(store)
            supervisor.launch(valkey.program(store, folder.logs / "valkey.log"))
            supervisor.wait_until_ready()
    if settings.vector_store == "chroma" and (own_port := chroma.own_port(settings.chroma_url)):
        with progress.step("Chroma"):
            supervisor.launch(chroma.program(folder.root / "chroma", own_port, folder.logs / "chroma.log"))
            supervisor.wait_until_ready()
    _fill(folder if own_database else None, settings, progress)
    with progress.step("API, worker, sweeper"):
        supervisor.launch(*programs.services(os.environ, port, folder.logs))
        supervisor.wait_until_ready()


def _fill(own: DataFolder | None, settings: Settings, progress: Progress) -> None:
    """Fill the database. Our own is left as it is when it was filled from the same sources before: looking alone takes seconds."""
    source = content.fingerprint(settings, content.seeds_folder())
    if own and own.content.exists() and own.content.read_text() == source:
        return
    content.migrate(settings, progress)
    asyncio.run(content.fill(settings, progress))
    if own:
        own.content.write_text(source)


def _welcome(console: Console, settings: Settings, url: str, *, browser: bool) -> None:
    if settings.environment is Environment.EMBEDDED:
        console.print(f"\nDemo accounts, password [bold]{content.DEMO_PASSWORD}[/]:", highlight=False)
        for who, address in content.DEMO_ACCOUNTS.items():
            console.print(f"  {address:<26}[dim]{who}[/]", highlight=False)
    grader = settings.openai_model if settings.uses_openai else "the built-in evaluator (no OPENAI_API_KEY is set)"
    console.print(f"Essays are graded by {grader}. Ctrl-C stops everything.\n", highlight=False, soft_wrap=True)
    _say_ready(console, url)
    if browser and _has_a_screen():
        webbrowser.open(url)


def _has_a_screen() -> bool:
    """Whether a browser could show up; without one, `webbrowser` might start a text browser in this terminal."""
    screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(screen) and sys.stdout.isatty()


def _note(folder: DataFolder, url: str, pids: Mapping[str, int]) -> None:
    children = {name: (pid, state.start_time(pid)) for name, pid in pids.items()}
    state.write(folder, Record(url=url, pid=os.getpid(), children=children))


def _mourn(console: Console, settings: Settings, name: str, pid: int, how: str) -> None:
    """Say that a process has died, and free what a worker had in hand, so that nobody waits for its leases to run out."""
    console.print(f"[yellow]{name} (process {pid}) ended with {how}; it is started again.[/]", highlight=False)
    if name != programs.WORKER:
        return
    from assay.worker import sweeper

    try:
        freed = asyncio.run(asyncio.wait_for(sweeper.release(settings, pid), _RELEASE_SECONDS))
    except Exception as error:  # noqa: BLE001 - the leases run out by themselves; the supervisor must live on
        why = f"({type(error).__name__}); they run out in {settings.lease_seconds:.0f} s."
        console.print(f"[yellow]Its leases could not be freed {why}[/]", highlight=False)
    else:
        console.print(f"[yellow]Jobs taken back from it: {freed}[/]", highlight=False)
