"""The command line as a user meets it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from assay.cli.verbs import app

VERBS = {
    "access",
    "backup",
    "restore",
    "up",
    "doctor",
    "down",
    "demo",
    "serve",
    "worker",
    "sweeper",
    "migrate",
    "seed",
    "reindex",
    "replay",
    "check",
    "settings",
    "scripted-openai",
}
GROUPS = {
    "catalog": {"import", "export", "report"},
    "heal": {"list", "run"},
    "keys": {"list", "check", "rotate"},
    "index": {"list", "rebuild", "switch", "rollback", "drift"},
    "jobs": {"dead", "show", "resend"},
    "questions": {"list", "show", "apply", "activate", "deactivate", "delete", "try", "export", "import", "statistics"},
    "tokens": {"new_key"},
    "webhooks": {"list", "failed", "enable", "disable", "resend"},
    "tracks": {"list", "show", "apply", "retire"},
    "audit": {"verify", "export"},
    "cohorts": {"enrol"},
    "retention": {"run", "runs"},
    "people": {"find", "export", "erase", "erase_listed", "invite", "reset", "hold", "release"},
    "service-accounts": {"list", "create", "add_key", "revoke_key", "close"},
}


def test_the_verbs() -> None:
    """The list of verbs is a promise."""
    assert {command.name or command.callback.__name__ for command in app.registered_commands if command.callback} == VERBS
    groups = {group.name or group.typer_instance.info.name: group.typer_instance for group in app.registered_groups if group.typer_instance}
    named = {
        name: {each.name or each.callback.__name__ for each in group.registered_commands if each.callback} for name, group in groups.items()
    }
    assert named == GROUPS


def test_help_imports_nothing_heavy() -> None:
    """Asking for help takes no second: neither the database nor the web framework nor the models are imported."""
    code = "import sys; from assay.cli.verbs import app; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    assert not loaded & {"sqlalchemy", "fastapi", "openai", "numpy", "pydantic", "redis"}


def test_a_taken_port_is_a_sentence_and_exit_code_2(tmp_path: Path) -> None:
    """`up` on a port in use says so, starts nothing and leaves no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "assay", "up", "--port", port, "--data", str(tmp_path / "data"), "--no-browser"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"Port {port} is in use")
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "data" / "postgres").exists()


def test_a_folder_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    """`--data` on a file says what is in the way."""
    (tmp_path / "data").write_text("mine")
    command = [sys.executable, "-m", "assay", "up", "--data", str(tmp_path / "data"), "--no-browser"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "is in the way" in ended.stderr


def test_down_without_up(tmp_path: Path) -> None:
    """Ending what does not run is no error, and forgetting what is not there neither."""
    ended = CliRunner().invoke(app, ["down", "--wipe", "--data", str(tmp_path / "data")])
    assert ended.exit_code == 0
    assert "Nothing is running" in ended.output


PRINTS_NO_DATA = {
    "up",
    "down",
    "demo",
    "serve",
    "worker",
    "sweeper",
    "migrate",
    "seed",
    "reindex",
    "scripted-openai",
}
"""They start something, or tell how far they are; exit code 0 says that it is done."""
ONE_FORM = {"people export", "audit export", "catalog export", "tokens new-key"}
"""What they print has a form of its own: JSON, a file, a line for the environment."""


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every verb with its words."""
    for name, each in getattr(command, "commands", {}).items():
        yield from leaves(each, (*path, name)) if hasattr(each, "commands") else [(" ".join((*path, name)), each)]


def test_every_verb_explains_itself_and_speaks_json() -> None:
    """Verb, argument and option have a sentence each; what prints data does so for programs too."""
    verbs = dict(leaves(typer.main.get_command(app)))
    assert {words for words, verb in verbs.items() if not verb.help or any(not each.help for each in verb.params)} == set()
    without = {words for words, verb in verbs.items() if all("--json" not in each.opts for each in verb.params)}
    assert without == PRINTS_NO_DATA | ONE_FORM


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_words_are_completed(shell: str) -> None:
    """In the shells people use, without importing anything heavy: it happens while somebody types."""
    begun = {
        "COMP_WORDS": "assay people er",
        "COMP_CWORD": "2",
        "_TYPER_COMPLETE_ARGS": "assay people er",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    command = [sys.executable, "-c", "from assay.cli import main; main()"]
    environment = {**os.environ, **begun, "_ASSAY_COMPLETE": f"complete_{shell}"}
    # the name of the program is what the variable is called by
    code = "import sys; sys.argv = ['assay']; from assay.cli import main; main()"
    told = subprocess.run([*command[:2], code], capture_output=True, text=True, check=False, env=environment).stdout
    assert "erase-listed" in told


@pytest.mark.parametrize("words", [["--latency", "soon"], ["--fault", "no such fault"]])
def test_a_script_that_cannot_be_read_is_refused(words: list[str]) -> None:
    """The scripted provider does not start on a misspelt order."""
    assert CliRunner().invoke(app, ["scripted-openai", *words]).exit_code == 2
