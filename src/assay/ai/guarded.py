"""Behaviour by wrapping: a grader, narrator or embedder inside one of these is not asked while its provider's circuit is open."""

from collections.abc import Sequence
from dataclasses import dataclass

from assay.ai.breaker import Breaker
from assay.domain.fusion import Fact, Sentence
from assay.domain.grading import EssayTask, Identity, ModelReply, VerdictDraft
from assay.domain.ports import Embedder, Grader, Narrator, Vector


@dataclass(frozen=True, slots=True)
class GuardedGrader:
    """A `Grader` behind a breaker."""

    inner: Grader
    breaker: Breaker

    @property
    def identity(self) -> Identity:
        """The inner grader's."""
        return self.inner.identity

    async def ask(self, task: EssayTask, *, failed_quotes: Sequence[str] = ()) -> ModelReply:
        """Ask the inner grader. Raises `CircuitOpen` at once while the provider is left alone."""
        return await self.breaker.call(lambda: self.inner.ask(task, failed_quotes=failed_quotes))

    def read(self, task: EssayTask, reply: ModelReply) -> VerdictDraft:
        """As the inner grader reads it."""
        return self.inner.read(task, reply)


@dataclass(frozen=True, slots=True)
class GuardedNarrator:
    """A `Narrator` behind a breaker."""

    inner: Narrator
    breaker: Breaker

    @property
    def identity(self) -> Identity:
        """The inner narrator's."""
        return self.inner.identity

    async def ask(self, facts: Sequence[Fact]) -> ModelReply:
        """Ask the inner narrator. Raises `CircuitOpen` at once while the provider is left alone."""
        return await self.breaker.call(lambda: self.inner.ask(facts))

    def read(self, reply: ModelReply) -> list[Sentence]:
        """As the inner narrator reads it."""
        return self.inner.read(reply)


@dataclass(frozen=True, slots=True)
class GuardedEmbedder:
    """An `Embedder` behind a breaker."""

    inner: Embedder
    breaker: Breaker

    @property
    def name(self) -> str:
        """The inner embedder's."""
        return self.inner.name

    @property
    def dimension(self) -> int:
        """The inner embedder's."""
        return self.inner.dimension

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Ask the inner embedder. Raises `CircuitOpen` at once while the provider is left alone."""
        return await self.breaker.call(lambda: self.inner.embed(texts))
