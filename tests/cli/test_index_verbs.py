"""`assay index`: what a person reads and a program parses, on a real database."""

import json
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from assay.cli.verbs import app


def _run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["index", *words, "--data", str(folder / "data")])


def test_the_life_of_an_index_from_the_command_line(installed: None, tmp_path: Path) -> None:
    """List, rebuild, drift, roll back and switch: JSON for programs, sentences for people, exit codes for scripts."""
    (old,) = json.loads(_run(tmp_path, "list", "--json").stdout)
    assert (old["status"], old["progress"]["percent"]) == ("active", 100)
    drift = _run(tmp_path, "drift")
    assert (drift.exit_code, drift.stdout.strip()) == (0, "the index is current")
    refused = _run(tmp_path, "rollback")
    assert (refused.exit_code, refused.stderr.strip()) == (1, "There is no earlier version to go back to.")
    built = json.loads(_run(tmp_path, "rebuild", "--json").stdout)
    assert (built["status"], built["copied"], built["embedded"]) == ("active", old["chunkCount"], 0)
    back = _run(tmp_path, "rollback")
    assert back.exit_code == 0, back.stderr
    assert back.stdout.startswith(f"{old['id']} is active")
    assert json.loads(_run(tmp_path, "switch", built["id"], "--json").stdout)["id"] == built["id"]
    shown = _run(tmp_path, "list").stdout
    assert old["id"] in shown
    assert shown.splitlines()[-1].startswith(f"searched: {built['id']}, embedded by ")
