"""Instrumented ports: what is measured and logged about a call, and that nothing said in it is."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from assay.ai import wrappers
from assay.ai.openai_embedder import OpenAIEmbedder
from assay.ai.openai_grader import OpenAIGrader
from assay.ai.openai_model import OpenAIModel
from assay.ai.openai_narrator import OpenAINarrator
from assay.ai.wrappers import InstrumentedEmbedder, InstrumentedGrader, InstrumentedNarrator
from assay.domain.errors import ProviderError
from assay.domain.fusion import Fact
from assay.domain.grading import EssayTask
from assay.observability.logging import correlated

type Build = Callable[..., OpenAIModel]


@pytest.fixture(autouse=True)
def fresh_logger(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A logger that has not been used yet, and tells everything: a used one keeps the configuration it first met, whoever made it."""
    before = structlog.get_config()
    structlog.reset_defaults()
    monkeypatch.setattr(wrappers, "_log", structlog.get_logger("assay.ai.wrappers"))
    yield
    structlog.configure(**before)


def seconds(track: str, **labels: str) -> float:
    """How many calls were observed."""
    return REGISTRY.get_sample_value("assay_model_call_seconds_count", {"track": track, **labels}) or 0.0


def tokens(track: str, kind: str, **labels: str) -> float:
    """How many tokens were counted."""
    return REGISTRY.get_sample_value("assay_model_tokens_total", {"track": track, "kind": kind, **labels}) or 0.0


async def test_a_call_is_measured_and_logged_once(model: Build, task: EssayTask) -> None:
    """Duration and tokens carry the track; the line has the correlation id and figures, and no word of the essay."""
    grader = InstrumentedGrader(OpenAIGrader(model()))
    with capture_logs() as lines, correlated("c-1", track="t-grade"):
        reply = await grader.ask(task)
    labels = {"purpose": "grade", "model": "scripted-grader"}
    assert seconds("t-grade", outcome="ok", **labels) == 1
    assert tokens("t-grade", "input", **labels) == reply.usage.input_tokens
    assert tokens("t-grade", "output", **labels) == reply.usage.output_tokens
    (line,) = lines
    assert (line["event"], line["log_level"], line["outcome"]) == ("model_call", "info", "ok")
    assert (line["correlation_id"], line["track"]) == ("c-1", "t-grade")
    assert line["input_tokens"] == reply.usage.input_tokens
    assert "idempot" not in str(line)
    assert grader.read(task, reply) == grader.inner.read(task, reply)
    assert grader.identity == grader.inner.identity


async def test_a_fault_is_the_outcome(model: Build, facts: list[Fact]) -> None:
    """A failed call is observed under the fault's name and logged as a warning with its diagnostics."""
    narrator = InstrumentedNarrator(OpenAINarrator(model(fault="quota")))
    with capture_logs() as lines, correlated("c-2", track="t-narrate"), pytest.raises(ProviderError):
        await narrator.ask(facts)
    assert seconds("t-narrate", outcome="quota_exhausted", purpose="narrate", model="scripted-grader") == 1
    assert (lines[0]["log_level"], lines[0]["detail"]) == ("warning", "HTTP 429 insufficient_quota insufficient_quota")


async def test_embedding_tokens_are_counted_too(provider: Any) -> None:
    """The port returns vectors alone; their cost is counted all the same."""
    embedder = InstrumentedEmbedder(OpenAIEmbedder(provider.client, "text-embedding-3-small", 8))
    with correlated("c-3", track="t-embed"):
        await embedder.embed(["twelve chars"])
    labels = {"purpose": "embed", "model": "openai:text-embedding-3-small@8"}
    assert seconds("t-embed", outcome="ok", **labels) == 1
    assert tokens("t-embed", "input", **labels) == 3
    assert (embedder.name, embedder.dimension) == (labels["model"], 8)


async def test_a_defect_is_no_fault_of_the_provider(model: Build) -> None:
    """An error of our own is observed as such and goes on its way."""
    with correlated("c-5", track="t-error"), pytest.raises(AttributeError):
        await InstrumentedGrader(OpenAIGrader(model())).ask(None)  # type: ignore[arg-type]
    assert seconds("t-error", outcome="error", purpose="grade", model="scripted-grader") == 1


async def test_a_caller_that_leaves_is_no_fault(model: Build, task: EssayTask) -> None:
    """A cancelled call is observed as such."""
    with correlated("c-4", track="t-cancel"):
        call = asyncio.ensure_future(InstrumentedGrader(OpenAIGrader(model(fault="hang"))).ask(task))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert seconds("t-cancel", outcome="cancelled", purpose="grade", model="scripted-grader") == 1
