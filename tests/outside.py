"""Checkers that stand outside of the environment: found, or the test says that it did not run."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).parents[1]


def uv() -> str:
    """A uv that runs; skips where there is none."""
    for candidate in ("uv", str(PROJECT / ".assay-tools" / "bin" / "uv")):
        if shutil.which(candidate) and subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return candidate
    pytest.skip("uv is not here")


def tool(package: str, *words: str | Path) -> None:
    """Run a checker in an environment of its own; it must be content. Skips where it cannot be had, which is not its own refusal."""
    base = [uv(), "tool", "run", "--quiet", "--python", sys.executable, "--from", package]
    if subprocess.run([*base, words[0], "--version"], capture_output=True, check=False, timeout=110).returncode != 0:
        pytest.skip(f"{package} could not be had")
    run(*base, *words)


def run(*words: str | Path) -> None:
    """Run a command that must succeed."""
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
