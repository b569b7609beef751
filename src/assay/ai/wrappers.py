"""Behaviour by wrapping: a grader, narrator or embedder inside one of these is measured and logged, and stays what it is."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Literal

import structlog

from assay.domain.errors import ProviderError
from assay.domain.fusion import Fact, Sentence
from assay.domain.grading import EssayTask, Identity, ModelReply, Usage, VerdictDraft
from assay.domain.ports import Embedder, Grader, Narrator, Vector
from assay.observability import tracing
from assay.observability.logging import current_correlation_id, current_track
from assay.observability.metrics import MODEL_COST, MODEL_SECONDS, MODEL_TOKENS

type Purpose = Literal["grade", "narrate", "embed"]

BUILT_IN: Final = "built-in"
_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class InstrumentedGrader:
    """A `Grader`, measured."""

    inner: Grader

    @property
    def identity(self) -> Identity:
        """The inner grader's."""
        return self.inner.identity

    async def ask(self, task: EssayTask, *, failed_quotes: Sequence[str] = ()) -> ModelReply:
        """Ask the inner grader."""
        with _observed("grade", self.identity.model, self.identity.producer) as note:
            return note(await self.inner.ask(task, failed_quotes=failed_quotes))

    def read(self, task: EssayTask, reply: ModelReply) -> VerdictDraft:
        """As the inner grader reads it."""
        return self.inner.read(task, reply)


@dataclass(frozen=True, slots=True)
class InstrumentedNarrator:
    """A `Narrator`, measured."""

    inner: Narrator

    @property
    def identity(self) -> Identity:
        """The inner narrator's."""
        return self.inner.identity

    async def ask(self, facts: Sequence[Fact]) -> ModelReply:
        """Ask the inner narrator."""
        with _observed("narrate", self.identity.model, self.identity.producer) as note:
            return note(await self.inner.ask(facts))

    def read(self, reply: ModelReply) -> list[Sentence]:
        """As the inner narrator reads it."""
        return self.inner.read(reply)


@dataclass(frozen=True, slots=True)
class InstrumentedEmbedder:
    """An `Embedder`, measured. One observation covers all the calls of one `embed`."""

    inner: Embedder

    @property
    def name(self) -> str:
        """The inner embedder's."""
        return self.inner.name

    @property
    def dimension(self) -> int:
        """The inner embedder's."""
        return self.inner.dimension

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Ask the inner embedder."""
        with _observed("embed", self.name, _producer_of(self.name)):
            return await self.inner.embed(texts)


def count_tokens(purpose: Purpose, model: str, usage: Usage) -> None:
    """Add what a call cost to the token counters; cached tokens are part of the input tokens."""
    kinds = {"input": usage.input_tokens, "cached": usage.cached_tokens, "output": usage.output_tokens}
    for kind, tokens in kinds.items():
        MODEL_TOKENS.labels(purpose=purpose, model=model, kind=kind, track=current_track()).inc(tokens)


@contextmanager
def _observed(purpose: Purpose, model: str, producer: str) -> Iterator[Callable[[ModelReply], ModelReply]]:
    """Observe the block, trace it, and write one line about it: what, who, how long, how it ended; never what was said.

    The outcome is `ok`, the name of a fault, `cancelled` when the caller went away, or `error` for a defect.
    """
    start, outcome, detail, usage = perf_counter(), "cancelled", "", Usage()

    def note(reply: ModelReply) -> ModelReply:
        nonlocal usage
        usage = reply.usage
        count_tokens(purpose, model, usage)
        if usage.cost_usd is not None:
            MODEL_COST.labels(purpose=purpose, model=model, track=current_track()).inc(usage.cost_usd)
        span.tell(_spent(usage))
        return reply

    try:
        with _traced(purpose, model, producer) as span:
            yield note
        outcome = "ok"
    except ProviderError as error:
        outcome, detail = error.fault.value, error.detail
        raise
    except Exception:  # named here, raised on: a defect of ours, which the caller tells
        outcome = "error"
        raise
    finally:
        seconds = perf_counter() - start
        MODEL_SECONDS.labels(purpose=purpose, model=model, outcome=outcome, track=current_track()).observe(seconds)
        _log.log(
            logging.INFO if outcome == "ok" else logging.WARNING,
            "model_call",
            purpose=purpose,
            model=model,
            outcome=outcome,
            detail=detail,
            milliseconds=round(1_000 * seconds, 1),
            input_tokens=usage.input_tokens,
            cached_tokens=usage.cached_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=usage.cost_usd,
            correlation_id=current_correlation_id(),
            track=current_track(),
        )


def _traced(purpose: Purpose, model: str, producer: str) -> AbstractContextManager[tracing.Span]:
    """A span by the semantic conventions for generative AI; what runs in this process is no call to anybody."""
    operation = "embeddings" if purpose == "embed" else "chat"
    if purpose == "embed" and producer != BUILT_IN:  # `openai:model@dimension`
        model = model.removeprefix(f"{producer}:").rpartition("@")[0]
    told: tracing.Attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": producer,
        "gen_ai.request.model": model,
        "assay.purpose": purpose,
        "assay.track": current_track(),
    }
    return tracing.span(f"{operation} {model}", "INTERNAL" if producer == BUILT_IN else "CLIENT", told)


def _spent(usage: Usage) -> tracing.Attributes:
    told: tracing.Attributes = {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
    }
    return told if usage.cost_usd is None else {**told, "assay.cost.usd": usage.cost_usd}


def _producer_of(embedder: str) -> str:
    """Embedders of a provider are named after it: `openai:model@dimension`."""
    provider, colon, _ = embedder.partition(":")
    return provider if colon else BUILT_IN
