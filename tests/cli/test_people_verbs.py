"""`assay people` as an operator meets it."""

import json
import subprocess
import sys
from pathlib import Path

from processes import environment_of
from typer.testing import CliRunner

from assay.cli.verbs import app
from assay.domain.actors import Actor
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import password_links


def run(runtime: Runtime, folder: Path, *words: object, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run `assay people …`."""
    command = [sys.executable, "-m", "assay", "people", *map(str, words), "--data", str(folder / "none")]
    environment = {**environment_of(runtime.settings, "http://127.0.0.1:1"), "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder, input=said)


async def test_find_hold_export_erase(runtime: Runtime, student_actor: Actor, tmp_path: Path) -> None:
    """Found by address, also as logs and traces mean them, held, refused with the reason, released, handed out, erased with its proof."""
    person = str(student_actor.id)
    found = run(runtime, tmp_path, "find", said="student@assay.example\n")
    assert found.stdout.split()[0] == person, found.stderr
    assert f"in logs and traces: {runtime.pseudonym(student_actor.id)}" in found.stdout
    held = run(runtime, tmp_path, "hold", person, "--reason", "A complaint is pending")
    assert "A complaint is pending" in held.stdout, held.stderr
    refused = run(runtime, tmp_path, "erase", person, "--reason", "Asked by letter", "--yes")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "A complaint is pending" in refused.stderr
    assert json.loads(run(runtime, tmp_path, "release", person, "--reason", "It is settled", "--json").stdout)["id"] == person
    exported = json.loads(run(runtime, tmp_path, "export", person, "--reason", "Asked by letter").stdout)
    assert exported["kept"]["users"][0]["email"] == "student@assay.example"
    erased = run(runtime, tmp_path, "erase", person, "--reason", "Asked by letter", "--yes")
    assert (erased.returncode, erased.stdout.splitlines()[-1]) == (0, "still readable: nothing"), erased.stderr


async def test_inviting_prints_a_link_that_is_good(runtime: Runtime, student_actor: Actor, tmp_path: Path) -> None:
    """On a line of its own, at the service's address; another one ends it, and nobody is told about somebody there is not."""
    printed = run(runtime, tmp_path, "invite", student_actor.id)
    link, told = printed.stdout.splitlines()
    assert (link.startswith(f"{runtime.settings.public_url}/choose-password?link="), told[:16]) == (True, "good once, until"), (
        printed.stderr
    )
    second = json.loads(run(runtime, tmp_path, "reset", student_actor.id, "--json").stdout)["url"]
    async with runtime.open_uow(autocommit=True) as uow:
        good = [await password_links.is_good(uow, each.partition("link=")[2]) for each in (link, second)]
    assert good == [False, True]
    assert run(runtime, tmp_path, "invite", new_id()).returncode != 0


def test_erasing_asks_back() -> None:
    """Without --yes nothing is done unless somebody says so."""
    asked = CliRunner().invoke(app, ["people", "erase", str(new_id()), "--reason", "Asked by letter"], input="n\n")
    assert asked.exit_code == 1
    assert "cannot be undone" in asked.output


def test_a_reason_is_needed() -> None:
    """None, or one too short, is misuse."""
    for words in (["erase", str(new_id()), "--yes"], ["erase", str(new_id()), "--yes", "--reason", "no"], ["hold", str(new_id())]):
        assert CliRunner().invoke(app, ["people", *words]).exit_code == 2
