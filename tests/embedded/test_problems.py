"""What goes wrong at a start, in sentences."""

import errno
import socket
from pathlib import Path

import pytest

from assay.embedded import ports
from assay.embedded.problems import StartProblem, in_plain_words, log_tail

DATA = Path("/somewhere/.assay")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk that holds /somewhere/.assay is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "is full"),
        (PermissionError(errno.EACCES, "Permission denied", "/somewhere/.assay/lock"), "/somewhere/.assay/lock cannot be written"),
        (OSError(errno.EROFS, "Read-only file system"), "/somewhere/.assay cannot be written"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "/somewhere"), "/somewhere is in the way"),
        (RuntimeError('could not extend file "base/1": No space left on device'), "is full"),
        (ValueError("seeds/tracks/a.yaml: no name\nmore"), "Seed failed: seeds/tracks/a.yaml: no name (ValueError)"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "Check DATABASE_URL and REDIS_URL"),
        (TimeoutError(), "Seed failed: TimeoutError (TimeoutError)"),
    ],
)
def test_errors_become_sentences(error: Exception, said: str) -> None:
    """Each error names what is wrong; those of the disk say what to do."""
    assert said in str(in_plain_words("Seed", error, DATA))


def test_a_server_that_ends_without_a_word_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Postgres stops when its log cannot grow; what the user then reads is about the disk, not about a lost connection."""
    monkeypatch.setattr("assay.embedded.problems._LEAST_ROOM", 2**63)
    assert "is full" in str(in_plain_words("Seed", RuntimeError("connection lost"), tmp_path))


def test_a_sentence_stays_a_sentence() -> None:
    """What is a sentence already is passed on with its exit code."""
    problem = StartProblem("The port is taken.", exit_code=2)
    assert in_plain_words("Start", problem, DATA) is problem


def test_a_log_that_is_not_there_has_no_tail(tmp_path: Path) -> None:
    """A program that never wrote anything does not hide the real problem."""
    assert log_tail(tmp_path / "none") == ""
    (tmp_path / "log").write_bytes(b"one\ntwo \xff\nthree\n")
    assert log_tail(tmp_path / "log", 2) == "two �\nthree"


def test_a_taken_port_is_said_with_another_one() -> None:
    """A port in use ends the start with exit code 2 and a command that works."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind((ports.LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartProblem, match=rf"Port {port} is in use.*--port") as problem:
            ports.require_free(port)
    assert problem.value.exit_code == 2
    ports.require_free(ports.pick_free())
