"""Child processes: started, waited for, stopped, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from assay.embedded import processes
from assay.embedded.problems import StartProblem
from assay.embedded.processes import Program, start, stop, wait_until_ready

SLEEP = (sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)")
DEAF = "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
STUBBORN = (sys.executable, "-I", "-S", "-c", DEAF)


def test_a_program_that_ends_at_once_is_explained(tmp_path: Path) -> None:
    """The sentence names the program, its exit and what it said last."""
    program = Program(
        "teapot", (sys.executable, "-I", "-S", "-c", "raise SystemExit('no tea')"), tmp_path / "log", ready=lambda _pid: False
    )
    with pytest.raises(StartProblem, match=r"(?s)teapot ended at once \(exit code 1\).*no tea"):
        wait_until_ready(start(program))


def test_a_full_disk_in_a_log_is_told_as_such(tmp_path: Path) -> None:
    """What a server says about the disk reaches the user as advice, not as a log."""
    words = "raise SystemExit('could not write: No space left on device')"
    program = Program("server", (sys.executable, "-I", "-S", "-c", words), tmp_path / "log", ready=lambda _pid: False)
    with pytest.raises(StartProblem, match=r"full\. Free some space"):
        wait_until_ready(start(program))


def test_a_program_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    """Waiting ends after the program's own time, with a sentence."""
    running = start(Program("sloth", SLEEP, tmp_path / "log", ready=lambda _pid: False, start_seconds=0.1))
    with pytest.raises(StartProblem, match="sloth was not ready"):
        wait_until_ready(running)
    stop([running])


def test_a_program_that_cannot_be_run_says_so(tmp_path: Path) -> None:
    """A missing binary ends up in the log, with its name."""
    running = start(Program("ghost", ("/nowhere/ghost",), tmp_path / "log"))
    assert running.process.wait() == 1
    assert "cannot run /nowhere/ghost" in (tmp_path / "log").read_text()


def test_stop_asks_then_kills(tmp_path: Path) -> None:
    """Whoever ends when asked is not killed; whoever is deaf is, once its grace is over."""
    polite = start(Program("polite", SLEEP, tmp_path / "polite"))
    deaf = start(
        Program("deaf", STUBBORN, tmp_path / "deaf", ready=lambda _pid: "deaf" in (tmp_path / "deaf").read_text(), grace_seconds=0.3)
    )
    wait_until_ready(deaf)
    stop([polite, deaf])
    assert (polite.process.returncode, deaf.process.returncode) == (-signal.SIGTERM, -signal.SIGKILL)


def test_exits_in_words() -> None:
    """Signals and exit codes are told apart."""
    assert (processes.describe_exit(-9), processes.describe_exit(2)) == ("signal 9", "exit code 2")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_no_child_outlives_a_killed_parent(tmp_path: Path) -> None:
    """Kill -9 on the supervisor takes its children with it, the deaf ones too."""
    code = f"""
import time
from pathlib import Path
from assay.embedded.processes import Program, start
print(start(Program("deaf", {STUBBORN!r}, Path({str(tmp_path / "log")!r}))).pid, flush=True)
time.sleep(60)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout
    child = psutil.Process(int(parent.stdout.readline()))
    while "deaf" not in (tmp_path / "log").read_text():
        time.sleep(0.01)
    parent.kill()
    parent.communicate()
    gone, _ = psutil.wait_procs([child], timeout=5)
    assert gone == [child]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands folders over")
def test_root_hands_over_what_the_servers_need_and_no_more(tmp_path: Path) -> None:
    """The server's account owns its folder and may pass through the ones above it, but not list them."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    data = private / "data"
    processes.hand_over(data, processes.UNPRIVILEGED)
    (data / "file").touch()
    processes.hand_over(data, processes.UNPRIVILEGED)
    changed = processes.open_the_way(data, processes.UNPRIVILEGED)
    assert private in changed
    assert private.stat().st_mode & 0o777 == 0o701
    assert processes.open_the_way(data, processes.UNPRIVILEGED) == []
    command = (sys.executable, "-I", "-S", "-c", "")
    assert processes.run_as("", command) == ""
    assert processes.run_as(processes.UNPRIVILEGED, ("/usr/bin/env", "ls", str(data))) == "file\n"


def test_without_root_nothing_is_handed_over(tmp_path: Path) -> None:
    """An ordinary user keeps everything, and no permission above the data changes."""
    data = tmp_path / "data"
    processes.hand_over(data, "")
    assert data.stat().st_uid == os.geteuid()
    assert processes.open_the_way(data, "") == []
