"""A receiver of traces on loopback: OTLP over HTTP as a collector takes it, every byte kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan


class Seen(NamedTuple):
    """A span as it came in; ids in hexadecimal, `parent` empty at the root."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    failed: bool
    events: int

    def is_told_by(self, traceparent: str | None) -> bool:
        """Whether `traceparent` (W3C Trace Context) names it, sampled."""
        version, trace, span, flags = (traceparent or "---").split("-")
        return (version, trace, span, int(flags, 16) & 1) == ("00", self.trace, self.id, 1)


class Collector:
    """Takes what is posted to `/v1/traces`; `raw` is all bodies, `headers` those of the last."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: dict[str, str] = {}
        self.url = ""

    @property
    def raw(self) -> bytes:
        """Every byte that came in."""
        return b"\n".join(self.bodies)

    @property
    def spans(self) -> list[Seen]:
        """All spans, in the order in which they began."""
        wire = [span for scope in self._scopes() for span in scope.spans]
        return [_seen(span) for span in sorted(wire, key=lambda span: span.start_time_unix_nano)]

    @property
    def resource(self) -> dict[str, Any]:
        """Who sent the first of them."""
        first = ExportTraceServiceRequest.FromString(self.bodies[0]).resource_spans[0].resource
        return {pair.key: _value(pair.value) for pair in first.attributes}

    def _scopes(self) -> Iterator[Any]:
        for body in self.bodies:
            for each in ExportTraceServiceRequest.FromString(body).resource_spans:
                yield from each.scope_spans


@contextmanager
def collector() -> Iterator[Collector]:
    """One that listens already, in a thread of its own."""
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(self.headers["content-length"]))
            status = 200 if self.path == "/v1/traces" else 404
            if status == 200:
                made.bodies.append(body)
            self.send_response(status)
            self.send_header("content-type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def _seen(span: WireSpan) -> Seen:
    return Seen(
        name=span.name,
        kind=WireSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes={pair.key: _value(pair.value) for pair in span.attributes},
        failed=span.status.code == 2,
        events=len(span.events),
    )


def _value(value: AnyValue) -> Any:
    return getattr(value, value.WhichOneof("value"))
