"""The tables of docs/security.md name tests that are there, and every row names something."""

import re
from pathlib import Path
from typing import Final

import pytest
from test_faults_table import names_in

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
_NAMED: Final = re.compile(r"`([^`]+)`")
_TEST: Final = re.compile(r"(tests/[\w/]+\.py)(?:::(test_\w+))?")


def rows() -> list[str]:
    """The rows of all tables that say what shows something."""
    found, shown = [], False
    for line in TEXT.splitlines():
        if line.startswith("|") and "shown by" in line:
            shown = True
        elif not line.startswith("|"):
            shown = False
        elif shown and not line.startswith("|---"):
            found.append(line)
    return found


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip()[:30])
def test_a_row_is_shown_by_something_there_is(row: str) -> None:
    """A test by file and name, a command of `./dev`, or a file of the project."""
    named = _NAMED.findall(row.strip("|").split("|")[-1])
    assert named, "nothing shows it"
    for each in named:
        if match := _TEST.fullmatch(each):
            path, test = match.groups()
            assert names_in(path), f"{path} holds no tests"
            assert test is None or test in names_in(path), f"there is no {test} in {path}"
        else:
            assert each.startswith("./dev ") or (ROOT / each).is_file(), f"there is no {each}"


def test_the_tables_are_read() -> None:
    """Three tables, and not few rows."""
    assert len(rows()) > 50
