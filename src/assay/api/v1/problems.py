"""How errors look in the OpenAPI document."""

from http import HTTPStatus
from typing import Any

from pydantic import Field

from assay.kit.model import Value


class FieldError(Value):
    """One wrong field: a JSON pointer and what is wrong there."""

    pointer: str
    message: str


class Problem(Value):
    """An error (RFC 9457); `code` is stable, further members may follow."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str
    errors: list[FieldError] = Field(default_factory=list)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers a route documents; 422 is always among them."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    documented = sorted({*statuses, HTTPStatus.UNPROCESSABLE_ENTITY})
    return {status: {"description": HTTPStatus(status).phrase, "model": Problem, "content": content} for status in documented}
