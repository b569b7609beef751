"""What can keep the laptop runtime from starting, as sentences that say what is wrong and what to do."""

import errno
import shutil
import socket
from pathlib import Path
from typing import Final

PORT_TAKEN_EXIT: Final = 2
_FULL: Final = "No space left on device"
_LEAST_ROOM: Final = 17 * 1024 * 1024


class StartProblem(Exception):
    """A start that cannot go on. `str()` is the sentence to show, `exit_code` what the process ends with."""

    def __init__(self, sentence: str, *, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def in_plain_words(step: str, error: Exception, data: Path) -> StartProblem:  # noqa: PLR0911 - one line a kind of error
    """The sentence for an error met in `step` while working in the folder `data`."""
    match error:
        case StartProblem():
            return error
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return disk_full(data)
        case OSError(errno=errno.EACCES | errno.EPERM | errno.EROFS, filename=str() | None as name):
            return StartProblem(f"{name or data} cannot be written ({error.strerror}). Choose another folder with --data.")
        case OSError(errno=errno.ENOTDIR | errno.EEXIST, filename=str() | None as name):
            return StartProblem(f"{name or data} is in the way: it is not a folder. Choose another folder with --data.")
        case ConnectionError() | socket.gaierror():
            return StartProblem(f"{step} failed: a server cannot be reached ({error}). Check DATABASE_URL and REDIS_URL.")
        case _ if says_disk_full(str(error)) or _is_full(data):
            return disk_full(data)
        case _:
            first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
            return StartProblem(f"{step} failed: {first_line} ({type(error).__name__})")


def _is_full(data: Path) -> bool:
    """Whether a server that ended without a word did so for want of room: Postgres stops when its log of 16 MB pieces cannot grow."""
    try:
        return shutil.disk_usage(data).free < _LEAST_ROOM
    except OSError:
        return False


def disk_full(data: Path) -> StartProblem:
    """There is no room for what has to be written in `data`."""
    return StartProblem(f"The disk that holds {data} is full. Free some space, or choose another folder with --data.")


def says_disk_full(text: str) -> bool:
    """Whether a program's output blames a full disk."""
    return _FULL in text


def log_tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, for the end of a sentence; empty when there is none."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
