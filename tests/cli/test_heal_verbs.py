"""`assay heal` as an operator meets it."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from dead import buried, working
from journeys import Student
from processes import environment_of
from rich.console import Console
from sqlalchemy import text
from typer.testing import CliRunner
from waiting import until

from assay.cli import heal_table
from assay.cli.verbs import app
from assay.domain.degradation import Cause, Stage
from assay.domain.jobs import JobType
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services.healing import HealedByHand, Waiting, WaitingRead


def heal(runtime: Runtime, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run `assay heal …`."""
    command = [sys.executable, "-m", "assay", "heal", *map(str, words), "--data", str(folder / "none")]
    environment = {**environment_of(runtime.settings, "http://127.0.0.1:1"), "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)


@pytest.fixture
async def held(runtime: Runtime, student: Student, track_id: UUID) -> Any:
    """A result whose essays are held for a person, for a defect of ours that is mended by now."""
    return await buried(runtime, student, track_id, JobType.SCORE_ESSAY, error=ZeroDivisionError("mended"))


async def test_list_and_run(runtime: Runtime, student: Student, held: Any, tmp_path: Path) -> None:
    """It is counted, and that nothing makes it again by itself; asked for, it heals, and the audit trail says so."""
    listed = heal(runtime, tmp_path, "list", "--json")
    assert listed.returncode == 0, listed.stderr
    (item,) = json.loads(listed.stdout)["items"]
    assert (item["stage"], item["cause"], item["results"], item["byItself"]) == ("essayScoring", "internal_error", 1, False)

    sent = heal(runtime, tmp_path, "run", "--cause", "internal_error", "--json")
    assert sent.returncode == 0, sent.stderr
    assert json.loads(sent.stdout) == {"assessments": [held["assessmentId"]], "more": False}
    under_way = heal(runtime, tmp_path, "run", "--assessment", held["assessmentId"])
    assert (under_way.returncode, under_way.stderr.startswith("There is nothing to make again")) == (1, True)

    async def healed() -> bool:
        answer = await student.request("GET", f"/assessments/{held['assessmentId']}/result")
        return answer.json()["degraded"] is False

    async with working(runtime):
        await until(healed)
    async with runtime.open_uow() as uow:
        query = "SELECT count(*) FROM audit_logs WHERE action = 'result:resend' AND target_id = :id"
        assert await uow.session.scalar(text(query), {"id": held["assessmentId"]}) == 1


def test_what_people_read(capsys: pytest.CaptureFixture[str]) -> None:
    """A row a cause with who has it made again, and a line that says it all."""
    moment = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    row = WaitingRead(stage=Stage.RETRIEVAL, cause=Cause.INDEX_EMPTY, results=7, since=moment, by_itself=True)
    heal_table.show_waiting(Waiting(items=(row, row.model_copy(update={"by_itself": False}))), Console(width=100))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["retrieval", "index_empty", "7", "2026-11-23", "05:00", "by", "itself"]
    assert (lines[2].endswith("on request"), lines[-1]) == (True, "14 degraded stages")
    assessment_id = new_id()
    heal_table.show_sent(HealedByHand(assessments=(assessment_id,), more=True), Console(width=100))
    assert capsys.readouterr().out.splitlines() == [str(assessment_id), "1 results are made again; there may be more, ask again"]


@pytest.mark.parametrize("words", [["run"], ["run", "--cause", "boredom"], ["run", "--assessment", "no-id"]])
def test_what_cannot_be_meant_is_refused(words: list[str]) -> None:
    """Neither cause nor assessment, a cause there is not, an id that is none."""
    assert CliRunner().invoke(app, ["heal", *words]).exit_code == 2


def test_one_result_or_a_cause_not_both() -> None:
    """Asked for both, nothing is done."""
    assert CliRunner().invoke(app, ["heal", "run", "--assessment", str(new_id()), "--cause", "timeout"]).exit_code == 2
