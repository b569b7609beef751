"""Traces: nothing while off; what is told, whose child it is, and what never leaves."""

import io
import logging
import subprocess
import sys
import threading
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal

import pytest
import structlog
from collectors import Collector, Seen, collector

from assay.api.app import create_api
from assay.kit.ids import new_id
from assay.observability import tracing
from assay.observability.logging import UNKNOWN, configure_logging, correlated, current_actor, current_track, known
from assay.observability.tracing import Exporting, exporting
from assay.web.app import create_web

CANARY = "canary-of-a-student"


@pytest.fixture
def there() -> Any:
    """A collector."""
    with collector() as opened:
        yield opened


def to(there: Collector, **changes: Any) -> AbstractAsyncContextManager[None]:
    """Export to it meanwhile."""
    wanted = Exporting(endpoint=there.url, headers={}, process="test", environment="test", share=1.0)
    return exporting(wanted._replace(**changes))


def by_name(there: Collector) -> dict[str, Seen]:
    """What came in."""
    return {span.name: span for span in there.spans}


async def test_nothing_is_traced_unless_somebody_listens(there: Collector) -> None:
    """While off every span is the same nothing, no trace goes on, and nothing is sent."""
    async with to(there, endpoint=""):
        assert tracing.span("a") is tracing.span("b", "CLIENT", {"error.type": "x"}, parent="00-1-2-01")
        with tracing.span("a") as span:
            span.name("b")
            span.tell({"http.route": "/"})
            span.fail("x")
            assert (tracing.traceparent(), tracing.trace_id()) == (None, None)
    assert there.bodies == []


def test_nothing_of_it_is_loaded_while_off() -> None:
    """Not the SDK, the exporter, and what these bring; redis, which looks for the SDK, does not find it."""
    late = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.trace", "google.protobuf")
    names = f"name for name, module in sys.modules.items() if module and name.startswith({late})"
    code = f"import sys, assay.observability.logging, assay.observability.metrics, redis; print(sorted({names}))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"


async def test_spans_nest_and_go_on_elsewhere(there: Collector) -> None:
    """A span in a span is its child; one with a `parent` from elsewhere goes on with that; one with rubbish begins anew."""
    async with to(there):
        with tracing.span("outer", "SERVER"):
            written = tracing.traceparent()
            with tracing.span("inner", attributes={"http.route": "/x"}):
                assert tracing.trace_id() == (written or "").split("-")[1]
        with tracing.span("later", "CONSUMER", parent=written):
            pass
        with tracing.span("astray", parent="00-zz-zz-01"):
            pass
        assert tracing.traceparent() is None
    spans = by_name(there)
    assert (spans["outer"].parent, spans["outer"].kind) == ("", "SERVER")
    assert spans["outer"].is_told_by(written)
    assert spans["inner"].parent == spans["later"].parent == spans["outer"].id
    assert {spans[name].trace for name in ("outer", "inner", "later")} == {spans["outer"].trace}
    assert (spans["astray"].parent, spans["astray"].trace == spans["outer"].trace) == ("", False)
    assert spans["inner"].attributes == {"http.route": "/x"}


class Faulty(Exception):
    """An error of ours, with a fault."""

    fault = "timeout"


@pytest.mark.parametrize(("error", "kind"), [(ValueError(CANARY), "ValueError"), (Faulty(CANARY), "timeout")])
async def test_an_error_is_told_by_its_kind_alone(there: Collector, error: Exception, kind: str) -> None:
    """Neither message nor stack leaves: they may quote a student."""
    async with to(there):
        with pytest.raises(type(error)), tracing.span("work"):
            raise error
    (span,) = there.spans
    assert (span.failed, span.attributes, span.events) == (True, {"error.type": kind}, 0)
    assert CANARY.encode() not in there.raw


async def test_who_sends_is_told_and_what_the_collector_wants(there: Collector) -> None:
    """The process, its version and surroundings as a resource; headers as set; an address that has its path already."""
    async with to(there, endpoint=f"{there.url}/v1/traces/", headers={"authorization": "Bearer x"}, process="worker"):
        with tracing.span("work"):
            pass
    assert there.resource["service.name"] == "assay-worker"
    assert there.resource["deployment.environment.name"] == "test"
    assert there.headers["authorization"] == "Bearer x"


async def test_a_share_of_nothing_sends_nothing_and_says_so_onwards(there: Collector) -> None:
    """What is not sampled here is not sampled further on, though its trace has a name for the logs."""
    async with to(there, share=0.0):
        with tracing.span("work"):
            written = tracing.traceparent()
        with tracing.span("later", parent=written):
            assert tracing.trace_id()
    assert int((written or "")[-2:], 16) & 1 == 0  # the flag that says sampled
    assert there.bodies == []


async def test_a_collector_that_is_away_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans are dropped, and the end does not wait for ever."""
    monkeypatch.setattr(tracing, "FLUSH_SECONDS", 0.1)
    monkeypatch.setattr(tracing, "EXPORT_SECONDS", 0.2)
    async with exporting(Exporting("http://127.0.0.1:9", {}, "test", "test", 1.0)):
        with tracing.span("work"):
            assert tracing.trace_id()
    assert tracing.trace_id() is None
    for thread in threading.enumerate():
        if thread.name == "last-spans":
            thread.join(10)


@pytest.mark.parametrize("form", ["json", "console"])
async def test_a_line_of_the_log_leads_to_its_trace(there: Collector, form: Literal["json", "console"]) -> None:
    """Ours and those of libraries, for machines and for people, with who asked, on what track, under which correlation id."""
    root, quiet = logging.getLogger(), structlog.get_config()
    before, stream = (list(root.handlers), root.level), io.StringIO()
    configure_logging(form, "INFO", stream)
    async with to(there):
        with correlated("c-12345678", **UNKNOWN), tracing.span("work"):
            known(actor="a1b2", role="advisor", track="data-analyst")
            structlog.get_logger("test").info("ours")
            logging.getLogger("library").warning("theirs")
    structlog.get_logger("test").info("outside")
    root.handlers, root.level = before
    structlog.configure(**quiet)
    (span,) = there.spans
    *inside, outside = stream.getvalue().splitlines()
    facts = {"correlation_id": "c-12345678", "trace_id": span.trace, "actor": "a1b2", "role": "advisor", "track": "data-analyst"}
    for line, event in zip(inside, ("ours", "theirs"), strict=True):
        assert event in line
        assert all((f'"{name}": "{fact}"' if form == "json" else f"{name}={fact}") in line for name, fact in facts.items())
    assert "trace_id" not in outside


def test_what_fastapi_would_export_by_itself_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its spans hold paths and queries, its logs the messages of exceptions: off, whatever the environment says."""
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    for app in (create_api(), create_web(dict, secure_cookies=True)):
        told = {name: app._telemetry[name] for name in ("tracing", "metrics", "logs", "operation_spans", "auto_configure")}  # type: ignore[literal-required]
        assert set(told.values()) == {False}
        assert not app._native_telemetry.enabled()


def test_what_becomes_known_is_said_until_the_block_ends() -> None:
    """Who asks and on what is bound inside of a request, never outside of one, where it would stay."""
    known(actor="a", role="student", track="t")
    assert (current_actor(), current_track()) == (("nobody", "none"), "none")
    with correlated(str(new_id()), **UNKNOWN):
        assert current_actor() == ("nobody", "none")
        known(actor="a", role="student", track="t", other="not asked for")
        assert (current_actor(), current_track()) == (("a", "student"), "t")
    assert (current_actor(), current_track()) == (("nobody", "none"), "none")
