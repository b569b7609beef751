"""The API reference, made on the server from the OpenAPI document: nothing is fetched from elsewhere."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import Response

from assay.web.rendering import page

type Json = Mapping[str, Any]

METHODS: Final = ("get", "post", "put", "patch", "delete")
_BOUNDS: Final = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "at least characters:",
    "maxLength": "at most characters:",
    "minItems": "at least items:",
    "maxItems": "at most items:",
    "pattern": "pattern",
    "default": "default",
}


class Kind(NamedTuple):
    """What a value is: words, some of which are names of schemas described further down."""

    words: tuple[tuple[str, bool], ...]


class Row(NamedTuple):
    """A field or a parameter."""

    name: str
    where: str
    kind: Kind
    required: bool
    about: str


class Answer(NamedTuple):
    """What an operation may answer."""

    status: str
    about: str
    kind: Kind | None


class Operation(NamedTuple):
    """One method of one path."""

    anchor: str
    method: str
    path: str
    summary: str
    about: str
    open: bool
    parameters: tuple[Row, ...]
    body: Kind | None
    answers: tuple[Answer, ...]


class Schema(NamedTuple):
    """A named value: its fields, or the values it can have."""

    name: str
    about: str
    rows: tuple[Row, ...]
    values: tuple[str, ...]


def make_router(openapi: Callable[[], dict[str, Any]]) -> APIRouter:
    """The page over the document that `openapi` gives."""
    router = APIRouter()

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        """Every operation, grouped, with its parameters, bodies, answers and errors."""
        document = openapi()
        return page(request, "docs.html", info=document["info"], groups=groups(document), schemas=schemas(document), base=_base(document))

    return router


def groups(document: Json) -> dict[str, list[Operation]]:
    """The operations by tag, in the document's order."""
    found: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                found.setdefault(tag, []).append(_operation(path, method, item[method]))
    return found


def schemas(document: Json) -> list[Schema]:
    """The named values, by name."""
    named: Json = document.get("components", {}).get("schemas", {})
    return [
        Schema(name, schema.get("description", ""), tuple(_rows(schema)), tuple(str(value) for value in schema.get("enum", ())))
        for name, schema in sorted(named.items())
    ]


def _operation(path: str, method: str, operation: Json) -> Operation:
    about = operation.get("description", "")
    return Operation(
        anchor=operation.get("operationId", f"{method}{path}"),
        method=method.upper(),
        path=path,
        summary=operation.get("summary", path),
        about=about,
        open="security" not in operation,
        parameters=tuple(_parameter(each) for each in operation.get("parameters", ())),
        body=_content_kind(operation.get("requestBody", {})),
        answers=tuple(
            Answer(status, answer.get("description", ""), _content_kind(answer))
            for status, answer in operation.get("responses", {}).items()
        ),
    )


def _parameter(parameter: Json) -> Row:
    schema = parameter.get("schema", {})
    about = parameter.get("description", schema.get("description", ""))
    return Row(parameter["name"], parameter["in"], kind(schema), parameter.get("required", False), about)


def _rows(schema: Json) -> Iterator[Row]:
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        yield Row(name, "", kind(field), name in required, field.get("description", ""))


def _content_kind(holder: Json) -> Kind | None:
    for content in holder.get("content", {}).values():
        if content.get("schema"):
            return kind(content["schema"])
    return None


def kind(schema: Json) -> Kind:
    """What `schema` describes, in words."""
    bounds = [f"{words} {schema[name]}" for name, words in _BOUNDS.items() if name in schema and not isinstance(schema[name], dict | list)]
    return Kind((*_words(schema), *((f" ({', '.join(bounds)})", False) for _ in bounds[:1])))


def _words(schema: Json) -> Iterator[tuple[str, bool]]:
    if "$ref" in schema:
        yield schema["$ref"].rsplit("/", 1)[-1], True
    elif choices := schema.get("anyOf") or schema.get("oneOf"):
        for index, choice in enumerate(choices):
            if index:
                yield " or ", False
            yield from _words(choice)
    elif "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        yield " or ".join(f'"{value}"' for value in values), False
    elif schema.get("type") == "array":
        yield "list of ", False
        yield from _words(schema.get("items") or schema.get("prefixItems", [{}])[0])
    elif schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        yield "object of ", False
        yield from _words(schema["additionalProperties"])
    else:
        name = str(schema.get("format") or schema.get("type", "anything"))
        yield {"date-time": "time (RFC 3339)", "uuid": "UUID", "null": "null"}.get(name, name), False


def _base(document: Json) -> str:
    servers = document.get("servers") or [{"url": ""}]
    return str(servers[0]["url"])
