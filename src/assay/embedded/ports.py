"""Loopback ports: is one free, and which one is."""

import socket
from typing import Final

from assay.embedded.problems import PORT_TAKEN_EXIT, StartProblem

LOOPBACK: Final = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback interface now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As uvicorn does: a port whose last connections still linger (TIME_WAIT) counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def require_free(port: int) -> None:
    """Raises `StartProblem` with exit code 2 when another program listens on `port`."""
    if not is_free(port):
        sentence = f"Port {port} is in use by another program. End it, or choose another port: ./dev up --port {port % 65535 + 1}"
        raise StartProblem(sentence, exit_code=PORT_TAKEN_EXIT)


def pick_free() -> int:
    """A port that is free at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port
