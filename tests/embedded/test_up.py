"""The laptop runtime as a whole, with real servers and processes, as somebody at a terminal meets it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from assay.embedded.ports import pick_free

pytestmark = pytest.mark.timeout(300)


class Terminal:
    """Runs the command line on one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        unset = {"DATABASE_URL", "REDIS_URL", "OPENAI_API_KEY"}
        self.environment = {name: value for name, value in os.environ.items() if name not in unset and not name.startswith("ASSAY_")}

    def run(self, *words: str) -> str:
        """A verb that has to succeed, and what it prints."""
        command = [sys.executable, "-m", "assay", words[0], "--data", str(self.data), *words[1:]]
        ended = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def children(self) -> dict[str, int]:
        """Process ids by name."""
        return {name: pid for name, (pid, _) in json.loads((self.data / "running.json").read_text())["children"].items()}


@pytest.fixture
def terminal(place: Path) -> Iterator[Terminal]:
    """A terminal; whatever still runs at the end is ended."""
    made = Terminal(place / "data")
    yield made
    made.run("down")


def _eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_up_demo_kill_down(terminal: Terminal) -> None:
    """It starts, answers, shows a whole result with proved sources, survives the death of a worker, and ends without a trace."""
    url = f"http://127.0.0.1:{pick_free()}"
    started = terminal.run("up", "--detach", "--port", url.rpartition(":")[2])
    assert started.splitlines()[-1] == f"ready {url}"
    assert "student@assay.example" in started
    with urlopen(f"{url}/healthz", timeout=10) as answer:
        assert answer.status == 200

    shown = terminal.run("demo")
    assert "recommendations have a source" in " ".join(shown.split())

    again = terminal.run("up", "--detach")
    assert "running in this data folder already" in again
    assert again.splitlines()[-1] == f"ready {url}"

    before = terminal.children()
    os.kill(before["worker"], signal.SIGKILL)
    _eventually(lambda: terminal.children()["worker"] != before["worker"])
    assert "Jobs taken back from it: 0" in _log_with(terminal, "taken back")

    left = [psutil.Process(pid) for pid in terminal.children().values()]
    assert "Stopped." in terminal.run("down", "--wipe")
    psutil.wait_procs(left, timeout=5)
    assert [process for process in left if process.is_running()] == []
    assert not terminal.data.exists()


def _log_with(terminal: Terminal, words: str) -> str:
    log = terminal.data / "logs" / "up.log"
    _eventually(lambda: words in log.read_text())
    return log.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start ends what was left over")
def test_a_killed_supervisor_leaves_nothing(terminal: Terminal) -> None:
    """Kill -9 on the supervisor ends all it started, Postgres cleanly; the next start finds the data and fills nothing anew."""
    port = str(pick_free())
    terminal.run("up", "--detach", "--port", port)
    children = [psutil.Process(pid) for pid in terminal.children().values()]
    os.kill(json.loads((terminal.data / "running.json").read_text())["pid"], signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []
    assert "database system is shut down" in (terminal.data / "logs" / "postgres.log").read_text()
    assert "Migrate" not in terminal.run("up", "--detach", "--port", port)
