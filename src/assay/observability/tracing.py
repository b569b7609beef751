"""Traces: requests, jobs, calls to models and posts as OpenTelemetry spans, sent over OTLP while somebody listens; nothing otherwise.

What may be said of a span is listed in `Attribute`: kinds, routes, states, counts and ids of this service, never what a person or a caller
wrote. Errors are told by their kind; their messages may quote a student. OpenTelemetry is imported when exporting begins, not before.
"""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from assay import __version__

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import Tracer
    from opentelemetry.util.types import AnyValue

type _Tracer = Tracer  # aliases are looked up when they are needed, which at run time is never
type _Wire = OtelSpan
type Kind = Literal["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"]
type Attribute = Literal[
    "error.type",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "messaging.destination.name",
    "messaging.message.id",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.system",
    "assay.actor",
    "assay.actor.role",
    "assay.cost.usd",
    "assay.job.attempt",
    "assay.job.outcome",
    "assay.job.waited",
    "assay.purpose",
    "assay.track",
    "assay.webhook.endpoint",
    "assay.webhook.event",
]
"""Names of the semantic conventions 1.44 (HTTP, messaging, generative AI), and our own. One is added only when it can never name a person
or hold their words; `assay.actor` is the pseudonym of the logs, `assay.job.waited` in seconds."""
type Attributes = Mapping[Attribute, str | int | float]

HIDDEN: Final = "opentelemetry.sdk.metrics"
TRACES_PATH: Final = "/v1/traces"
EXPORT_SECONDS: Final = 3.0
"""For one export. Whoever listens is near; spans that cannot be delivered are dropped."""
FLUSH_SECONDS: Final = 3.0
"""At the end of a process, for what has not been sent yet."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Of requests; whatever else a caller writes there is `_OTHER`."""

_tracer: _Tracer | None = None


class Span(Protocol):
    """What is going on, as long as it goes on."""

    def tell(self, attributes: Attributes) -> None:
        """Say more of it than was known at its beginning."""

    def name(self, name: str) -> None:
        """Call it by a better name."""

    def fail(self, kind: str) -> None:
        """It went wrong: the kind of error in a word."""


class Exporting(NamedTuple):
    """Where spans are sent: the base URL of an OTLP receiver with headers it may want, for which process, and what share of traces."""

    endpoint: str
    headers: Mapping[str, str]
    process: str
    environment: str
    share: float


class _Nothing:
    """The span of a process that traces nothing."""

    def __enter__(self) -> Span:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def tell(self, attributes: Attributes) -> None:
        """Nobody listens."""

    def name(self, name: str) -> None:
        """Nobody listens."""

    def fail(self, kind: str) -> None:
        """Nobody listens."""


_NOTHING: Final = _Nothing()


class _Recorded(NamedTuple):
    """A span that will be sent."""

    span: _Wire

    def tell(self, attributes: Attributes) -> None:
        self.span.set_attributes(_plain(attributes))

    def name(self, name: str) -> None:
        self.span.update_name(name)

    def fail(self, kind: str) -> None:
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - see above

        self.span.set_attribute("error.type", kind)
        self.span.set_status(StatusCode.ERROR)


def span(
    name: str, kind: Kind = "INTERNAL", attributes: Attributes | None = None, *, parent: str | None = None
) -> AbstractContextManager[Span]:
    """Trace a block under whatever is going on already, or under `parent`, a `traceparent` from elsewhere. Costs nothing while off.

    An exception that leaves the block fails the span by its kind alone: its `fault`, where it has named one.
    """
    return _NOTHING if _tracer is None else _recorded(_tracer, name, kind, attributes or {}, parent)


def traceparent() -> str | None:
    """What goes on now as W3C Trace Context writes it; None while off, or when nothing does."""
    if _tracer is None:
        return None
    from opentelemetry.trace import get_current_span  # noqa: PLC0415 - see above

    context = get_current_span().get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}" if context.is_valid else None


def trace_id() -> str | None:
    """The id of the present trace in hexadecimal, as the logs tell it; None while off, or when there is none."""
    told = traceparent()
    return told.split("-")[1] if told else None


@asynccontextmanager
async def exporting(wanted: Exporting) -> AsyncIterator[None]:
    """Send spans meanwhile, from a thread of its own; without an endpoint nothing happens, nor where spans are sent already.

    What cannot be delivered is dropped after `EXPORT_SECONDS`, and the end of the process waits no longer than `FLUSH_SECONDS`.
    """
    global _tracer  # noqa: PLW0603 - one per process, as the registry of metrics is
    if not wanted.endpoint or _tracer is not None:
        yield
        return
    provider = _provider(wanted)
    _tracer = provider.get_tracer("assay", __version__)
    try:
        yield
    finally:
        _tracer = None
        last = threading.Thread(target=provider.shutdown, name="last-spans", daemon=True)
        last.start()
        await asyncio.to_thread(last.join, FLUSH_SECONDS)


def _provider(wanted: Exporting) -> "TracerProvider":
    if sys.modules.get(HIDDEN, True) is None:  # see `assay/__init__.py`
        del sys.modules[HIDDEN]
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - see above
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - see above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - see above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - see above
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415 - see above

    resource = Resource.create(
        {
            "service.namespace": "assay",
            "service.name": f"assay-{wanted.process}",
            "service.version": __version__,
            "deployment.environment.name": wanted.environment,
        }
    )
    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(wanted.share)), resource=resource, shutdown_on_exit=False)
    endpoint = wanted.endpoint.rstrip("/").removesuffix(TRACES_PATH) + TRACES_PATH
    exporter = OTLPSpanExporter(endpoint=endpoint, headers=dict(wanted.headers), timeout=EXPORT_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


@contextmanager
def _recorded(tracer: _Tracer, name: str, kind: Kind, attributes: Attributes, parent: str | None) -> Iterator[Span]:
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - see above

    with tracer.start_as_current_span(
        name,
        context=_remote(parent) if parent else None,
        kind=SpanKind[kind],
        attributes=_plain(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as recorded:
        made = _Recorded(recorded)
        try:
            yield made
        except BaseException as error:
            made.fail(str(getattr(error, "fault", type(error).__name__)))
            raise


def _plain(attributes: Attributes) -> dict[str, "AnyValue"]:
    return {str(name): value for name, value in attributes.items()}


def _remote(parent: str) -> "Context":
    """A context in which `parent` goes on, and nothing else; an empty one when it cannot be read."""
    from opentelemetry.context import Context  # noqa: PLC0415 - see above
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - see above

    return TraceContextTextMapPropagator().extract({"traceparent": parent}, Context())
