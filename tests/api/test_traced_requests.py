"""Requests in traces: what is told of one, whose trace it goes on with, and what is not traced."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from collectors import Collector, Seen, collector
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from assay.edge.middleware import Correlation
from assay.observability.tracing import Exporting, exporting

THEIRS = f"00-{'a' * 32}-{'b' * 16}-01"
CANARY = "canary-of-a-student"


async def fine(_request: Request) -> Response:
    """Goes well."""
    return PlainTextResponse("ok")


async def defect(_request: Request) -> Response:
    """Fails with somebody's words."""
    raise ValueError(CANARY)


@pytest.fixture
def there() -> Iterator[Collector]:
    """A collector."""
    with collector() as opened:
        yield opened


@asynccontextmanager
async def asking(there: Collector, *, continues_traces: bool = False) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a small application behind the middleware."""
    paths = ("/things/{thing}", "/assessments/{assessment_id}/status", "/healthz")
    routes = [Route("/defect", defect), *(Route(path, fine, methods=["GET", "ODD"]) for path in paths)]
    app = Starlette(routes=routes, middleware=[Middleware(Correlation, continues_traces=continues_traces)])
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        exporting(Exporting(there.url, {}, "api", "test", 1.0)),
        httpx2.AsyncClient(transport=transport, base_url="http://assay.test", headers={"traceparent": THEIRS}) as client,
    ):
        yield client


async def only(there: Collector) -> Seen:
    """The one span that came in."""
    (span,) = there.spans
    return span


@pytest.mark.parametrize("continues", [False, True])
async def test_a_trace_is_continued_only_where_that_is_wanted(there: Collector, *, continues: bool) -> None:
    """Anybody can write a `traceparent`: without the setting a request begins a trace of its own."""
    async with asking(there, continues_traces=continues) as client:
        await client.get("/things/1")
    span = await only(there)
    assert ((span.trace, span.parent) == ("a" * 32, "b" * 16)) is continues
    assert (span.parent == "") is not continues


async def test_a_request_is_told_by_its_route(there: Collector) -> None:
    """Not by what the caller chose: path, query, headers, a method of their own."""
    async with asking(there) as client:
        await client.request("ODD", f"/things/{CANARY}?q={CANARY}", headers={"User-Agent": CANARY, "X-Correlation-Id": CANARY})
    span = await only(there)
    assert (span.name, span.kind, span.failed) == ("_OTHER /things/{thing}", "SERVER", False)
    assert span.attributes == {
        "http.request.method": "_OTHER",
        "http.route": "/things/{thing}",
        "http.response.status_code": 200,
        "assay.actor": "nobody",
        "assay.actor.role": "none",
        "assay.track": "none",
    }
    assert CANARY.encode() not in there.raw


async def test_a_defect_fails_its_span_without_a_word(there: Collector) -> None:
    """By the kind of error."""
    async with asking(there) as client:
        assert (await client.get("/defect")).status_code == 500
    span = await only(there)
    assert (span.failed, span.attributes["error.type"], span.attributes["http.response.status_code"]) == (True, "ValueError", 500)
    assert CANARY.encode() not in there.raw


async def test_what_is_asked_all_the_time_is_no_trace(there: Collector) -> None:
    """Health, and the status that everybody who waits asks for each second."""
    async with asking(there) as client:
        for path in ("/healthz", "/assessments/1/status"):
            assert (await client.get(path)).status_code == 200
    assert there.spans == []
