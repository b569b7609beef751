"""What every request passes: a correlation id, a timer, a size limit, and the headers a browser needs to be strict. Plain ASGI."""

import asyncio
import re
from contextlib import nullcontext
from http import HTTPStatus
from time import perf_counter
from typing import Final

import structlog
from fastapi.telemetry import TelemetryConfig
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assay.edge.errors import BodyTooLarge, BodyTooSlow, problem
from assay.kit.ids import new_id
from assay.observability import metrics, tracing
from assay.observability.logging import UNKNOWN, correlated, current_actor, current_track

log = structlog.get_logger(__name__)

MAX_BODY_BYTES: Final = 2 * 1024 * 1024
MAX_FILE_BYTES: Final = 256 * 1024 * 1024
FORM_AROUND_BYTES: Final = 64 * 1024
"""What a form may hold beside its file."""
LARGER: Final = {
    ("POST", "/api/v1/credentials/import"): MAX_FILE_BYTES,
    ("POST", "/admin/catalog/import"): MAX_FILE_BYTES + FORM_AROUND_BYTES,
}
"""What a whole file is sent to: read only once it is known who sends it, and never into memory as a whole."""
BODY_SECONDS: Final = 20.0
"""How long the next piece of a body may take. Whoever sends a byte now and then only keeps a connection busy."""
THROWN_AWAY_BYTES: Final = 2 * MAX_BODY_BYTES
_COMPRESSED: Final = "Compressed requests are not taken. Send the body as it is."
PLAIN: Final = "identity"
"""The one `Content-Encoding` of a request there may be (RFC 9110, 8.4); it is the same as none."""
_CORRELATION: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; img-src 'self' data:"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_STANDING: Final = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
_NOT_KEPT: Final = (b"cache-control", b"no-store")
UNMATCHED: Final = "unmatched"
"""The route of a request that no route takes: what people make up must not become labels."""
QUIET: Final = ("/healthz", "/readyz", "/metrics", "/static")
POLLED: Final = "/assessments/{assessment_id}/status"
"""Asked every second by everybody who waits: counted, but not a line in the log each time."""
ASKED_AGAIN: Final = POLLED.rpartition("/")[2]
UNTOLD: Final = TelemetryConfig(tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False)
"""FastAPI's own telemetry, off whatever the environment says: it exports paths, queries and the messages of exceptions."""


class Correlation:
    """Takes or makes a correlation id, binds it to all logs of the request and returns it; measures, traces and logs the request.

    A caller's own `traceparent` is gone on with only where `continues_traces`: where whatever stands before this service sets it.
    """

    def __init__(self, app: ASGIApp, *, continues_traces: bool = False) -> None:
        self._app = app
        self._continues_traces = continues_traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-correlation-id", "")
        correlation_id = given if _CORRELATION.fullmatch(given) else str(new_id())
        scope.setdefault("state", {})
        status = 500
        start = perf_counter()

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = message["headers"]
                told = {name for name, _ in headers}
                standing = _STANDING if scope["path"].startswith("/static") else (*_STANDING, _NOT_KEPT)
                headers += scope["state"].get("rate_limit", ())
                headers += [(b"x-correlation-id", correlation_id.encode()), *(each for each in standing if each[0] not in told)]
            await send(message)

        parent = headers.get("traceparent") if self._continues_traces else None
        quiet = scope["path"].startswith(QUIET) or scope["path"].endswith(ASKED_AGAIN)
        with correlated(correlation_id, **UNKNOWN), nullcontext() if quiet else tracing.span("HTTP", "SERVER", parent=parent) as span:
            try:
                await self._app(scope, receive, dressed)
            finally:
                _observe(scope, status, perf_counter() - start, span)


def _observe(scope: Scope, status: int, seconds: float, span: tracing.Span | None) -> None:
    found = scope.get("route")
    root = "/api/v1" if scope.get("root_path", "").endswith("/api/v1") else ""
    route = UNMATCHED if found is None or isinstance(found, Mount) else f"{root}{found.path}"
    method = scope["method"]
    (actor, role), track = current_actor(), current_track()
    metrics.REQUEST_SECONDS.labels(method=method, route=route, status=str(status), role=role, track=track).observe(seconds)
    if span is not None:
        span.tell({"assay.actor": actor, "assay.actor.role": role, "assay.track": track})
        _trace(span, method, route, status)
    polled = route.endswith(POLLED) and status == HTTPStatus.OK
    if not polled and not scope["path"].startswith(QUIET):
        log.info("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))


def _trace(span: tracing.Span, method: str, route: str, status: int) -> None:
    """By the semantic conventions for servers, without what callers choose: no path, no query, no address, no agent."""
    known = method if method in tracing.METHODS else "_OTHER"
    span.name(f"{known} {route}")
    span.tell({"http.request.method": known, "http.route": route, "http.response.status_code": status})
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        span.fail(str(status))


class BodyLimit:
    """Refuses bodies over `MAX_BODY_BYTES` (`LARGER` has the exceptions): by their declared length before reading, then while reading.

    Compressed ones too, unread: how large they are shows only once they are inflated.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = LARGER.get((scope["method"], scope["path"]), MAX_BODY_BYTES)
        headers = Headers(scope=scope)
        if headers.get("content-encoding", PLAIN).strip().lower() not in {PLAIN, ""}:
            answer = problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", _COMPRESSED)
            answer.headers["Accept-Encoding"] = PLAIN
            await _unread(answer, scope, receive, send)
            return
        declared = headers.get("content-length", "0")
        if not declared.isdigit() or int(declared) > limit:
            await _unread(problem(BodyTooLarge.status, BodyTooLarge.code, _told(limit)), scope, receive, send)
            return
        received, more = 0, True

        async def counted() -> Message:
            nonlocal received, more
            if not more:
                return await receive()  # whether the client is still there
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow from None
            received += len(message.get("body", b""))
            more = message.get("more_body", False)
            if received > limit:
                raise BodyTooLarge(_told(limit))
            return message

        await self._app(scope, counted, send)


def _told(limit: int) -> str:
    return f"The request is larger than {limit} bytes. Send less at a time."


async def _unread(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a request without keeping its body, the beginning of which is thrown away; what is left of it ends with the connection.

    Whoever closes on a body that is still being sent is not heard: the sender is told of a broken connection instead.
    """
    thrown, more = 0, True
    while more and thrown < THROWN_AWAY_BYTES:
        message = await receive()
        thrown += len(message.get("body", b""))
        more = message.get("more_body", False)
    if more:
        answer.headers["Connection"] = "close"
    await answer(scope, receive, send)
