"""Fixtures of the laptop runtime's tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for servers. Not pytest's own, which each new session shuts for other accounts, the one of the servers included."""
    folder = Path(tempfile.mkdtemp(prefix="assay-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
