"""`assay check` on a live database: what it says and the exit code it says it with."""

import json
import subprocess
import sys
from pathlib import Path

from processes import environment_of
from sqlalchemy import text

from assay.domain.invariants import Invariant
from assay.runtime import Runtime


def check(runtime: Runtime, folder: Path, *options: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run it as an operator does."""
    command = [sys.executable, "-m", "assay", "check", "--data", str(folder / "none"), *options]
    environment = {**environment_of(runtime.settings, "http://127.0.0.1:1"), **changes}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


async def test_all_is_well(runtime: Runtime, tmp_path: Path) -> None:
    """Every invariant in a row, exit code 0; as JSON the same."""
    ended = check(runtime, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert all(invariant in ended.stdout for invariant in Invariant)
    assert ended.stdout.splitlines()[-1] == f"all {len(Invariant)} invariants hold"
    told = json.loads(check(runtime, tmp_path, "--json").stdout)
    assert told["holds"] is True
    assert [(finding["name"], finding["violations"]) for finding in told["findings"]] == [(each.value, 0) for each in Invariant]


async def test_a_violation_is_named_and_is_exit_code_1(runtime: Runtime, tmp_path: Path) -> None:
    """The sentence and what breaks it."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("ALTER TABLE essay_scores DISABLE TRIGGER immutable"))
    ended = check(runtime, tmp_path)
    assert ended.returncode == 1, ended.stderr
    assert "The triggers that refuse to change what is written once are there and enabled. Not so: essay_scores" in ended.stdout
    assert ended.stdout.splitlines()[-1] == f"broken: 1 of {len(Invariant)} invariants"
    as_json = check(runtime, tmp_path, "--json")
    assert as_json.returncode == 1
    (finding,) = [each for each in json.loads(as_json.stdout)["findings"] if each["violations"]]
    assert finding == {
        "name": "written_once_is_guarded",
        "meaning": "The triggers that refuse to change what is written once are there and enabled.",
        "violations": 1,
        "examples": ["essay_scores"],
    }


async def test_a_database_that_is_away_is_no_good_news(runtime: Runtime, tmp_path: Path) -> None:
    """Nothing was checked, so nothing holds: exit code 2, one sentence and no report."""
    ended = check(runtime, tmp_path, "--json", ASSAY_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    assert "The database cannot be reached." in ended.stderr
