"""What runs in a data folder: the lock that says "running", and the record of who and where."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field

import psutil

from assay.embedded.folder import DataFolder, write_private


@dataclass(frozen=True, slots=True)
class Record:
    """What runs: where it answers, the supervisor, and each child as (process id, start time)."""

    url: str
    pid: int
    children: Mapping[str, tuple[int, float]] = field(default_factory=dict)


class AlreadyRunning(Exception):
    """Another supervisor holds this data folder."""

    def __init__(self, record: Record | None) -> None:
        super().__init__("already running")
        self.record = record


@contextmanager
def held(folder: DataFolder) -> Iterator[None]:
    """Hold the folder as its one supervisor. Raises `AlreadyRunning`."""
    with folder.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(read(folder)) from None
        try:
            yield
        finally:
            folder.record.unlink(missing_ok=True)


def is_held(folder: DataFolder) -> bool:
    """Whether a supervisor lives."""
    try:
        with folder.lock.open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def write(folder: DataFolder, record: Record) -> None:
    """Store what runs."""
    write_private(folder.record, json.dumps(asdict(record), indent=2))


def read(folder: DataFolder) -> Record | None:
    """What runs, or ran when its supervisor was killed; nothing when there is no record."""
    try:
        raw = json.loads(folder.record.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    children = {name: (int(pid), float(begun)) for name, (pid, begun) in raw["children"].items()}
    return Record(url=raw["url"], pid=raw["pid"], children=children)


def running(folder: DataFolder) -> Record | None:
    """What runs now."""
    return read(folder) if is_held(folder) else None


def start_time(pid: int) -> float:
    """When the process began; with its id it names one process, even after the id was given away again."""
    try:
        begun: float = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0
    return begun


def end_left_over(folder: DataFolder) -> None:
    """End what a killed supervisor has left running. On Linux the kernel has done so already, and this waits for it."""
    record = read(folder)
    known = record.children.values() if record else ()
    alive = [psutil.Process(pid) for pid, begun in known if begun and start_time(pid) == begun]
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(alive, timeout=10)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
