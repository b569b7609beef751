"""`up` inside this process, with real servers, tiny programs in place of the product's, and nothing to fill in."""

import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from rich.console import Console

from assay.embedded import content, detached, programs, state, up
from assay.embedded.folder import DataFolder
from assay.embedded.ports import pick_free
from assay.embedded.problems import StartProblem
from assay.embedded.processes import Program
from assay.embedded.progress import Progress
from assay.embedded.signals import ended_by
from assay.settings import Settings
from assay.worker import sweeper


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """`up` owns its process: it changes environment and logging. Here both are put back."""
    environment, root = dict(os.environ), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    for name in ("DATABASE_URL", "REDIS_URL", "ASSAY_DATABASE_URL", "ASSAY_REDIS_URL", "OPENAI_API_KEY", "ASSAY_OPENAI_API_KEY"):
        os.environ.pop(name, None)
    yield
    os.environ.clear()
    os.environ.update(environment)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def _tiny(name: str, code: str, log: Path, environment: Mapping[str, str]) -> Program:
    """A program that runs `code`, says that it is on, and sleeps."""
    argv = (sys.executable, "-I", "-S", "-c", f"{code}\nprint('on', flush=True)\nimport time; time.sleep(60)")
    return Program(name, argv, log, ready=lambda _pid: "on\n" in log.read_text(), environment=environment)


class Inside:
    """Runs `up` until something has happened."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.out, self.filled = DataFolder(place / "data"), io.StringIO(), 0
        self.codes = {programs.API: "", programs.WORKER: "", programs.SWEEPER: ""}
        monkeypatch.setattr(programs, "services", self._programs)
        monkeypatch.setattr(content, "migrate", self._migrate)
        monkeypatch.setattr(content, "fill", self._fill)

    def _programs(self, environment: Mapping[str, str], _port: int, logs: Path) -> tuple[Program, ...]:
        return tuple(_tiny(name, code, logs / f"{name}.log", environment) for name, code in self.codes.items())

    def _migrate(self, _settings: Settings, progress: Progress) -> None:
        with progress.step("Migrate"):
            self.filled += 1

    async def _fill(self, _settings: Settings, _progress: Progress) -> None:
        pass

    def up(self, until: Callable[[], bool] | None = None) -> str:
        """Start; once `until` holds, end it as Ctrl-C would. Returns what was printed."""
        with self._interrupted(until or (lambda: "ready http" in self.out.getvalue())):
            up.up(port=pick_free(), data=self.folder.root, browser=True, console=Console(file=self.out, width=200))
        return self.out.getvalue()

    @contextmanager
    def _interrupted(self, until: Callable[[], bool]) -> Iterator[None]:
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.02):
                if until():
                    os.kill(os.getpid(), signal.SIGTERM)
                    return

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


@pytest.fixture
def inside(place: Path, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """A fresh data folder."""
    return Inside(place, monkeypatch)


def test_it_starts_says_who_may_sign_in_and_stops(inside: Inside) -> None:
    """Steps, accounts, the grader, the address; at the end everything is stopped and the data stays."""
    shown = inside.up()
    for part in (
        "✓ Postgres",
        "✓ Valkey",
        "✓ API, worker, sweeper",
        "student@assay.example",
        "the built-in evaluator",
        "ready http://127.0.0.1:",
    ):
        assert part in shown
    assert shown.endswith(f"Everything is stopped. Your data stays in {inside.folder.root}.\n")
    assert state.read(inside.folder) is None
    assert inside.folder.postgres.exists()


def test_the_second_start_fills_nothing(inside: Inside) -> None:
    """The content comes from the same sources, so nobody looks again."""
    inside.up()
    inside.out.truncate(0)
    inside.up()
    assert inside.filled == 1
    assert "Migrate" not in inside.out.getvalue()


def test_a_cluster_that_was_removed_is_filled_anew(inside: Inside) -> None:
    """What an earlier database was filled from says nothing about a new one."""
    inside.folder.root.mkdir()
    inside.folder.content.write_text(content.fingerprint(Settings(environment="embedded"), content.seeds_folder()))
    inside.up()
    assert inside.filled == 1


def test_a_program_that_does_not_start_ends_the_start(inside: Inside) -> None:
    """The sentence holds the end of its log, and the servers are stopped again."""
    inside.codes[programs.API] = "raise SystemExit('no such table')"
    with pytest.raises(StartProblem, match=r"(?s)API ended at once.*no such table"):
        inside.up(until=lambda: False)
    assert "database system is shut down" in (inside.folder.logs / "postgres.log").read_text()


def test_a_dead_worker_is_mourned(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its leases are freed under its process id, whether that works or not, and it is started again."""
    freed: list[int] = []

    async def release(_settings: Settings, pid: int) -> int:
        freed.append(pid)
        if len(freed) > 1:
            raise OSError("the database is away")
        return 3

    monkeypatch.setattr(sweeper, "release", release)
    monkeypatch.setattr("assay.embedded.supervisor._FIRST_WAIT", 0.0)
    inside.codes[programs.WORKER] = "print('on', flush=True); import time; time.sleep(0.5); raise SystemExit(4)"
    shown = inside.up(until=lambda: "could not be freed" in inside.out.getvalue())
    assert len(set(freed)) >= 2
    assert f"worker (process {freed[0]}) ended with exit code 4; it is started again." in shown
    assert "Jobs taken back from it: 3" in shown
    assert "could not be freed (OSError); they run out in 9 s." in shown


def test_a_second_one_is_sent_to_the_first(inside: Inside) -> None:
    """While one runs, another `up` on the same data says where; while it is only starting, that too is said."""
    inside.folder.root.mkdir()
    with state.held(inside.folder):
        with pytest.raises(StartProblem, match="starting in this data folder already"):
            inside.up(until=lambda: False)
        state.write(inside.folder, state.Record(url="http://127.0.0.1:9", pid=os.getpid()))
        assert inside.up(until=lambda: False).endswith("ready http://127.0.0.1:9\n")


def test_down_sends_the_signal_and_waits(inside: Inside) -> None:
    """`down` ends a running supervisor, and one that has no record yet is not guessed at."""
    inside.folder.root.mkdir()
    console = Console(file=inside.out)
    with state.held(inside.folder), pytest.raises(StartProblem, match="just starting or stopping"):
        detached.down(data=inside.folder.root, wipe=False, console=console)
    inside.out.truncate(0)
    downs: list[threading.Thread] = []

    def down_once_ready() -> bool:
        if not downs and "ready http" in inside.out.getvalue():
            down = threading.Thread(target=detached.down, kwargs={"data": inside.folder.root, "wipe": False, "console": console})
            down.start()
            downs.append(down)
        return False

    inside.up(until=down_once_ready)
    downs[0].join()
    assert "Stopped." in inside.out.getvalue()


def test_signals_end_a_block_and_are_put_back() -> None:
    """SIGHUP, as from a terminal that was closed, ends the block like Ctrl-C; after it the old handler is back."""
    before = signal.getsignal(signal.SIGHUP)
    with pytest.raises(KeyboardInterrupt), ended_by(signal.SIGHUP):
        signal.raise_signal(signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is before
