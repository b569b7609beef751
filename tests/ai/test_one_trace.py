"""One submit followed through: request, ledger, worker, model and webhook in one trace, and of the person not a byte in it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio
from canaries import EMAIL, ESSAY, FREE_TEXT, NAME, PERSON, WORDS, ask_for_words, captured_logs, found, rename
from collectors import Collector, Seen, collector
from hooks import delivering, registered, rows, settled, with_hooks
from journeys import Student
from receivers import Receiver
from starlette.applications import Starlette

from assay.ai.scripted import create_scripted_openai
from assay.asgi import create_app
from assay.domain.actors import Actor
from assay.domain.webhooks import EventType
from assay.runtime import Runtime, open_runtime
from assay.settings import Settings
from assay.worker.drainer import Drainer

SUBMIT = "POST /api/v1/assessments/{assessment_id}/submit"


@pytest.fixture
def traces() -> Iterator[Collector]:
    """A collector."""
    with collector() as opened:
        yield opened


@pytest_asyncio.fixture
async def service(providing: Any, settings: Settings, traces: Collector) -> AsyncIterator[Runtime]:
    """The service as in production, with a language model, webhooks and traces."""
    async with providing(create_scripted_openai(seed=3)) as provider:
        changes = {
            "llm_provider": "openai",
            "openai_api_key": "test",
            "openai_base_url": f"{provider.url}/v1",
            "openai_model": "scripted-grader",
            "otlp_endpoint": traces.url,
        }
        async with open_runtime(with_hooks(settings, **changes)) as runtime:
            yield runtime


def api(runtime: Runtime) -> Starlette:
    """The application on `runtime`."""

    @asynccontextmanager
    async def same(_settings: Settings) -> AsyncIterator[Runtime]:
        yield runtime

    return create_app(runtime.settings, same)


async def play(runtime: Runtime, actor: Actor, track_id: UUID) -> str:
    """A journey of somebody whose every header tries to get into the trace, with workers beside; the assessment's id."""
    app = api(runtime)
    headers = {
        "User-Agent": NAME,
        "X-Correlation-Id": "zabriskie.q.0001",
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
        "tracestate": "a=zabriskie",
    }
    drainer = Drainer(runtime, "test:1")
    async with app.router.lifespan_context(app):
        working = asyncio.create_task(drainer.run())
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with delivering(runtime), httpx2.AsyncClient(transport=transport, base_url="http://assay.test", headers=headers) as client:
            student = Student(client, runtime.identity.tokens.access(actor, runtime.clock()))
            await student.request("GET", f"/people/{EMAIL}?q={EMAIL}")
            bundle, _ = await student.finished(track_id, essay=ESSAY, free_text=FREE_TEXT)
            await settled(runtime)
        await drainer.stop()
        await working
    return str(bundle["assessmentId"])


def lineage(span: Seen, spans: list[Seen]) -> list[str]:
    """Its name and those of what it is part of, from the root on."""
    above = {each.id: each for each in spans}
    names = [span.name]
    while span.parent:
        span = above[span.parent]
        names.insert(0, span.name)
    return names


async def test_one_submit_is_one_trace(
    service: Runtime,
    traces: Collector,
    there: Receiver,
    student_actor: Actor,
    track_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """API, ledger, worker, model, webhook: each is a child of what caused it; neither bytes nor logs hold a name, an address or a word."""
    ask_for_words(monkeypatch)
    await rename(service, student_actor.id)
    await registered(service, there.url, EventType.ASSESSMENT_COMPLETED)
    with captured_logs() as logs:
        assessment_id = await play(service, student_actor, track_id)

    (submit,) = [span for span in traces.spans if span.name == SUBMIT]
    spans = [span for span in traces.spans if span.trace == submit.trace]
    score = [SUBMIT, "send score_essay", "process score_essay"]
    recommend = [SUBMIT, "send generate_recommendations", "process generate_recommendations"]
    deliver = [*recommend, "send deliver_webhook", "process deliver_webhook"]
    paths = [lineage(span, spans) for span in spans]
    for expected in (
        [*score, "chat scripted-grader"],
        [*score, "settle score_essay"],
        [*recommend, "retrieve"],
        [*recommend, "chat scripted-grader"],
        [*recommend, "settle generate_recommendations"],
        [*deliver, "POST"],
        [*deliver, "settle deliver_webhook"],
    ):
        assert expected in paths
    kinds = {span.name.split()[0]: span.kind for span in spans}
    assert (submit.kind, kinds["send"], kinds["process"], kinds["chat"]) == ("SERVER", "PRODUCER", "CONSUMER", "CLIENT")
    assert not [span.name for span in spans if span.failed]

    model = next(span for span in spans if span.name == "chat scripted-grader")
    assert model.attributes["gen_ai.operation.name"] == "chat"
    assert model.attributes["gen_ai.request.model"] == "scripted-grader"
    assert model.attributes["gen_ai.provider.name"] == "openai"
    assert model.attributes["gen_ai.usage.input_tokens"] > 0
    assert model.attributes["assay.track"] == "backend-engineer"
    assert submit.attributes["http.response.status_code"] == 202
    assert submit.attributes["assay.track"] == "backend-engineer"
    assert submit.attributes["assay.actor"] == service.pseudonym(student_actor.id)

    (kept,) = await rows(service, "SELECT traceparent FROM async_jobs WHERE job_type = 'score_essay'")
    assert next(span for span in spans if span.name == "send score_essay").is_told_by(kept[0])
    assert next(span for span in spans if span.name == "POST").is_told_by(there.received[0].headers["traceparent"])

    telling = traces.raw.decode("latin-1")
    assert found(telling + NAME + ESSAY, (NAME, "Wobblethwaite")) == {NAME, "Wobblethwaite"}  # the search finds what there is
    assert found(telling, (*PERSON, *WORDS, "zabriskie", str(student_actor.id), assessment_id)) == set()
    assert "a" * 32 not in {span.trace for span in traces.spans}
    lines = logs.getvalue()
    assert found(lines, (NAME, EMAIL, *WORDS)) == set()
    assert f'"trace_id": "{submit.trace}"' in lines
    assert f'"actor": "{service.pseudonym(student_actor.id)}"' in lines
