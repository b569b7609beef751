"""`assay keys`: counts for people and for programs, exit codes, and a start with other keys that is refused in a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assay.cli.verbs import app
from assay.security.encryption import KeyRingError, new_key

pytestmark = pytest.mark.usefixtures("installed")


def run(*words: str) -> tuple[int, str]:
    """Exit code and standard output of a verb, in this process."""
    done = CliRunner().invoke(app, ["keys", *words])
    return done.exit_code, done.stdout


def with_first(name: str, key: str) -> str:
    """The setting with another key before those that it has."""
    return f"{name}={key},{os.environ['ASSAY_ENCRYPTION_KEYS']}"


def test_keys_are_listed_counted_and_rotated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second key is put first: everything is old, then nothing is; the last line says so, JSON holds the same numbers."""
    (old,) = (pair.split("=")[0] for pair in os.environ["ASSAY_ENCRYPTION_KEYS"].split(","))
    monkeypatch.setenv("ASSAY_ENCRYPTION_KEYS", with_first("next", new_key()))
    monkeypatch.setenv("ASSAY_BLIND_INDEX_KEY", f"{new_key()},{os.environ['ASSAY_BLIND_INDEX_KEY']}")
    code, told = run("list")
    assert code == 0
    assert any(line.split()[:3] == ["next", "writing", "and"] for line in told.splitlines())
    code, told = run("check", "--json")
    before = json.loads(told)
    values = sum(count["values"] for count in before["counts"])
    assert (code, {count["state"] for count in before["counts"]}, {count["keyId"] for count in before["counts"]}) == (0, {"old"}, {old})
    code, told = run("rotate")
    assert code == 0
    assert told.splitlines()[-1] == f"all {values} values are under the key next, bound to their rows"
    code, told = run("rotate", "--json")
    assert (code, json.loads(told)["tables"], json.loads(told)["report"]["lookUps"]["old"]) == (0, [], 0)


def test_a_key_that_is_gone_is_named_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` opens without it, says what is missing, and ends with 1; every other verb is refused in a sentence and nothing else."""
    assert run("check")[0] == 0
    (old,) = (pair.split("=")[0] for pair in os.environ["ASSAY_ENCRYPTION_KEYS"].split(","))
    monkeypatch.setenv("ASSAY_ENCRYPTION_KEYS", f"next={new_key()}")
    code, told = run("check")
    assert code == 1
    assert f"keys that are not configured: {old}" in told
    sentence = f"under the key '{old}', which ASSAY_ENCRYPTION_KEYS does not have"
    for words in (["check"], ["keys", "rotate"], ["sweeper"]):
        refused = CliRunner().invoke(app, words).exception
        assert isinstance(refused, KeyRingError), words
        assert sentence in str(refused)
    code, said = verb_in_a_process("worker")
    assert code == 2
    last = said.strip().splitlines()[-1]
    assert sentence in last
    assert "Put the key back" in last
    assert "Traceback" not in said


def verb_in_a_process(*words: str) -> tuple[int, str]:
    """Exit code and standard error of a verb in a process of its own."""
    done = subprocess.run(
        (sys.executable, "-m", "assay", *words), cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stderr
