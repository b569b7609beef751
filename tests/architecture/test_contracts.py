"""Who may import whom: the contracts in `pyproject.toml`, all of them, on the code as it stands."""

from pathlib import Path

import pytest
from importlinter.cli import lint_imports

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_nobody_looks_up(capsys: pytest.CaptureFixture[str]) -> None:
    """Floors, rooms and SDKs: every contract is kept; what breaks one is printed."""
    status = lint_imports(config_filename=str(PROJECT), no_cache=True, no_logo=True)
    report = capsys.readouterr().out
    assert status == 0, report
    assert "0 broken" in report
    assert report.count(" KEPT") >= 9
