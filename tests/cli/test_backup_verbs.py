"""`assay backup`, `restore`, `webhooks` and `people erase-listed` for programs: JSON, exit codes, refusals in a sentence."""

import json
from pathlib import Path

import pytest
from hooks import registered
from typer.testing import CliRunner

from assay.cli.verbs import app
from assay.kit.ids import new_id
from assay.runtime import open_runtime
from assay.settings import Settings

pytestmark = pytest.mark.usefixtures("installed")


def run(folder: Path, *words: str, said: str = "") -> tuple[int, str, str]:
    """Exit code and both streams of a verb."""
    done = CliRunner().invoke(app, [*words, "--data", str(folder / "none")], input=said)
    return done.exit_code, done.stdout, done.stderr


def test_a_backup_and_what_refuses_it(tmp_path: Path) -> None:
    """What is written is told; the same name again, a folder that is missing and a database that is not empty are refused."""
    file = tmp_path / "assay.dump"
    code, told, _ = run(tmp_path, "backup", str(file), "--json")
    assert (code, json.loads(told)["file"]) == (0, str(file))
    assert json.loads(told)["manifest"] == json.loads((tmp_path / "assay.dump.json").read_text())
    code, told, why = run(tmp_path, "backup", str(file))
    assert (code, told) == (1, "")
    assert "overwrites none" in why
    assert run(tmp_path, "backup", str(tmp_path / "nowhere" / "file"))[0] == 2
    code, told, why = run(tmp_path, "restore", str(file), "--dry-run")
    assert (code, told) == (1, "")
    assert "is not empty" in why


def test_a_database_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is exit code 2, and leaves no file behind."""
    monkeypatch.setenv("ASSAY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert run(tmp_path, "backup", str(tmp_path / "assay.dump"))[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_list_of_erased_people(tmp_path: Path) -> None:
    """Read from standard input; somebody who came later is counted, a line that cannot be read is named."""
    code, told, _ = run(
        tmp_path, "people", "erase-listed", "-", "--json", said=f'{{"event": "person_erased", "person_id": "{new_id()}"}}\n'
    )
    assert (code, json.loads(told)) == (0, {"erased": [], "already": 0, "unknown": 1, "refused": []})
    code, _, why = run(tmp_path, "people", "erase-listed", "-", said="nonsense\n")
    assert (code, "line 1" in why) == (1, True)


@pytest.fixture
async def endpoint(settings: Settings) -> str:
    """The id of an endpoint."""
    async with open_runtime(settings) as runtime:
        return str((await registered(runtime, "https://lms.example.edu/hooks")).id)


def test_webhooks(endpoint: str, tmp_path: Path) -> None:
    """Listed, switched off and on; nothing is sent while it is off, and nothing was given up."""
    assert [each["id"] for each in json.loads(run(tmp_path, "webhooks", "list", "--json")[1])["items"]] == [endpoint]
    assert json.loads(run(tmp_path, "webhooks", "disable", endpoint, "--json")[1])["isActive"] is False
    code, _, why = run(tmp_path, "webhooks", "resend", endpoint)
    assert (code, "Enable it first" in why) == (1, True)
    assert json.loads(run(tmp_path, "webhooks", "enable", endpoint, "--json")[1])["isActive"] is True
    assert json.loads(run(tmp_path, "webhooks", "resend", endpoint, "--json")[1]) == {"resent": [], "forgotten": 0, "remaining": 0}
    assert json.loads(run(tmp_path, "webhooks", "failed", "--json")[1])["items"] == []
