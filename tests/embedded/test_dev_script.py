"""`./dev` finds or gets Python and uv, installs once, and says in a sentence what keeps it from doing so. All programs here are fakes."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
TOOLS = ("sh", "dirname", "cat", "cksum", "grep", "tail", "mkdir", "ln", "printf", "getconf", "env", "chmod", "pwd", "rm", "cp")
BROKEN_SHIM = "echo 'the command exists in these versions: 3.12.1' >&2; exit 127"
OTHER_PYTHON = "exit 1"
PYTHON_312 = 'case "$*" in *version_info*) exit 0;; *"pip --version"*) exit 1;; esac; echo "$0 $*"'
UV = r"""
echo "uv $*" >>"$CALLS"
case "$1 $2" in
    "--version ") ;;
    "python find") [ -n "${FOUND:-}" ] && echo "$FOUND" || exit 1 ;;
    "python install") exit 1 ;;
    "venv --quiet") mkdir -p .venv/bin; cp "$PYTHON" .venv/bin/python ;;
    "pip sync") [ -z "${SYNC_SAYS:-}" ] || { echo "$SYNC_SAYS" >&2; exit 1; } ;;
esac
"""


@dataclass
class Clone:
    """A clone of the repository with a PATH of its own."""

    root: Path

    @property
    def calls(self) -> list[str]:
        """What uv was asked for."""
        log = self.root / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def put(self, name: str, body: str, folder: str = "bin") -> Path:
        """A fake program."""
        program = self.root / folder / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
        return program

    def dev(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `./dev` in it."""
        variables = {"PATH": str(self.root / "bin"), "HOME": str(self.root / "home"), "CALLS": str(self.root / "calls"), **environment}
        variables.setdefault("PYTHON", str(self.root / "bin" / "python3.12"))
        return subprocess.run(["/bin/sh", "./dev", *words], cwd=self.root, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone on a machine with a shell and nothing else."""
    made = Clone(tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (tmp_path / "bin" / tool).symlink_to(found)
    shutil.copy(PROJECT / "dev", tmp_path / "dev")
    (tmp_path / "requirements.lock").write_text("six==1.16.0 --hash=sha256:0\n")
    (tmp_path / "pyproject.toml").write_text("")
    return made


def test_it_takes_python_from_the_path(clone: Clone) -> None:
    """A Python 3.12 that runs is used; the environment is made, filled from the lock with hashes, and the verb is handed on."""
    python = clone.put("python3.12", PYTHON_312)
    clone.put("uv", UV)
    ended = clone.dev("settings", "--data", "x")
    assert ended.stdout == ".venv/bin/python -m assay settings --data x\n", ended.stderr
    assert [call for call in clone.calls if "--version" not in call] == [
        f"uv venv --quiet --clear --python {python} .venv",
        "uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock",
        "uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --offline --editable .",
    ]


def test_a_second_start_installs_nothing(clone: Clone) -> None:
    """While lock and project file are the same, uv is not even asked; a change of either is noticed."""
    clone.put("python3.12", PYTHON_312)
    clone.put("uv", UV)
    clone.dev("settings")
    before = len(clone.calls)
    assert clone.dev("settings").returncode == 0
    assert len(clone.calls) == before
    (clone.root / "pyproject.toml").write_text("[project]")
    clone.dev("settings")
    assert [call for call in clone.calls[before:] if "sync" in call]


def test_it_passes_by_a_shim_that_fails(clone: Clone) -> None:
    """A pyenv shim stands on the PATH and fails; the Python behind it is found in pyenv's own folder."""
    clone.put("python3.12", BROKEN_SHIM)
    clone.put("python3", OTHER_PYTHON)
    clone.put("uv", UV)
    behind = clone.put("python3.12", PYTHON_312, "home/.pyenv/versions/3.12.9/bin")
    assert clone.dev("settings", PYTHON=str(behind)).returncode == 0
    assert any(str(behind) in call for call in clone.calls)


def test_it_asks_uv_for_a_python(clone: Clone) -> None:
    """Without any Python 3.12 on the PATH, the one that uv knows is taken."""
    clone.put("uv", UV)
    managed = clone.put("python3.12", PYTHON_312, "managed")
    assert clone.dev("settings", FOUND=str(managed), PYTHON=str(managed)).returncode == 0


def test_it_gets_uv_with_pip_into_its_own_folder(clone: Clone) -> None:
    """Without uv, pip puts one beside the project, so that a system which refuses installations (PEP 668) is left alone."""
    clone.put("uv", UV, "wheel")
    pip = 'case "$*" in *"pip install"*) echo "$*" >>"$CALLS"; mkdir -p .assay-tools/uv/bin; cp wheel/uv .assay-tools/uv/bin;'
    pip += " exit 0;; esac"
    clone.put("python3.12", PYTHON_312.replace("exit 1;; esac", "exit 0;; esac; " + pip))
    ended = clone.dev("settings")
    assert ended.returncode == 0, ended.stderr
    assert clone.calls[0] == "-m pip install --quiet --disable-pip-version-check --target .assay-tools/uv uv"


def test_no_python_at_all_is_a_sentence(clone: Clone) -> None:
    """Nothing found and nothing to be had: what to install, without a traceback."""
    clone.put("python3", OTHER_PYTHON)
    clone.put("uv", UV)
    ended = clone.dev("up")
    assert ended.returncode == 1
    assert "Python 3.12 was not found and could not be fetched. Install it" in ended.stderr


def test_neither_uv_nor_pip_is_a_sentence(clone: Clone) -> None:
    """A Python without pip cannot get uv: what to install."""
    clone.put("python3.12", PYTHON_312)
    ended = clone.dev("up")
    assert ended.returncode == 1
    assert "Neither uv nor a Python with pip was found. Install uv" in ended.stderr


@pytest.mark.parametrize(
    ("installer", "sentence"),
    [
        ("Hash mismatch for `six==1.16.0`", "requirements.lock is damaged"),
        ("In `--require-hashes` mode, all requirements must have a hash", "requirements.lock is damaged"),
        ("error: Couldn't parse requirement in `requirements.lock` at position 3", "requirements.lock cannot be read"),
        ("failed to copy file: No space left on device (os error 28)", "The disk is full"),
        ("failed to create directory: Permission denied (os error 13)", "this folder cannot be written"),
        ("error: Failed to fetch: dns error", "could not be downloaded. Check the network"),
        ("error: something new", "All the installer said is in .assay-tools/install.log"),
    ],
)
def test_a_failed_installation_is_a_sentence(clone: Clone, installer: str, sentence: str) -> None:
    """What the installer blames becomes what the user can do, and the next start tries again."""
    clone.put("python3.12", PYTHON_312)
    clone.put("uv", UV)
    ended = clone.dev("up", SYNC_SAYS=installer)
    assert ended.returncode == 1
    assert installer in ended.stderr
    assert sentence in ended.stderr
    assert clone.dev("up").returncode == 0


def test_a_missing_lock_is_a_sentence(clone: Clone) -> None:
    """Without the lock nothing is installed."""
    (clone.root / "requirements.lock").unlink()
    ended = clone.dev("test")
    assert (ended.returncode, "requirements.lock is missing" in ended.stderr) == (1, True)


def test_verbs_are_listed(clone: Clone) -> None:
    """No verb lists them; an unknown verb lists them too and is an error."""
    assert "./dev up" in clone.dev().stdout
    unknown = clone.dev("fly")
    assert unknown.returncode == 2
    assert 'knows no verb "fly"' in unknown.stderr
    assert "./dev up" in unknown.stderr


def test_every_other_verb_reaches_the_command_line(clone: Clone) -> None:
    """`./dev assay …` hands everything on as it is."""
    clone.put("python3.12", PYTHON_312)
    clone.put("uv", UV)
    assert clone.dev("assay", "worker").stdout == ".venv/bin/python -m assay worker\n"
    assert "-m pytest -n" in clone.dev("test", "tests/domain", "-k", "rules").stdout
    assert "--cov" in clone.dev("test").stdout
    assert os.path.lexists(clone.root / ".venv" / ".assay-stamp")


@pytest.mark.parametrize(
    ("said", "unknown"), [("Dependency not found on PyPI: six", True), ("Found 1 known vulnerability in 1 package", False)]
)
def test_an_audit_without_advisories_says_so(clone: Clone, said: str, *, unknown: bool) -> None:
    """Advisories that could not be asked for fail the audit with a sentence of their own, which known weaknesses do not need."""
    clone.put("python3.12", PYTHON_312)
    clone.put("git", "")
    clone.put("uv", f'case "$*" in *pip-audit*) echo "{said}"; exit 1;; *detect-secrets*) exit 3;; esac\n{UV}')
    clone.put("bandit", "", folder=".venv/bin")
    (clone.root / ".secrets.baseline").write_text("{}")
    ended = clone.dev("audit")
    assert ended.returncode == 1
    assert ended.stderr.endswith("Failed: advisories\n")
    assert said in ended.stdout
    assert ("could not be asked for" in ended.stdout) is unknown
