"""Every requirement has its row, and every row names what is there: routes, files, names in them, tests, commands."""

import ast
import re
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import yaml
from fastapi.routing import APIRoute, iter_route_contexts

from assay.api.app import create_api
from assay.db.models import Base
from assay.web.app import create_web
from faults.suite import SCENARIOS

ROOT: Final = Path(__file__).parents[2]
TABLE: Final = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
STORIES: Final = {"1.1": 4, "1.2": 4, "1.3": 4, "1.4": 4, "2.1": 4, "2.2": 4, "2.3": 4, "3.1": 4, "3.2": 4, "3.3": 4}
"""Acceptance criteria by story."""
OTHERS: Final = {"FR": 10, "NFR": 7, "D": 5, "I": 4, "O": 5, "J": 3, "U": 4, "E": 4, "S": 2, "T": 8, "P": 1}
NUMBERS: Final = [
    *(f"{letters}{number}" for letters in ("FR", "NFR") for number in range(1, OTHERS[letters] + 1)),
    *(f"{story}.{number}" for story, count in STORIES.items() for number in range(1, count + 1)),
    *(f"{letters}{number}" for letters in list(OTHERS)[2:] for number in range(1, OTHERS[letters] + 1)),
]
ENTITIES: Final = {
    "role_catalog", "users", "questions", "assessments", "assessment_question_snapshots", "assessment_responses", "rule_scores",
    "essay_scores", "recommendations", "recommendation_items", "rag_traces", "credential_catalog", "embedding_artifacts", "async_jobs",
    "recommendation_feedback", "audit_logs", "metric_snapshots", "webhook_events",
}  # fmt: skip
TEST: Final = "`tests/domain/test_jobs.py::test_the_wait_doubles_up_to_a_cap`"
_NAMED: Final = re.compile(r"`([^`]+)`")
_ROUTE: Final = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S*)")
_PLACE: Final = re.compile(r"([\w./-]+)(?:::(\w+))?")
_COMMAND: Final = re.compile(r"\./dev (bench|faults|eval) ([\w-]+)|\./dev demo")
_OUTER: Final = frozenset({("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/.well-known/jwks.json")})


class Row(NamedTuple):
    """One requirement."""

    number: str
    asked: str
    done_by: str
    shown_by: str
    not_yet: str


def rows(table: str) -> list[Row]:
    """The rows of all tables. Raises `TypeError` for one with another number of columns."""
    lines = (line for line in table.splitlines() if re.match(r"\| [A-Z\d]", line))
    return [Row(*(cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|"))) for line in lines]


def problems(row: Row) -> list[str]:
    """What is wrong with a row, in words."""
    done_by, shown_by = _NAMED.findall(row.done_by), _NAMED.findall(row.shown_by)
    found = [f"{row.number}: {said}" for said in (*map(_wrong_place, done_by), *map(_wrong_proof, shown_by)) if said]
    if not row.asked or not done_by:
        found.append(f"{row.number}: it does not say what is asked for, or what does it")
    if not any(each.startswith("tests/") for each in shown_by):
        found.append(f"{row.number}: no test shows it")
    return found


def _wrong_place(named: str) -> str:
    """Why `named` is neither a route of the application nor a file, or a name in one; empty when it is."""
    if route := _ROUTE.fullmatch(named):
        return "" if route.groups() in routes() else f"there is no route {named}"
    match = _PLACE.fullmatch(named)
    if match is None or not (ROOT / match[1]).exists():
        return f"there is no {named}"
    return "" if match[2] is None or match[2] in names_in(match[1]) else f"there is no {match[2]} in {match[1]}"


def _wrong_proof(named: str) -> str:
    """Why `named` is neither a test nor a command that measures; empty when it is."""
    if command := _COMMAND.fullmatch(named):
        return "" if command[1] is None or command[2] in measured(command[1]) else f"there is no {named}"
    match = _PLACE.fullmatch(named)
    if match is None or not match[1].startswith("tests/") or match[2] is None or not match[2].startswith("test_"):
        return f"{named} is neither a test nor a measurement"
    return _wrong_place(named)


@cache
def routes() -> frozenset[tuple[str, str]]:
    """Method and path of every route: the API's, the pages', and those beside them."""
    apps = (("/api/v1", create_api()), ("", create_web(dict, secure_cookies=True)))
    return _OUTER | {
        (method, f"{before}{context.path}")
        for before, app in apps
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for method in context.original_route.methods
    }


@cache
def names_in(path: str) -> frozenset[str]:
    """The names that a module defines at its top; none for any other file."""
    if not path.endswith(".py"):
        return frozenset()
    return frozenset(chain.from_iterable(map(_defined, ast.parse((ROOT / path).read_text(encoding="utf-8")).body)))


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign():
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.TypeAlias(name=ast.Name(id=name)):
            return [name]
        case _:
            return []


@cache
def measured(kind: str) -> frozenset[str]:
    """The names that `./dev bench`, `./dev faults` or `./dev eval` takes."""
    if kind == "faults":
        return frozenset(SCENARIOS)
    text = (ROOT / {"bench": "benchmarks", "eval": "evals"}[kind] / "__main__.py").read_text(encoding="utf-8")
    named = re.findall(r'@app\.command\(\s*name="([\w-]+)"', text)
    return frozenset([*named, *re.findall(r"@app\.command\(\)\ndef (\w+)\(", text)])


def test_every_requirement_has_its_row() -> None:
    """All numbers, once each and in order."""
    assert [row.number for row in rows(TABLE)] == NUMBERS


@pytest.mark.parametrize("row", rows(TABLE), ids=lambda row: row.number)
def test_a_row_names_what_is_there(row: Row) -> None:
    """Routes, files, names, tests and commands."""
    assert problems(row) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"| FR1 | a | `GET /api/v1/nothing` | {TEST} | |", "no route"),
        (f"| FR1 | a | `src/assay/nothing.py` | {TEST} | |", "there is no src"),
        (f"| FR1 | a | `src/assay/asgi.py::nothing` | {TEST} | |", "no nothing in"),
        ("| FR1 | a | `src/assay/asgi.py` | `tests/domain/test_jobs.py::test_nothing` | |", "no test_nothing in"),
        ("| FR1 | a | `src/assay/asgi.py` | `tests/domain/test_jobs.py` | |", "neither a test"),
        ("| FR1 | a | `src/assay/asgi.py` | `./dev bench start` | not yet | ", "no test shows it"),
        ("| FR1 | a | `src/assay/asgi.py` | | |", "no test shows it"),
        (f"| FR1 | a | | {TEST} | |", "what does it"),
        (f"| FR1 | a | `src/assay/asgi.py` | `./dev bench nothing` {TEST} | |", "bench nothing"),
    ],
)  # fmt: skip
def test_a_false_row_is_noticed(line: str, said: str) -> None:
    """A route, file, name or test there is not, a row without a test, one that nothing does."""
    (row,) = rows(line.strip())
    assert [each for each in problems(row) if said in each]


def test_the_entities_are_tables() -> None:
    """Each entity that the requirements name is a table under that name."""
    assert set(Base.metadata.tables) >= ENTITIES


def test_pull_requests_are_checked() -> None:
    """The workflow for pull requests runs the two commands that a developer runs."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert "pull_request" in workflow[True]  # YAML 1.1 reads the word `on` as a truth value
    commands = [step.get("run") for job in workflow["jobs"].values() for step in job["steps"]]
    assert {"./dev check", "./dev test"} <= set(commands)
