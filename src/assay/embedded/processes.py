"""Child processes: how one is started so that it cannot outlive its parent, waited for, and stopped."""

import os
import pwd
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from assay.embedded.problems import StartProblem, disk_full, log_tail, says_disk_full

LIFELINE: Final = Path(__file__).with_name("lifeline.py")
UNPRIVILEGED: Final = "nobody"
"""The account of Postgres and Valkey when root starts them. It exists everywhere, so nothing is added to the machine."""
_POLL_SECONDS: Final = 0.03


@dataclass(frozen=True, slots=True)
class Program:
    """A program as the supervisor knows it."""

    name: str
    argv: tuple[str, ...]
    log: Path
    ready: Callable[[int], bool] = lambda _pid: True
    """Whether the process with this id serves already; asked every 30 ms."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: Path | None = None
    account: str = ""
    """Run as this account instead of root; empty keeps the present one."""
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    """Sent by the kernel when the parent is gone without having stopped us."""
    waiting: tuple[str, ...] = ()
    """What to add to `argv` for a spare: a process that loads everything, then waits for a line on its standard input to begin."""
    grace_seconds: float = 10.0
    start_seconds: float = 30.0


@dataclass(slots=True)
class Running:
    """A program and its present process."""

    program: Program
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Process id: the program's own, since the lifeline becomes the program."""
        return self.process.pid

    def begin(self) -> None:
        """Tell a spare to begin."""
        if self.process.stdin:
            with suppress(BrokenPipeError), self.process.stdin as line:
                line.write(b"begin\n")


def start(program: Program, *, spare: bool = False) -> Running:
    """Start `program` in a session of its own (a Ctrl-C reaches only us), its output appended to its log.

    Call from the main thread: the kernel's "parent" is the thread, and the child ends with it.
    """
    program.log.parent.mkdir(parents=True, exist_ok=True)
    lifeline = (sys.executable, "-I", "-S", str(LIFELINE), str(os.getpid()), str(program.orphan_signal.value), program.account)
    with program.log.open("ab") as log:
        process = subprocess.Popen(
            [*lifeline, *program.argv, *(program.waiting if spare else ())],
            stdin=subprocess.PIPE if spare else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(program.environment),
            cwd=program.folder,
            start_new_session=True,
        )
    return Running(program, process)


def wait_until_ready(running: Running) -> None:
    """Block until the program serves. Raises `StartProblem` when it ends or takes longer than `start_seconds`."""
    program, deadline = running.program, time.monotonic() + running.program.start_seconds
    while not program.ready(running.pid):
        require_alive(running)
        if time.monotonic() > deadline:
            raise _did_not_start(program, f"was not ready after {program.start_seconds:.0f} s")
        time.sleep(_POLL_SECONDS)


def require_alive(running: Running) -> None:
    """Raises `StartProblem` when the program has ended."""
    if (code := running.process.poll()) is not None:
        raise _did_not_start(running.program, f"ended at once ({describe_exit(code)})")


def _did_not_start(program: Program, what: str) -> StartProblem:
    tail = log_tail(program.log)
    if says_disk_full(tail):
        return disk_full(program.log.parent)
    return StartProblem(f"{program.name} {what}. The end of {program.log}:\n{tail}")


def stop(children: Iterable[Running]) -> None:
    """Ask all of `children` to end at the same time, and kill the ones whose grace is over. Returns when all have ended."""
    asked = [child for child in children if child.process.poll() is None]
    begun = time.monotonic()
    for child in asked:
        child.process.send_signal(child.program.stop_signal)
    for child in asked:
        left = begun + child.program.grace_seconds - time.monotonic()
        try:
            child.process.wait(timeout=max(left, 0))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        if child.process.stdin:
            child.process.stdin.close()


def run_as(account: str, command: tuple[str, ...]) -> str:
    """Run `command` to its end as `account` (empty: as we are); what it printed. Raises `subprocess.CalledProcessError`."""
    lifeline = (sys.executable, "-I", "-S", str(LIFELINE), str(os.getpid()), str(signal.SIGKILL.value), account)
    finished = subprocess.run(
        [*lifeline, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        text=True,
        check=True,
    )
    return finished.stdout


def describe_exit(code: int) -> str:
    """An exit code in words: `exit code 1`, `signal 9`."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def bare_environment() -> dict[str, str]:
    """For servers: without the user's PGPORT, PGDATA and locale, which they would obey; with what our own Python may need to start."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **kept}


def server_account() -> str:
    """The account for Postgres and Valkey: empty (our own) unless we are root."""
    return UNPRIVILEGED if os.geteuid() == 0 else ""


def hand_over(folder: Path, account: str) -> None:
    """Make `folder`, private (0700), and give it to `account` with all that is inside; does little when that is so already."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if not account:
        return
    owner = pwd.getpwnam(account)
    if folder.stat().st_uid == owner.pw_uid:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def open_the_way(target: Path, account: str) -> list[Path]:
    """Let `account` pass through the folders above `target`, and return those that had to be changed.

    Adds the right to pass (o+x), not to list or read. Needed only when root works inside a private folder.
    """
    if not account:
        return []
    shut = [folder for folder in target.resolve().parents if not folder.stat().st_mode & stat.S_IXOTH]
    for folder in shut:
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    return shut
