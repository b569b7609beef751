"""One Postgres and one Valkey for a whole test session, shared by all xdist workers, started only when a test asks for them.

How `conftest.py` uses it:

    pytest_configure(config):            servers.open_session(config)      # a helper process, 50 ms; no server yet
    pytest_configure_node(node):         servers.hand_on(node)             # xdist: tells each worker where the helper is
    pytest_unconfigure(config):          servers.close_session(config)     # everything stopped and removed; Ctrl-C ends here too

    shared = servers.of(config)                                             # in fixtures, in any worker
    url = shared.fresh_database("gw0_orders", build_template)               # a copy of the template, 30 ms
    shared.drop_database("gw0_orders")
    shared.redis_url                                                        # a database number of Valkey's for each worker

`build_template(url)` gets the URL (`postgresql://…`) of an empty database to migrate and seed. It is called once per session, in
whichever worker comes first, in a thread without an event loop; it must close its connections.

The helper owns the servers and waits for the end of its standard input, so they end even when the test run is killed.
"""

import asyncio
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from assay.embedded import postgres, throwaway, valkey

TEMPLATE: Final = "template_assay"
_WAIT_SECONDS: Final = 120.0
_FOLDER: Final = pytest.StashKey[str]()
_HELPER: Final = pytest.StashKey[subprocess.Popen[bytes]]()
_WORKER_INPUT: Final = "assay_servers"

type BuildTemplate = Callable[[str], None]


def open_session(config: pytest.Config) -> None:
    """Start the helper, unless this is an xdist worker, which has been told where it is."""
    given = getattr(config, "workerinput", {}).get(_WORKER_INPUT)
    if given:
        config.stash[_FOLDER] = given
        return
    folder = tempfile.mkdtemp(prefix="assay-tests-")
    os.mkfifo(Path(folder) / "wanted")
    helper = subprocess.Popen([sys.executable, __file__, folder], stdin=subprocess.PIPE, start_new_session=True)
    config.stash[_FOLDER], config.stash[_HELPER] = folder, helper


def hand_on(node: Any) -> None:
    """Tell an xdist worker where the helper is."""
    node.workerinput[_WORKER_INPUT] = node.config.stash[_FOLDER]


def close_session(config: pytest.Config) -> None:
    """Have the helper stop and remove everything, and wait for it."""
    helper = config.stash.get(_HELPER, None)
    if helper is None or helper.stdin is None:
        return
    helper.stdin.close()
    helper.wait(timeout=60)
    shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)


def of(config: pytest.Config) -> "Servers":
    """The servers, started by the first call of the session."""
    folder = Path(config.stash[_FOLDER])
    answer, deadline = folder / "answer.json", time.monotonic() + _WAIT_SECONDS
    while not answer.exists():
        _wish(folder)
        if time.monotonic() > deadline:
            pytest.exit(f"the test servers did not start within {_WAIT_SECONDS:.0f} s; the helper's folder is {folder}")
        time.sleep(0.02)
    said = json.loads(answer.read_text())
    if "problem" in said:
        pytest.exit(f"the test servers did not start: {said['problem']}")
    cluster = postgres.Cluster(Path(said["data"]), Path(said["sockets"]))
    return Servers(folder, cluster, valkey.Store(Path(said["valkey"]), Path(said["socket"])), _worker_number())


def _wish(folder: Path) -> None:
    """Tell the helper that servers are wanted; without effect while it is not listening yet (or no more)."""
    with suppress(OSError):
        descriptor = os.open(folder / "wanted", os.O_WRONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "wb", buffering=0) as wanted:
            wanted.write(b"!")


def _worker_number() -> int:
    """0 without xdist, 1 for `gw0` and so on."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "")
    return int(name.removeprefix("gw")) + 1 if name else 0


@dataclass(frozen=True)
class Servers:
    """Two running servers, seen from one worker."""

    folder: Path
    cluster: postgres.Cluster
    store: valkey.Store
    worker: int

    @property
    def redis_url(self) -> str:
        """Valkey, with a database number for this worker alone."""
        return self.store.url(self.worker)

    def postgres_url(self, name: str) -> str:
        """The URL of the database `name`, whether it exists or not."""
        return self.cluster.url(name)

    def fresh_database(self, name: str, build_template: BuildTemplate) -> str:
        """A new copy of the template under `name`, replacing one of that name, and its URL."""
        self.require_template(build_template)
        self._sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}')
        return self.postgres_url(name)

    def empty_database(self, name: str) -> str:
        """A new database with nothing in it, for tests of migrations, and its URL."""
        self._sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
        return self.postgres_url(name)

    def drop_database(self, name: str) -> None:
        """Remove the database and throw out whoever is connected to it."""
        self._sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def require_template(self, build_template: BuildTemplate) -> None:
        """Build the template unless it is there; of all workers that ask, one builds and the others wait."""
        done, failed = self.folder / "template.done", self.folder / "template.failed"
        if done.exists():
            return
        with _locked(self.folder / "template.lock"):
            if failed.exists():
                pytest.exit("the template database could not be built; the first worker that tried has said why")
            if not done.exists():
                failed.touch()
                self.empty_database(TEMPLATE)
                _outside_loop(lambda: build_template(self.postgres_url(TEMPLATE)))
                failed.unlink()
                done.touch()

    def _sql(self, *statements: str) -> None:
        _outside_loop(lambda: asyncio.run(_execute(self.postgres_url("postgres"), statements)))


async def _execute(url: str, statements: Sequence[str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _outside_loop(call: Callable[[], None]) -> None:
    """Run `call` in a thread of its own: the caller may be inside an event loop, `call` may want to run one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(call).result()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _help(folder: Path) -> None:
    """The helper: start the servers at the first wish, keep them until standard input ends."""
    wishes = os.open(folder / "wanted", os.O_RDWR)
    ready, _, _ = select.select([sys.stdin.buffer, wishes], [], [])
    if wishes not in ready:
        return
    try:
        with throwaway.servers() as both:
            _answer(folder, both)
            sys.stdin.buffer.read()
    except Exception as error:  # noqa: BLE001 - told to whoever waits
        _tell(folder, {"problem": f"{type(error).__name__}: {error}"})
        sys.stdin.buffer.read()


def _answer(folder: Path, both: throwaway.Servers) -> None:
    places = {"data": both.cluster.data, "sockets": both.cluster.sockets, "valkey": both.store.data, "socket": both.store.socket}
    _tell(folder, {name: str(place) for name, place in places.items()})


def _tell(folder: Path, said: dict[str, str]) -> None:
    unfinished = folder / "answer.new"
    unfinished.write_text(json.dumps(said))
    unfinished.replace(folder / "answer.json")


def _main(folder: Path) -> None:
    # Whoever ends the test run closes our standard input; a signal sent to the whole group must not come first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _help(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
