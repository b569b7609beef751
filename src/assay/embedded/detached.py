"""`up --detach` and `down`: a supervisor in the background, begun, followed until it is ready, and ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console

from assay.embedded import state
from assay.embedded.folder import DataFolder
from assay.embedded.folder import wipe as forget
from assay.embedded.problems import StartProblem
from assay.embedded.up import opened, say_running

_STOP_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.1


def up_detached(*, port: int, data: Path, console: Console) -> None:
    """Start a supervisor in the background and return once it is ready. Raises `StartProblem`, after its own words."""
    folder = opened(data)
    if state.is_held(folder):
        say_running(console, state.read(folder))
        return
    log = folder.logs / "up.log"
    log.write_bytes(b"")
    command = (sys.executable, "-m", "assay", "up", "--port", str(port), "--data", str(folder.root), "--no-browser")
    with log.open("ab") as output:
        supervisor = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    for line in _lines(log, supervisor):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
        if line.startswith("ready "):
            return
    raise StartProblem("", exit_code=supervisor.wait() or 1)


def _lines(log: Path, writer: subprocess.Popen[bytes]) -> Iterator[str]:
    """The lines of `log` as they come, until its writer has ended."""
    with log.open(errors="replace") as file:
        part = ""
        while True:
            ended = writer.poll() is not None
            while chunk := file.readline():
                part += chunk
                if part.endswith("\n"):
                    yield part.rstrip("\n")
                    part = ""
            if ended:
                return
            time.sleep(_POLL_SECONDS)


def down(*, data: Path, wipe: bool, console: Console) -> None:
    """End what runs in this data folder; with `wipe`, forget its data too. Raises `StartProblem`."""
    folder = DataFolder(data.resolve())
    if state.is_held(folder):
        _end(folder, console)
    else:
        state.end_left_over(folder)
        console.print("Nothing is running.")
    if wipe:
        forget(folder)
        console.print(f"Forgotten: {folder.root}", highlight=False, soft_wrap=True)


def _end(folder: DataFolder, console: Console) -> None:
    record = state.read(folder)
    if record is None:
        raise StartProblem("Assay is just starting or stopping in this data folder. Try again in a moment.")
    os.kill(record.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while state.is_held(folder):
        if time.monotonic() > deadline:
            raise StartProblem(f"The supervisor (process {record.pid}) does not stop. Its words are in {folder.logs / 'up.log'}.")
        time.sleep(_POLL_SECONDS)
    console.print("Stopped.")
