"""A generated catalog as a file into an empty database: rows a second, memory, and whether every bad row is told and no row is lost."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple

import asyncpg
from rich.console import Console

from assay.domain.imports import CatalogFormat
from assay.domain.interchange import WRITERS
from assay.domain.interchange.rows import CatalogRow
from assay.observability.logging import configure_logging
from assay.services import seeding
from benchmarks import generated, machine
from benchmarks.report import Figure, Report
from benchmarks.stack import PROJECT, Stack, bare_stack
from benchmarks.watch import watched

MEGABYTES: Final = 300
_BAD_EVERY: Final = 1_000


class Ran(NamedTuple):
    """What one run of the command line gave: seconds, megabytes at most, and what it printed."""

    seconds: float
    peak: float
    told: dict[str, Any]


class Measured(NamedTuple):
    """An import into a catalog without these credentials, the same file again, and the way out and back in as CTDL."""

    first: Ran
    again: Ran
    exported: Ran
    linked: Ran
    megabytes: float
    expected: Mapping[int, str]
    """Pointers of the bad rows by their lines."""
    rows: int
    stored: int


def run(console: Console, *, rows: int, durable: bool) -> Report:
    """Measure a file of `rows` rows, one in a thousand of them bad."""
    configure_logging("console", "WARNING")
    with bare_stack(console, durable=durable) as stack:
        facts = asyncio.run(machine.facts(stack.database_url))
        measured = asyncio.run(_measure(stack, rows))
    return Report(
        name="import",
        what=f"assay catalog import of {rows:,} generated credentials, {measured.megabytes:,.0f} MB of CSV, in a process of its own",
        machine=facts,
        figures=list(_figures(measured)),
        notes=(
            "Imported with --on-error skip, in one transaction; embedding is the index's business and not in these figures.",
            "Memory is the kernel's high-water mark of the whole process, interpreter and libraries included.",
            "The way out and back in: exported as CTDL JSON-LD, and that file imported as a dry run.",
        ),
    )


def _figures(measured: Measured) -> Iterator[Figure]:
    first, again, linked = (_counts(each) for each in (measured.first, measured.again, measured.linked))
    bad, good = len(measured.expected), measured.rows - len(measured.expected)
    found = {problem["line"]: problem["pointer"] for problem in measured.first.told["problems"]}
    right = sum(found.get(line) == pointer for line, pointer in measured.expected.items())
    yield Figure("rows a second", (measured.rows / measured.first.seconds,), "", 0)
    yield Figure("the same file again: rows a second", (measured.rows / measured.again.seconds,), "", 0)
    yield Figure("export as CTDL: rows a second", (good / measured.exported.seconds,), "", 0)
    yield Figure("CTDL, dry run: rows a second", (good / measured.linked.seconds,), "", 0)
    for name, each in (("import", measured.first), ("again", measured.again), ("export", measured.exported), ("CTDL", measured.linked)):
        yield Figure(f"peak memory, {name}", (each.peak,), "MB", 0, at_most=MEGABYTES)
    yield Figure("bad rows told by line and pointer", (right,), f"of {bad}", 0, at_least=bad)
    yield Figure("good rows refused", (len(found) - right,), "", 0, at_most=0)
    yield Figure("rows lost (counts beside the file)", (abs(measured.rows - sum(first.values())),), "", 0, at_most=0)
    yield Figure("credentials missing in the catalog", (abs(good - measured.stored),), "", 0, at_most=0)
    yield Figure("changed by the same file", (again["created"] + again["updated"],), "", 0, at_most=0)
    yield Figure("changed by its own export", (linked["created"] + linked["updated"] + linked["refused"],), "", 0, at_most=0)


def _counts(ran: Ran) -> dict[str, int]:
    counts: dict[str, int] = ran.told["result"]["counts"]
    return counts


async def _measure(stack: Stack, rows: int) -> Measured:
    names = seeding.read(PROJECT / "seeds").skills
    file, linked = stack.folder.root / "catalog.csv", stack.folder.root / "catalog.jsonld"
    with stack.console.status(f"writing {rows:,} rows …"):
        expected = _write(file, rows, names)
    connection = await asyncpg.connect(stack.database_url.replace("+asyncpg", ""))
    for table in ("embedding_artifacts", "credential_versions", "credential_catalog"):
        await connection.execute(f"DELETE FROM {table}")
    words = ("import", str(file), "--on-error", "skip", "--status", "published", "--json")
    first = await _ran(stack, "import", *words)
    await connection.execute("VACUUM ANALYZE credential_catalog, credential_versions")
    stored = int(await connection.fetchval("SELECT count(*) FROM credential_catalog"))
    await connection.close()
    again = await _ran(stack, "again", *words)
    exported = await _ran(stack, "export", "export", "--format", "ctdl", "--output", str(linked))
    back = await _ran(stack, "CTDL", "import", str(linked), "--dry-run", "--json")
    return Measured(first, again, exported, back, file.stat().st_size / 2**20, expected, rows, stored)


async def _ran(stack: Stack, name: str, *words: str) -> Ran:
    """One run of `assay catalog`. Raises `RuntimeError` when it says nothing."""
    begun = perf_counter()
    program = (sys.executable, "-m", "assay", "catalog", *words, "--data", str(stack.folder.root))
    environment = {**os.environ, **stack.environment}
    process = await asyncio.create_subprocess_exec(
        *program, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    with stack.console.status(f"{name} …"):
        async with watched(process.pid) as watching:
            said, _ = await process.communicate()
    seconds = perf_counter() - begun
    stack.console.print(f"[dim]{name} {seconds:.1f} s[/]", highlight=False)
    if words[0] == "import" and not said:
        raise RuntimeError(f"assay catalog {' '.join(words)} ended with {process.returncode} and said nothing")
    return Ran(seconds, watching.peak, json.loads(said) if said else {})


def _write(file: Path, rows: int, names: Mapping[str, str]) -> dict[int, str]:
    """Write the file; what is wrong in it, pointer by line. Every row is one line."""
    writer = WRITERS[CatalogFormat.CSV]
    expected: dict[int, str] = {}
    with file.open("wb") as out:
        out.write(writer.begin)
        for number, content in enumerate(generated.credentials(rows, names)):
            row = CatalogRow.model_validate({**content.model_dump(), "slug": f"generated-{number}"})
            line = writer.each(row, names)
            if number % _BAD_EVERY == _BAD_EVERY - 1:
                line, expected[number + 2] = _spoilt(line, row, number // _BAD_EVERY)
            out.write(line)
    return expected


def _spoilt(line: bytes, row: CatalogRow, turn: int) -> tuple[bytes, str]:
    """A row with one thing wrong, and the pointer to it: by turns a level, a skill, a number, a cell too many, bytes that are no text."""
    skills = "|".join(row.skills).encode()
    wrong: tuple[tuple[bytes, str], ...] = (
        (line.replace(f",{row.level},".encode(), b",wizard,"), "/level"),
        (line.replace(skills, b"witchcraft|" + skills), "/skills/0"),
        (line.replace(f",{row.level},{row.workload_hours},".encode(), f",{row.level},many,".encode()), "/workloadHours"),
        (line.replace(b"\r\n", b",more\r\n"), ""),
        (line.replace(row.title[:3].encode(), b"\xff\xfe"), ""),
    )
    return wrong[turn % len(wrong)]
