"""The document of the API held against the service by Schemathesis, as every role and as nobody: answers are as documented."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from rich.console import Console

from assay.domain.actors import Role
from benchmarks import people
from benchmarks.report import Figure
from benchmarks.stack import PROJECT
from faults.scenes import scene
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, World

STUDENTS: Final = 4
"""With finished assessments, so that there is something to ask for."""
SUBMITTED_IN: Final = 4.0
ALL: Final = ("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "10")
"""Ten are drawn at random for each operation; the edges of every schema are tried beside them, as many as there are."""
EXPECTED: Final = Path(__file__).with_name("schemathesis.toml")
ENDS_TOKENS: Final = "/auth/logout-everywhere"
"""Tried at last: whoever asks is a stranger afterwards."""
NOBODY: Final = "nobody"
_IDS: Final = {
    "assessment_id": "SELECT id FROM assessments LIMIT 20",
    "cohort_id": "SELECT id FROM cohorts LIMIT 20",
    "credential_id": "SELECT id FROM credential_catalog LIMIT 20",
    "essay_score_id": "SELECT id FROM essay_scores LIMIT 20",
    "job_id": "SELECT id FROM async_jobs LIMIT 20",
    "person_id": "SELECT id FROM users WHERE role = 'student' LIMIT 20",
    "question_id": "SELECT id FROM questions LIMIT 20",
    "recommendation_id": "SELECT id FROM recommendations LIMIT 20",
    "track_id": "SELECT id FROM role_catalog LIMIT 20",
    "version_id": "SELECT id FROM index_versions LIMIT 20",
}
"""Whose ids stand in paths half of the time, so that not everything ends at 404."""


class Explored(NamedTuple):
    """What came of one run."""

    operations: int
    tested: int
    cases: int
    failures: tuple[str, ...]


async def explore(site: str, headers: Mapping[str, str], ids: Mapping[str, Sequence[str]], *options: str) -> Explored:
    """Try every operation of the API at `site` with all checks; `options` are Schemathesis' own.

    Raises `RuntimeError` when Schemathesis itself could not end.
    """
    with TemporaryDirectory() as folder:
        first = await _run(Path(folder), site, headers, ids, "--exclude-path", ENDS_TOKENS, *options)
        last = await _run(Path(folder), site, headers, ids, "--include-path", ENDS_TOKENS, *options)
    reports = (first, last)
    return Explored(
        operations=first["operations"]["total"],
        tested=sum(each["operations"]["tested"] for each in reports),
        cases=sum(each["test_cases"]["generated"] for each in reports),
        failures=tuple(_told(failure) for each in reports for failure in (*each["failures"], *each["errors"])),
    )


async def by_everybody(world: World) -> list[Figure]:
    """Play all roles on one installation with finished assessments in it."""
    async with scene(world, STUDENTS, API, SWEEPER, WORKERS[0], ASSAY_RATE_LIMIT_SCALE="1000") as on:
        await on.load(on.taken, SUBMITTED_IN)
        await world.drained(60)
        ids = {name: [str(row["id"]) for row in await world.query(query)] for name, query in _IDS.items()}
        known = {name: found for name, found in ids.items() if found}
        played = {NOBODY: await explore(world.url(API), {}, known, *ALL)}
        for role in Role:
            actor = on.taken[0].actor if role is Role.STUDENT else (await people.enrol(on.runtime, 1, role))[0]
            played[role] = await explore(world.url(API), people.authorization(on.runtime, actor), known, *ALL)
        return [figure for name, explored in played.items() for figure in _figures(world.console, name, explored)]


def _figures(console: Console, name: str, explored: Explored) -> list[Figure]:
    for failure in explored.failures:
        console.print(f"[red]as {name}:[/] {failure}", highlight=False)
    return [
        Figure(f"cases as {name}", (explored.cases,), digits=0, at_least=1_000),
        none(f"operations not tried as {name}", explored.operations - explored.tested),
        none(f"failures as {name}", len(explored.failures)),
    ]


async def _run(folder: Path, site: str, headers: Mapping[str, str], ids: Mapping[str, Sequence[str]], *options: str) -> dict[str, Any]:
    """One run's report."""
    settings, report = folder / "schemathesis.toml", folder / "report.json"
    settings.write_text(_bound(ids) + EXPECTED.read_text(encoding="utf-8"), encoding="utf-8")
    report.unlink(missing_ok=True)
    words = ["--config-file", str(settings), "run", f"{site}/api/v1/openapi.json", *options]
    words += [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
    words += ["--checks", "all", "--continue-on-failure", "--no-color"]
    words += ["--report", "json", "--report-json-path", str(report)]
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "schemathesis.cli",
        *words,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "SCHEMATHESIS_HOOKS": "faults.packages"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await running.communicate()
    if not report.exists():
        raise RuntimeError(said.decode(errors="replace")[-2_000:])
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def _bound(ids: Mapping[str, Sequence[str]]) -> str:
    """The ids as dictionaries of Schemathesis. A JSON string is a TOML string."""
    bound = "".join(f'"path.{name}" = {{ dictionary = "{name}", probability = 0.5 }}\n' for name in ids)
    lists = "".join(f"[dictionaries.{name}]\nvalues = {json.dumps(list(values))}\n" for name, values in ids.items())
    return f"[parameters]\n{bound}\n{lists}\n"


def _told(failure: Mapping[str, Any]) -> str:
    return f"{failure.get('code', '')} {failure.get('title', '')}: {', '.join(map(str, failure.get('operations', ())))}".strip()
