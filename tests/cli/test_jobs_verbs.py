"""`assay jobs` as an operator meets it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from dead import buried, jobs_of
from journeys import Student
from processes import environment_of
from typer.testing import CliRunner

from assay.cli.verbs import app
from assay.domain.jobs import JobType
from assay.kit.ids import new_id
from assay.runtime import Runtime


def jobs(runtime: Runtime, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run `assay jobs …`."""
    command = [sys.executable, "-m", "assay", "jobs", *map(str, words), "--data", str(folder / "none")]
    environment = {**environment_of(runtime.settings, "http://127.0.0.1:1"), "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


@pytest.fixture
async def dead(runtime: Runtime, student: Student, track_id: UUID) -> Any:
    """The dead essay job of a finished assessment."""
    result = await buried(runtime, student, track_id, JobType.SCORE_ESSAY, error=ZeroDivisionError("never shown"))
    return (await jobs_of(runtime, result))[0]


async def test_list_show_and_send_again(runtime: Runtime, dead: Any, tmp_path: Path) -> None:
    """The dead one is listed with its cause, shown with its stack, sent again once; then it says as what."""
    listed = jobs(runtime, tmp_path, "dead")
    assert listed.returncode == 0, listed.stderr
    assert str(dead.id) in listed.stdout
    assert "internal_error" in listed.stdout
    assert listed.stdout.splitlines()[-1] == "1 dead jobs"
    (item,) = json.loads(jobs(runtime, tmp_path, "dead", "--cause", "internal_error", "--json").stdout)["items"]
    assert (item["id"], item["cause"], item["error"], item["sentAgainAs"]) == (str(dead.id), "internal_error", "ZeroDivisionError", None)
    assert json.loads(jobs(runtime, tmp_path, "dead", "--cause", "timeout", "--json").stdout)["items"] == []

    shown = jobs(runtime, tmp_path, "show", dead.id)
    assert shown.stdout.endswith("builtins.ZeroDivisionError\n")
    assert "never shown" not in shown.stdout
    assert json.loads(jobs(runtime, tmp_path, "show", dead.id, "--json").stdout)["stack"] == dead.stack

    sent = jobs(runtime, tmp_path, "resend", dead.id)
    assert sent.returncode == 0, sent.stderr
    assert sent.stdout.splitlines()[-1] == "1 sent again, 0 refused"
    again = jobs(runtime, tmp_path, "resend", dead.id)
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("This job was sent again already, as ")
    (item,) = json.loads(jobs(runtime, tmp_path, "dead", "--json").stdout)["items"]
    assert item["sentAgainAs"] in again.stderr


async def test_all_of_a_cause(runtime: Runtime, dead: Any, tmp_path: Path) -> None:
    """Sent together; a second time there is nothing to send."""
    sent = json.loads(jobs(runtime, tmp_path, "resend", "--cause", "internal_error", "--json").stdout)
    assert [each["id"] for each in sent["resent"]] == [str(dead.id)]
    assert json.loads(jobs(runtime, tmp_path, "resend", "--cause", "internal_error", "--json").stdout)["resent"] == []


async def test_a_job_that_is_not_there(runtime: Runtime, tmp_path: Path) -> None:
    """A sentence and exit code 1."""
    for verb in ("show", "resend"):
        ended = jobs(runtime, tmp_path, verb, new_id())
        assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "There is no such job.\n")


@pytest.mark.parametrize("words", [["resend"], ["resend", "--cause", "boredom"], ["dead", "--cause", "boredom"], ["show", "no-id"]])
def test_what_cannot_be_meant_is_refused(words: list[str]) -> None:
    """Neither job nor cause, a cause there is not, an id that is none."""
    assert CliRunner().invoke(app, ["jobs", *words]).exit_code == 2


def test_one_job_or_a_cause_not_both() -> None:
    """Asked for both, nothing is done."""
    assert CliRunner().invoke(app, ["jobs", "resend", str(new_id()), "--cause", "timeout"]).exit_code == 2
