"""Chroma from its wheel: the server in Rust, on a loopback port, started as a program. Nothing of the package is imported here."""

import http.client
import importlib.util
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from assay.embedded.ports import LOOPBACK, is_free
from assay.embedded.problems import StartProblem
from assay.embedded.processes import Program

_MODULE: Final = "chromadb_rust_bindings"
# the wheel's own command imports the whole client first, with telemetry and what it depends on
_RUN: Final = f"import sys, {_MODULE} as chroma; chroma.cli(sys.argv[1:])"
_LOOPBACK_NAMES: Final = {LOOPBACK, "localhost"}


def installed() -> bool:
    """Whether the `chroma` extra is there."""
    return importlib.util.find_spec(_MODULE) is not None


def own_port(url: str) -> int | None:
    """The port on which a server of our own is to be started: `url` is on loopback and nobody serves there yet."""
    parts = urlsplit(url)
    port = parts.port or 80
    return port if parts.hostname in _LOOPBACK_NAMES and is_free(port) else None


def program(data: Path, port: int, log: Path) -> Program:
    """The server as a program, reachable from this machine alone. Raises `StartProblem` when the wheel is not installed."""
    if not installed():
        raise StartProblem("There is no Chroma here: install the `chroma` extra (./dev does), or set CHROMA_URL to a server of yours.")
    data.mkdir(parents=True, exist_ok=True)
    words = ("chroma", "run", "--path", str(data), "--host", LOOPBACK, "--port", str(port))
    return Program(name="Chroma", argv=(sys.executable, "-c", _RUN, *words), log=log, ready=lambda _pid: answers(port), folder=data)


def answers(port: int) -> bool:
    """Whether the server on `port` says that it lives."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=1)
    try:
        connection.request("GET", "/api/v2/heartbeat")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
