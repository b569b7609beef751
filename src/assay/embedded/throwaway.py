"""Servers for data that nobody will miss: fast instead of durable, gone with the block that uses them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assay.embedded import chroma, postgres, valkey
from assay.embedded.ports import LOOPBACK, pick_free
from assay.embedded.processes import Running, start, stop, wait_until_ready

MEMORY: Final = Path("/dev/shm")  # noqa: S108  # nosec B108 # `mkdtemp` makes a private folder in it
ROOM_BYTES: Final = 4 * 2**30
"""What has to be free there; a session of tests took a tenth of it."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Two running servers."""

    cluster: postgres.Cluster
    store: valkey.Store


@contextmanager
def servers() -> Iterator[Servers]:
    """Start both in a temporary folder, stop and remove them at the end. From the main thread. Raises `StartProblem`."""
    folder = Path(tempfile.mkdtemp(prefix="assay-", dir=_in_memory()))
    running: list[Running] = []
    try:
        yield _start(folder, running)
    finally:
        stop(running)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def chroma_server(folder: Path) -> Iterator[str]:
    """The address of a Chroma server with its data in `folder`: a fifth of a second, 50 MB. From the main thread. Raises `StartProblem`."""
    port = pick_free()
    server = start(chroma.program(folder / "data", port, folder / "chroma.log"))
    try:
        wait_until_ready(server)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        stop([server])


def _in_memory() -> Path | None:
    """A file system in memory with room, where there is one: a copy of a database is a thousand files, made there in a quarter of the time.

    None, for the usual place, elsewhere, and when `TMPDIR` names one.
    """
    try:
        roomy = shutil.disk_usage(MEMORY).free >= ROOM_BYTES and os.access(MEMORY, os.W_OK)
    except OSError:
        return None
    return MEMORY if roomy and "TMPDIR" not in os.environ else None


def _start(folder: Path, running: list[Running]) -> Servers:
    sockets = folder / "run"
    both = Servers(postgres.Cluster(folder / "postgres", sockets), valkey.Store(folder / "valkey", sockets / "valkey.sock"))
    valkey.prepare(both.store)
    running.append(start(valkey.program(both.store, folder / "valkey.log")))
    postgres.prepare(both.cluster, durable=False)
    running.append(start(postgres.program(both.cluster, folder / "postgres.log", postgres.THROWAWAY)))
    for server in running:
        wait_until_ready(server)
    return both
