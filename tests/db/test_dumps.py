"""What somebody finds who has a dump of the database, its files, or its write-ahead log: of every encrypted field nothing."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import servers
from canaries import disguises
from sealed_rows import PLACES, fill, word

from assay.db.unit_of_work import OpenUnitOfWork
from assay.embedded import postgres
from assay.settings import Settings

MARKS = ("Zwyxalice", "Zwyxbertha")
WORDS = {word(mark, place): place for mark in MARKS for place in PLACES}


def betrayed(raw: bytes) -> set[str]:
    """The places whose words are in `raw`: as they are, in hexadecimal, base64 or UTF-16."""
    text = raw.decode("latin-1")
    lowered = text.lower()
    return {place for canary, place in WORDS.items() if any(each in text or each in lowered for each in disguises(canary))}


@pytest.fixture
async def written(open_uow: OpenUnitOfWork, new_assessment: Any, settings: Settings) -> str:
    """Every field written twice; where the write-ahead log stood before."""
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    before: str = await connection.fetchval("SELECT pg_current_wal_lsn()::text")
    for mark in MARKS:
        async with open_uow() as uow:
            await fill(uow, await new_assessment(uow), mark)
    await connection.execute("CHECKPOINT")
    await connection.close()
    return before


def test_the_search_finds_what_it_looks_for() -> None:
    """In clear and in every disguise, in the middle of anything."""
    for canary, place in list(WORDS.items())[:3]:
        for raw in (canary.encode(), canary.upper().encode(), canary.encode().hex().encode(), canary.encode("utf-16-le")):
            assert betrayed(b"\x00\xff" + raw + b"\x80") == {place}
    assert betrayed(b"nothing") == set()


async def test_a_dump_says_nothing(written: str, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """`pg_dump`, in clear: rows of all tables are in it, and not one word of any field."""
    del written
    url = settings.database_url.get_secret_value()
    words = (str(postgres.binaries() / "pg_dump"), "--dbname", url)
    dump = (await asyncio.to_thread(subprocess.run, words, capture_output=True, check=True)).stdout
    assert dump.count(b"COPY public.") > 30
    assert betrayed(dump) == set()
    with capsys.disabled():
        print(f"\n{len(PLACES)} encrypted fields, {len(WORDS)} words, {len(dump):,} bytes of dump: 0 hits")  # noqa: T201 - the figure


async def test_files_and_the_log_say_nothing(written: str, settings: Settings, shared: servers.Servers) -> None:
    """Postgres' own files of this database after a checkpoint, and the write-ahead log since before anything was written."""
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    folder = await connection.fetchval("SELECT oid::text FROM pg_database WHERE datname = current_database()")
    query = (
        "SELECT name FROM pg_ls_waldir() WHERE name >= pg_walfile_name($1::text::pg_lsn) AND name <= pg_walfile_name(pg_current_wal_lsn())"
    )
    logs = [row["name"] for row in await connection.fetch(query, written)]
    await connection.close()
    data: Path = shared.cluster.data
    files = [*(data / "base" / folder).iterdir(), *(data / "pg_wal" / name for name in logs)]
    read = {file.name: raw for file in files if (raw := contents(file)) is not None}
    assert len(read) > 100
    assert logs
    assert {name: hits for name, raw in read.items() if (hits := betrayed(raw))} == {}


def contents(file: Path) -> bytes | None:
    """What is in a file; None for one that Postgres has removed since."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
