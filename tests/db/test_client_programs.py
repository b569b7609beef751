"""Postgres' client programs: which one is taken, what is said without one, and what others can see of a password."""

from pathlib import Path

import pytest

from assay.db import client_programs
from assay.domain.errors import Conflict, Unavailable


def program(folder: Path, name: str, version: str, body: str = "") -> Path:
    """A program in `folder` that tells a version."""
    folder.mkdir(exist_ok=True)
    made = folder / name
    made.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "{name} (PostgreSQL) {version}"; exit; fi\n{body}\n')
    made.chmod(0o755)
    return made


def test_the_first_that_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older one on the path is passed over, for it would refuse the server; without any, what to install is said."""
    old, new = program(tmp_path / "path", "pg_dump", "15.18"), program(tmp_path / "wheel", "pg_dump", "18.1")
    monkeypatch.setenv("PATH", str(old.parent), prepend=":")
    monkeypatch.setattr(client_programs, "PACKAGES", tmp_path / "none")
    assert client_programs.find("pg_dump", 15, [new.parent]) == old
    assert client_programs.find("pg_dump", 18, [new.parent]) == new
    with pytest.raises(Unavailable, match="Install postgresql-client-19"):
        client_programs.find("pg_dump", 19, [new.parent])


async def test_a_password_is_on_no_command_line(tmp_path: Path) -> None:
    """It goes through the environment, with all else that leads to the database, a socket's folder too."""
    told = program(tmp_path / "wheel", "pg_dump", "18.1", 'echo "$@"; env | grep ^PG | sort')
    url = "postgresql+asyncpg://assay:s%40crét@db.example:5433/assay?ssl=verify-full"
    words, *given = (await client_programs.run(told, url, "--format=custom")).splitlines()
    assert words == "--no-password --format=custom"
    assert {"PGHOST=db.example", "PGPORT=5433", "PGUSER=assay", "PGPASSWORD=s@crét", "PGDATABASE=assay", "PGSSLMODE=verify-full"} <= {
        *given
    }
    there = await client_programs.run(told, "postgresql+asyncpg://assay@/assay?host=/run/pg")
    assert "PGHOST=/run/pg" in there


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ('pg_restore: error: connection to server on socket "/x" failed: No such file', Unavailable),
        ('pg_restore: error: could not execute query: ERROR:  type "vector" does not exist', Conflict),
    ],
)
async def test_a_complaint_is_passed_on(tmp_path: Path, said: str, kind: type[Exception]) -> None:
    """A server that is away is told from a refusal."""
    complaining = program(tmp_path / "wheel", "pg_restore", "18.1", f"echo 'a note' >&2; echo '{said}' >&2; exit 3")
    with pytest.raises(kind, match=r"pg_restore: error: "):
        await client_programs.run(complaining, "postgresql+asyncpg://assay@/assay")
