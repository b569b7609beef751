"""Every error as a page that says what to do next; as a problem document where a script asked."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from assay.domain.errors import DomainError, Expired, RateLimited, Unauthenticated, Unavailable
from assay.edge.errors import INTERNAL, field_problems, problem, status_of
from assay.observability.logging import current_correlation_id
from assay.web import session
from assay.web.rendering import page

log = structlog.get_logger(__name__)

TITLES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("This request cannot be read", "Go back and try again."),
    401: ("Please sign in", "Sign in and try again."),
    403: ("This is not open to you", "If you think it should be, ask whoever runs this installation."),
    404: ("There is nothing here", "The address may be mistyped, or what it names is somebody else's. Start from the first page."),
    405: ("This address cannot be used like that", "Start again from the first page."),
    409: ("That does not fit how things stand", "Go back and reload the page to see the present state."),
    410: ("This assessment has expired", "Start the track again whenever you like."),
    412: ("Somebody has changed it meanwhile", "Nothing was changed. Go back and reload the page: it shows how things stand now."),
    413: ("This is too large", "Send it in parts. Nothing was changed."),
    422: ("Something does not fit", "Go back, correct it and send it again. Nothing was changed."),
    429: ("Too many requests", "Wait a moment, then try again."),
    500: ("Something went wrong on our side", "Nothing you saved is lost. Try again; if it happens again, pass on the number below."),
    503: ("We will be back in a moment", "Nothing you saved is lost. Wait a few seconds, then reload the page."),
}
"""Heading and advice by status."""


def install_error_pages(app: FastAPI) -> None:
    """Answer every error of `app` for people."""
    app.add_exception_handler(DomainError, _domain)  # type: ignore[arg-type]  # Starlette types handlers by their base
    app.add_exception_handler(RequestValidationError, _validation)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _unexpected)


async def _domain(request: Request, error: DomainError) -> Response:
    await _who(request)
    status = status_of(error)
    if _wants_json(request):
        return problem(status, error.error_code, error.detail, problems=error.problems, facts=error.facts)
    if isinstance(error, Unauthenticated) or error.error_code == session.STALE_FORM:
        return await _sign_in_first(request, status)
    if isinstance(error, Expired):
        return page(request, "expired.html", status=status, detail=error.detail, track_id=error.facts.get("track_id"))
    answer = _error_page(request, status, error.detail)
    if isinstance(error, RateLimited | Unavailable):
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return answer


async def _validation(request: Request, error: RequestValidationError) -> Response:
    problems = field_problems(error)
    if _wants_json(request):
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "The request does not fit.", problems=problems)
    in_address = all(each.pointer.startswith("/path") for each in problems)
    return _error_page(request, HTTPStatus.NOT_FOUND if in_address else HTTPStatus.UNPROCESSABLE_ENTITY)


async def _http(request: Request, error: HTTPException) -> Response:
    await _who(request)
    if _wants_json(request):
        return problem(error.status_code, HTTPStatus(error.status_code).name.lower(), str(error.detail))
    answer = _error_page(request, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected_error", kind=type(error).__name__, exc_info=error)
    if _wants_json(request):
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", INTERNAL)
    return _error_page(request, HTTPStatus.INTERNAL_SERVER_ERROR)


async def _who(request: Request) -> None:
    """Whose page of an error this is: an address that no route has was not guarded either."""
    with suppress(Unavailable):
        await session.load(request)


def _error_page(request: Request, status: int, detail: str = "") -> Response:
    title, advice = TITLES.get(status, TITLES[500 if status >= 500 else 400])
    return page(request, "error.html", status=status, title=title, detail=detail, advice=advice, correlation_id=current_correlation_id())


async def _sign_in_first(request: Request, status: int) -> Response:
    """To the sign-in page; a form that came too late is kept on a page from which it can be sent again."""
    if request.method in {"GET", "HEAD"}:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?{urlencode({'next': wanted})}", HTTPStatus.SEE_OTHER)
    entered = list(_entered(await request.form())) if session.same_origin(request) else []
    return page(request, "send_again.html", status=status, action=request.url.path, entered=entered)


def _entered(form: FormData) -> Iterator[tuple[str, Any]]:
    kept = ((name, value) for name, value in form.multi_items() if name != session.CSRF_FIELD)
    return (pair for pair in kept if isinstance(pair[1], str))


def _wants_json(request: Request) -> bool:
    return request.headers.get("accept", "").startswith("application/json")
