"""The three processes of the product as programs: API, worker, sweeper."""

import http.client
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from assay.embedded.ports import LOOPBACK
from assay.embedded.processes import Program

API: Final = "API"
WORKER: Final = "worker"
SWEEPER: Final = "sweeper"


def services(environment: Mapping[str, str], port: int, logs: Path) -> tuple[Program, Program, Program]:
    """API on `port`, worker, sweeper, each logging to its own file."""
    api = _verb(API, ("serve", "--host", LOOPBACK, "--port", str(port)), environment, logs / "api.log")
    worker = _verb(WORKER, ("worker",), environment, logs / "worker.log")
    sweeper = _verb(SWEEPER, ("sweeper",), environment, logs / "sweeper.log")
    return replace(api, ready=lambda _pid: answers(port)), replace(worker, waiting=("--wait",)), sweeper


def _verb(name: str, words: tuple[str, ...], environment: Mapping[str, str], log: Path) -> Program:
    return Program(
        name=name,
        argv=(sys.executable, "-m", "assay", *words),
        log=log,
        environment=environment,
        start_seconds=90.0,
    )


def answers(port: int) -> bool:
    """Whether the API on `port` says that it and everything it depends on is ready."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=3)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
