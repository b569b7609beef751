"""Progress lines and what happens to errors."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from assay.embedded.problems import StartProblem
from assay.embedded.progress import Progress, open_log


def _raise(error: Exception) -> None:
    raise error


def test_a_step_is_a_line_with_its_duration(tmp_path: Path) -> None:
    """What is done is told once, with seconds."""
    out = io.StringIO()
    with Progress(Console(file=out), tmp_path).step("Postgres"):
        pass
    assert re.fullmatch(r"✓ Postgres +\d+\.\d s\n", out.getvalue())


def test_a_failed_step_is_a_sentence_with_details_elsewhere(tmp_path: Path) -> None:
    """The user reads a sentence; the traceback goes to the log, if there is one."""
    details = io.StringIO()
    for place in (details, None):
        progress = Progress(Console(file=io.StringIO()), tmp_path, place)
        with pytest.raises(StartProblem, match=r"Seed failed: no such track \(ValueError\)"), progress.step("Seed"):
            _raise(ValueError("no such track"))
    assert "Traceback" in details.getvalue()


def test_a_log_that_cannot_be_written_hides_nothing(tmp_path: Path) -> None:
    """On a full disk the sentence comes all the same."""
    out = io.StringIO()
    with open_log(Path("/dev/full")) as full:
        progress = Progress(Console(file=out), tmp_path, full)
        with pytest.raises(StartProblem, match="Seed failed"), progress.step("Seed"):
            _raise(ValueError("no such track"))
    assert "took no details" in out.getvalue()
