"""How errors look in the OpenAPI document."""

from http import HTTPStatus
from typing import Any, Final

from pydantic import ConfigDict, Field

from assay.kit.model import Value


class FieldError(Value):
    """One wrong field: a JSON pointer and what is wrong there."""

    pointer: str
    message: str


class Problem(Value):
    """An error (RFC 9457); `code` is stable, further members may follow."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str
    errors: list[FieldError] = Field(default_factory=list)


_CONTENT: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
UNREADABLE: Final = {"400": {"description": "The body cannot be read: it is not UTF-8, for example", "content": _CONTENT}}
"""What every operation with a body may answer before anybody has looked at what it says."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers a route documents; 422 is always among them."""
    documented = sorted({*statuses, HTTPStatus.UNPROCESSABLE_ENTITY})
    return {status: {"description": HTTPStatus(status).phrase, "model": Problem, "content": _CONTENT} for status in documented}
