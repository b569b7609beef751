"""Every error code that the API may answer with, and its statuses, read from the source."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

from assay.edge.errors import STATUS

SOURCE: Final = Path(__file__).parents[2] / "src" / "assay"
DOORS: Final = ("assay.asgi", "assay.api.app")
NOT_THE_API: Final = ("assay.web", "assay.cli", "assay.worker", "assay.embedded")
"""Their refusals are told in words."""
BY_NAME: Final[Mapping[str, int]] = {kind.__name__: status.value for kind, status in STATUS.items()}
DEFAULTS: Final[Mapping[str, str]] = {kind.__name__: kind.code for kind in STATUS}


def found() -> dict[str, set[int]]:
    """Statuses by code: of domain errors as they are raised, and of problem documents that are made in place."""
    codes: dict[str, set[int]] = defaultdict(set)
    for tree in _reached():
        for code, status in _made(tree, _constants(tree)):
            codes[code].add(status)
    return dict(codes)


def _reached() -> Iterator[ast.Module]:
    """The modules that the API rests on, one importing the next."""
    waiting, seen = list(DOORS), set[str]()
    while waiting:
        name = waiting.pop()
        path = _file(name)
        if name in seen or path is None or name.startswith(NOT_THE_API):
            continue
        seen.add(name)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("assay"):
                waiting += [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        yield tree


def _file(name: str) -> Path | None:
    place = SOURCE.joinpath(*name.split(".")[1:])
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _constants(tree: ast.Module) -> dict[str, str]:
    """The texts that a module gives a name."""
    pairs = [
        (target.id, node.value)
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]
    return {name: value.value for name, value in pairs if isinstance(value, ast.Constant) and isinstance(value.value, str)}


def _made(tree: ast.Module, constants: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in BY_NAME:
            yield _code(node, constants) or DEFAULTS[node.func.id], BY_NAME[node.func.id]
        elif (
            node.func.id == "problem"
            and len(node.args) > 1
            and (status := _status(node.args[0]))
            and (code := _text(node.args[1], constants))
        ):
            yield code, status


def _code(call: ast.Call, constants: Mapping[str, str]) -> str | None:
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "code"), None)
    return None if given is None else _text(given, constants)


def _text(node: ast.expr, constants: Mapping[str, str]) -> str | None:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Name(id=name):
            return constants.get(name)
        case _:
            return None


def _status(node: ast.expr) -> int | None:
    match node:
        case ast.Attribute(value=ast.Name(id="HTTPStatus"), attr=name):
            return HTTPStatus[name].value
        case _:
            return None
