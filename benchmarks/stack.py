"""The product for one measurement: real servers and real processes on loopback, in a temporary folder, all ended with the block."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

from rich.console import Console

from assay.embedded import content, environment, postgres, programs, valkey
from assay.embedded.folder import DataFolder, open_folder
from assay.embedded.ports import LOOPBACK, pick_free
from assay.embedded.processes import Program, Running, start, stop, wait_until_ready
from assay.embedded.progress import Progress
from assay.settings import Settings

_FOREIGN: Final = ("ASSAY_", "DATABASE_URL", "REDIS_URL", "OPENAI_")
"""Variables that could lead a measurement to somebody's real database or a paid model."""
PROJECT: Final = Path(__file__).parents[1]


@dataclass
class Stack:
    """What runs. `environment` is that of every process of the product, `settings` the same as this process reads it."""

    folder: DataFolder
    environment: dict[str, str]
    port: int
    model_port: int
    console: Console
    running: list[Running] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the API answers."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def model_url(self) -> str:
        """Where the scripted model answers."""
        return f"http://{LOOPBACK}:{self.model_port}"

    @property
    def settings(self) -> Settings:
        """The settings of `environment`."""
        os.environ.update(self.environment)
        return Settings()

    @property
    def database_url(self) -> str:
        """Postgres, as asyncpg reads it."""
        return self.environment["ASSAY_DATABASE_URL"]

    def launch(self, *launched: Program) -> list[Running]:
        """Start programs together and wait until all are ready. Raises `StartProblem`."""
        begun = [start(program) for program in launched]
        self.running.extend(begun)
        for each in begun:
            wait_until_ready(each)
        return begun

    def product(self, *names: str, log: str = "") -> list[Running]:
        """Start the named processes of the product (`programs.API`, …), each ready to work; `log` sets log files apart."""
        folder = self.folder.logs / log if log else self.folder.logs
        known = {program.name: really_ready(program) for program in programs.services(self.environment, self.port, folder)}
        return self.launch(*(known[name] for name in names))

    def model(self, latency: str) -> Running:
        """Start the scripted provider, which answers after `latency` and keeps what it was asked."""
        words = ("-m", "benchmarks.model", str(self.model_port), latency)
        program = Program(
            name="scripted model",
            argv=(sys.executable, *words),
            log=self.folder.logs / "model.log",
            ready=lambda _pid: _listens(self.model_port),
            environment=self.environment,
            folder=PROJECT,
        )
        return self.launch(program)[0]


@contextmanager
def bare_stack(console: Console, *, durable: bool, changes: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Postgres and Valkey with schema, seeds and index; the caller launches the rest. `durable` as the laptop runtime runs it."""
    with _temporary(console, changes or {}) as stack:
        _servers(stack, durable=durable)
        progress = Progress(console, stack.folder.root)
        settings = stack.settings
        content.migrate(settings, progress)
        asyncio.run(content.fill(settings, progress))
        yield stack


@contextmanager
def supervised_stack(console: Console, changes: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """`assay up` itself: its own servers, its own supervisor. The caller launches nothing but the model."""
    with _temporary(console, changes or {}) as stack:
        program = Program(
            name="assay up",
            argv=(sys.executable, "-m", "assay", "up", "--port", str(stack.port), "--data", str(stack.folder.root), "--no-browser"),
            log=stack.folder.logs / "up.log",
            ready=lambda _pid: programs.answers(stack.port) and b"worker_ready" in _read(stack.folder.logs / "worker.log"),
            environment=stack.environment,
            start_seconds=180,
            grace_seconds=40,
        )
        with console.status("assay up …"):
            stack.launch(program)
        stack.environment = environment.compose(stack.environment, stack.folder, stack.url)
        yield stack


@contextmanager
def _temporary(console: Console, changes: Mapping[str, str]) -> Iterator[Stack]:
    for name in [name for name in os.environ if name.startswith(_FOREIGN)]:
        del os.environ[name]
    folder = open_folder(Path(tempfile.mkdtemp(prefix="assay-bench-")))
    port, model_port = pick_free(), pick_free()
    model = {"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": f"http://{LOOPBACK}:{model_port}/v1"}
    counted = {"ASSAY_RATE_LIMIT_SCALE": "1000"}  # every request is counted as ever, and none refused: few people ask for many
    stack = Stack(folder, {**os.environ, **model, **counted, **changes}, port, model_port, console)
    with _ended_by(signal.SIGTERM, signal.SIGHUP):
        try:
            yield stack
        finally:
            with _undisturbed():
                for each in reversed(stack.running):
                    stop([each])
                shutil.rmtree(folder.sockets, ignore_errors=True)
                shutil.rmtree(folder.root, ignore_errors=True)


def _servers(stack: Stack, *, durable: bool) -> None:
    folder = stack.folder
    # the keys first: they are refused for a cluster that is there already
    stack.environment = environment.compose(stack.environment, folder, stack.url)
    cluster, store = environment.cluster(folder), environment.store(folder)
    valkey.prepare(store)
    postgres.prepare(cluster, durable=durable)
    settings = postgres.LAPTOP if durable else postgres.THROWAWAY
    stack.launch(
        postgres.program(cluster, folder.logs / "postgres.log", settings),
        valkey.program(store, folder.logs / "valkey.log"),
    )
    postgres.ensure_database(cluster)


def really_ready(program: Program) -> Program:
    """`program`, ready once it can work: worker and sweeper say so in their log, however often they are started."""
    if program.name == programs.API:
        return program
    before = program.log.stat().st_size if program.log.exists() else 0
    return replace(program, ready=partial(_says_ready, program.log, before))


def _says_ready(log: Path, since: int, _pid: int) -> bool:
    said = _read(log, since)
    return b"worker_ready" in said or b"sweeper_ready" in said


def _read(path: Path, since: int = 0) -> bytes:
    """What a file has from this byte on: logs of a long run are not read from their beginning each time."""
    try:
        with path.open("rb") as file:
            file.seek(since)
            return file.read()
    except FileNotFoundError:
        return b""


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


@contextmanager
def _ended_by(*signals: signal.Signals) -> Iterator[None]:
    """Let these signals end the block as Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Finish the block whatever signal comes: stopping is bounded in time by itself."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
