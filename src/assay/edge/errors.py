"""The one map from errors to HTTP: `application/problem+json` (RFC 9457) with a stable code and the correlation id."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException

from assay.domain.errors import (
    Conflict,
    DomainError,
    Expired,
    FieldProblem,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from assay.observability.logging import current_correlation_id

log = structlog.get_logger(__name__)

STATUS: Final[Mapping[type[DomainError], HTTPStatus]] = {
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    PreconditionRequired: HTTPStatus.PRECONDITION_REQUIRED,
    Expired: HTTPStatus.GONE,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
INTERNAL: Final = "Something went wrong on our side. Nothing you saved is lost; try again, and name the correlation id if it persists."


class BodyTooLarge(HTTPException):
    """Raised while a body is being read; an `HTTPException`, because FastAPI takes any other error there for broken JSON."""

    status: Final = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code: Final = "too_large"

    def __init__(self, detail: str) -> None:
        super().__init__(self.status, detail)


class BodyTooSlow(HTTPException):
    """Raised while a body is being read that does not come."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.REQUEST_TIMEOUT, "The request took too long to arrive. Send it again.")


def problem(
    status: int, code: str, detail: str, *, problems: tuple[FieldProblem, ...] = (), facts: Mapping[str, Any] | None = None
) -> JSONResponse:
    """A problem document. `problems` become `errors: [{pointer, message}]`, `facts` further members."""
    body: dict[str, Any] = {
        "type": f"urn:assay:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "correlationId": current_correlation_id(),
    }
    if problems:
        body["errors"] = [{"pointer": each.pointer, "message": each.message} for each in problems]
    body |= {to_camel(name): value for name, value in (facts or {}).items()}
    return JSONResponse(jsonable_encoder(body), status, media_type="application/problem+json")


def status_of(error: DomainError) -> HTTPStatus:
    """The HTTP status of a domain error."""
    return STATUS[type(error)]


def field_problems(error: RequestValidationError) -> tuple[FieldProblem, ...]:
    """What FastAPI found wrong, as pointers into the body (or `/query/…`, `/path/…`, `/header/…`)."""
    return tuple(FieldProblem.at(_path(each["loc"]), str(each["msg"])) for each in error.errors())


def _path(location: tuple[Any, ...]) -> tuple[Any, ...]:
    return location[1:] if location[0] == "body" else location


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""

    @app.exception_handler(DomainError)
    async def domain(_request: Request, error: DomainError) -> JSONResponse:
        answer = problem(status_of(error), error.error_code, error.detail, problems=error.problems, facts=error.facts)
        if isinstance(error, RateLimited | Unavailable):
            answer.headers["Retry-After"] = str(max(1, round(error.retry_after)))
        if isinstance(error, Unauthenticated):
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    @app.exception_handler(RequestValidationError)
    async def validation(_request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid",
            "The request does not fit; see errors for each field.",
            problems=field_problems(error),
        )

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        code = error.code if isinstance(error, BodyTooLarge) else HTTPStatus(error.status_code).name.lower()
        answer = problem(error.status_code, code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def unexpected(_request: Request, error: Exception) -> JSONResponse:
        log.error("unexpected_error", kind=type(error).__name__, exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", INTERNAL)
