"""A whole database as a file, and a file as a database: `pg_dump` and `pg_restore`, with what each table holds of the same moment."""

# ruff: noqa: S608 - statements are put together from the names of our own tables

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from assay.db import client_programs
from assay.db.key_proofs import Proof
from assay.db.unit_of_work import outages_named
from assay.domain.backups import Contents
from assay.domain.keys import KeyPurpose

_PATIENCE: Final = text(
    "SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),"
    " set_config('TimeZone', 'UTC', true), set_config('extra_float_digits', '1', true)"
)
_TABLES: Final = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
_OCCUPANTS: Final = text(
    """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY c.relname
    """
)
_FACTS: Final = text(
    "SELECT current_setting('server_version_num')::int / 10000, current_database(), EXISTS (SELECT FROM pg_available_extensions"
    " WHERE name = 'vector')"
)
_PROOFS: Final = text("SELECT purpose, key_id, proof FROM key_proofs ORDER BY purpose, key_id")


class Server(NamedTuple):
    """Postgres' major version, the database's name, and whether vectors can be kept there."""

    major: int
    database: str
    vectors: bool


class Dumped(NamedTuple):
    """What is in a dump."""

    revision: str
    proofs: tuple[Proof, ...]
    tables: dict[str, Contents]


class Archive:
    """One database. Everything raises `Unavailable` when it is away, or when no program of its version is here."""

    def __init__(self, engine: AsyncEngine, url: str, places: Sequence[Path] = ()) -> None:
        """`places` are folders with client programs beside those of the system."""
        self._engine = engine
        self._url = url
        self._places = places

    async def server(self) -> Server:
        """What it is."""
        with outages_named():
            async with self._engine.connect() as connection:
                return Server(*(await connection.execute(_FACTS)).one())

    async def occupants(self) -> list[str]:
        """The tables that are there; none in a database that may be restored into."""
        with outages_named():
            async with self._engine.connect() as connection:
                return list(await connection.scalars(_OCCUPANTS))

    async def dump(self, file: Path) -> Dumped:
        """Write everything to `file` in Postgres' custom format while others write. What is told is of the dump's own moment."""
        program = client_programs.find("pg_dump", (await self.server()).major, self._places)
        with outages_named():
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(isolation_level="REPEATABLE READ")
                await connection.execute(_PATIENCE)
                snapshot = await connection.scalar(text("SELECT pg_export_snapshot()"))
                revision = await connection.scalar(text("SELECT version_num FROM alembic_version"))
                proofs = [Proof(KeyPurpose(row.purpose), row.key_id, row.proof) for row in await connection.execute(_PROOFS)]
                tables = await _contents(connection)
                await client_programs.run(program, self._url, "--format=custom", f"--snapshot={snapshot}", f"--file={file}")
        return Dumped(str(revision), tuple(proofs), tables)

    async def load(self, file: Path, major: int) -> None:
        """Make the empty database what `file` holds, written by the programs of `major`: all of it or nothing. Raises `Conflict`."""
        program = client_programs.find("pg_restore", max((await self.server()).major, major), self._places)
        # whoever restores owns it then: accounts and grants belong to an installation, not to its data
        words = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-comments")
        database = (await self.server()).database
        await client_programs.run(program, self._url, *words, f"--dbname={database}", str(file))

    async def contents(self) -> dict[str, Contents]:
        """What each table holds now."""
        with outages_named():
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(isolation_level="REPEATABLE READ")
                await connection.execute(_PATIENCE)
                return await _contents(connection)


async def _contents(connection: AsyncConnection) -> dict[str, Contents]:
    """The text of a row is the same wherever it lies; the sum of 64 bits of each row's MD5 does not depend on their order."""
    found = {}
    for name in list(await connection.scalars(_TABLES)):
        hashed = "coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint), 0)::text"
        row = (await connection.execute(text(f"SELECT count(*) AS rows, {hashed} AS fingerprint FROM {name} t"))).one()
        found[name] = Contents(rows=row.rows, fingerprint=row.fingerprint)
    return found
