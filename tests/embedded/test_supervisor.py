"""The supervisor with tiny child processes."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from assay.embedded.processes import Program
from assay.embedded.supervisor import Supervisor

type Death = tuple[str, int, str]


class Watched:
    """A supervisor and what it reports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.deaths: list[Death] = []
        self.changes: list[Mapping[str, int]] = []
        self.supervisor = Supervisor(on_death=lambda *death: self.deaths.append(death), on_change=self.changes.append)

    def launch(self, *names: str, code: str = "import time; time.sleep(60)") -> None:
        """Start tiny programs as a layer; the end of each is noted in `ended`."""
        noting = f"import atexit, signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit()); note = open({str(self.ended)!r}, 'a')"
        programs = [
            Program(
                name,
                (
                    sys.executable,
                    "-I",
                    "-S",
                    "-c",
                    f"{noting}; atexit.register(print, {name!r}, file=note)\nprint('on', flush=True)\n{code}",
                ),
                self.folder / name,
                ready=lambda _pid, name=name: "on" in (self.folder / name).read_text(),
            )
            for name in names
        ]
        self.supervisor.launch(*programs)
        self.supervisor.wait_until_ready()

    @property
    def ended(self) -> Path:
        """The programs that ended, in order, one a line."""
        return self.folder / "ended"

    def tend_until(self, deaths: int, starts: int) -> None:
        """Let the supervisor look until it has reported so many deaths and changes."""
        deadline = time.monotonic() + 10
        while len(self.deaths) < deaths or len(self.changes) < starts:
            assert time.monotonic() < deadline, (self.deaths, self.changes)
            self.supervisor.tend()
            time.sleep(0.01)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """A supervisor that is stopped at the end."""
    watching = Watched(tmp_path)
    yield watching
    watching.supervisor.stop()


def test_a_killed_program_is_started_again(watched: Watched) -> None:
    """The death is reported with the old process id, and a new process takes its place."""
    watched.launch("worker")
    old = watched.supervisor.pids()["worker"]
    os.kill(old, signal.SIGKILL)
    watched.tend_until(deaths=1, starts=2)
    new = watched.supervisor.pids()["worker"]
    assert watched.deaths == [("worker", old, "signal 9")]
    assert new != old
    assert watched.changes[-1] == {"worker": new}


def test_short_lives_wait_longer_each_time(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that keeps dying is started again and again, but not in a tight circle."""
    monkeypatch.setattr("assay.embedded.supervisor._FIRST_WAIT", 0.05)
    watched.launch("fool", code="import time; time.sleep(0.05); sys.exit(3)")
    begun = time.monotonic()
    watched.tend_until(deaths=3, starts=3)
    assert time.monotonic() - begun > 0.05 + 0.1
    assert {how for _, _, how in watched.deaths} == {"exit code 3"}


def test_a_long_life_earns_an_immediate_restart(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """The successor starts before the clean-up after the dead, which may take a while."""
    monkeypatch.setattr("assay.embedded.supervisor._HEALTHY_SECONDS", 0.0)
    watched.launch("worker")
    old = watched.supervisor.pids()["worker"]
    os.kill(old, signal.SIGKILL)
    while not watched.deaths:
        watched.supervisor.tend()
        time.sleep(0.01)
    assert watched.supervisor.pids()["worker"] != old


def test_a_spare_takes_over(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that asks for one gets a loaded process in waiting; at a death that one begins, and a new spare is loaded."""
    monkeypatch.setattr("assay.embedded.supervisor._SETTLED_SECONDS", 0.0)
    monkeypatch.setattr("assay.embedded.supervisor._HEALTHY_SECONDS", 0.0)
    code = "import sys, time; '--wait' in sys.argv and sys.stdin.readline(); print('working', flush=True); time.sleep(60)"
    log = watched.folder / "worker"
    watched.supervisor.launch(Program("worker", (sys.executable, "-I", "-S", "-c", code), log, waiting=("--wait",)))
    watched.tend_until(deaths=0, starts=2)
    first, spare = watched.supervisor.pids()["worker"], watched.supervisor.pids()["spare worker"]
    while log.read_text() != "working\n":
        time.sleep(0.01)
    os.kill(first, signal.SIGKILL)
    watched.tend_until(deaths=1, starts=4)
    assert watched.supervisor.pids()["worker"] == spare
    assert watched.supervisor.pids()["spare worker"] not in {first, spare}
    while log.read_text() != "working\n" * 2:
        time.sleep(0.01)


def test_layers_stop_in_reverse(watched: Watched) -> None:
    """The services end before the servers they need."""
    watched.launch("server")
    watched.launch("service one", "service two")
    watched.supervisor.stop()
    order = watched.ended.read_text().splitlines()
    assert sorted(order[:2]) == ["service one", "service two"]
    assert order[2:] == ["server"]


def test_watching_ends_with_an_interrupt(watched: Watched) -> None:
    """`watch` goes on until a signal handler raises."""
    watched.launch("worker")
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            watched.supervisor.watch(lambda: False)
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
