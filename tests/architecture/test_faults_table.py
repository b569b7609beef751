"""The table of faults says nothing that is not so: all it names is there, and what nothing shows is said to be missing."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from faults.suite import SCENARIOS

ROOT: Final = Path(__file__).parents[2]
TABLE: Final = ROOT / "docs" / "faults.md"
FAULTS: Final = 32
_TEST: Final = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_SCENARIO: Final = re.compile(r"`\./dev faults ([\w-]+)`")


class Row(NamedTuple):
    """One fault."""

    number: str
    fault: str
    happens: str
    shown_by: str
    not_yet: str


def rows(table: str) -> list[Row]:
    """The table's rows. Raises `TypeError` for one with another number of columns."""
    return [Row(*(cell.strip() for cell in line.strip("|\n").split("|"))) for line in table.splitlines() if line.startswith("| F")]


def problems(row: Row) -> list[str]:
    """What is wrong with a row, in words."""
    tests, scenarios = _TEST.findall(row.shown_by), _SCENARIO.findall(row.shown_by)
    named = [*tests, *scenarios]
    found = [f"{row.number}: there is no {name} in {path}" for path, name in tests if name not in names_in(path)]
    found += [f"{row.number}: there is no scenario {name} for it" for name in scenarios if not shows(name, row.number)]
    if len(named) != row.shown_by.count("`") // 2:
        found.append(f"{row.number}: something named is neither test nor scenario")
    if not named and not row.not_yet:
        found.append(f"{row.number}: neither shown nor said to be missing")
    if named and not row.happens:
        found.append(f"{row.number}: shown, but not what")
    return found


@cache
def names_in(path: str) -> set[str]:
    """The names of the test functions in a file; none if there is no file."""
    file = ROOT / path
    if not file.is_file():
        return set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def shows(scenario: str, fault: str) -> bool:
    """Whether there is such a scenario, and it says of itself that it shows this fault."""
    return scenario in SCENARIOS and fault in SCENARIOS[scenario].shows


def test_every_scenario_is_named() -> None:
    """In the row of each fault that it shows."""
    named = {(name, row.number) for row in rows(TABLE.read_text(encoding="utf-8")) for name in _SCENARIO.findall(row.shown_by)}
    assert {(name, fault) for name, scenario in SCENARIOS.items() for fault in scenario.shows} == named


def test_every_fault_has_its_row() -> None:
    """F1 to F32, once each and in order."""
    assert [row.number for row in rows(TABLE.read_text(encoding="utf-8"))] == [f"F{number}" for number in range(1, FAULTS + 1)]


@pytest.mark.parametrize("row", rows(TABLE.read_text(encoding="utf-8")), ids=lambda row: row.number)
def test_a_row_names_tests_that_are_there(row: Row) -> None:
    """Or says what is missing."""
    assert problems(row) == []


@pytest.mark.parametrize(
    "line",
    [
        "| F1 | a | b | `tests/faults/test_worker_death.py::test_that_is_not_there` | |",
        "| F1 | a | b | `tests/faults/test_no_such_file.py::test_x` | |",
        "| F1 | a | b | `not a test` | |",
        "| F1 | a | b | `./dev faults no-such-scenario` | |",
        "| F1 | a | b | `./dev faults redis-away` | |",
        "| F1 | a | b | | |",
        "| F1 | a | | `tests/faults/test_worker_death.py::test_a_killed_worker_s_job_is_done_by_another` | |",
    ],
)
def test_a_false_row_is_noticed(line: str) -> None:
    """A test, file or scenario that is not there, a scenario of another fault, a name of nothing, nothing at all, a test of nothing."""
    (row,) = rows(line)
    assert problems(row)
