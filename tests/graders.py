"""Graders that say what a test tells them, and narrators that fail."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from assay.domain.errors import ProviderError
from assay.domain.fusion import Fact, Sentence
from assay.domain.grading import EssayTask, Identity, ModelReply, VerdictDraft
from assay.domain.rubric import Dimension


class ScriptedGrader:
    """A grader that says what it is told: a list of replies or errors, the last one for ever."""

    identity = Identity(producer="openai", model="scripted", prompt_hash="0" * 64)

    def __init__(self, *script: Callable[[EssayTask], dict[str, Any]] | ProviderError) -> None:
        self._script = list(script)
        self.asked: list[tuple[EssayTask, tuple[str, ...]]] = []
        self.asked_often = asyncio.Event()
        """Set once all three essays of an assessment have been asked about."""

    async def ask(self, task: EssayTask, *, failed_quotes: Sequence[str] = ()) -> ModelReply:
        """Play the next entry."""
        self.asked.append((task, tuple(failed_quotes)))
        entry = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(entry, ProviderError):
            raise entry
        return ModelReply(content=entry(task))

    def read(self, task: EssayTask, reply: ModelReply) -> VerdictDraft:
        """The content is the draft."""
        return VerdictDraft.model_validate(reply.content)


def quoting(*quotes: str, level: int = 3) -> Callable[[EssayTask], dict[str, Any]]:
    """A verdict at one level with these quotes, or with the essay's own first words when none are given."""

    def reply(task: EssayTask) -> dict[str, Any]:
        claim = {"level": level, "rationale": "Because.", "quotes": list(quotes or [task.essay.split(". ")[0]])}
        return {"dimensions": {dimension.value: claim for dimension in Dimension}, "feedback": "Good."}

    return reply


class StuckGrader(ScriptedGrader):
    """A grader that never answers."""

    async def ask(self, task: EssayTask, *, failed_quotes: Sequence[str] = ()) -> ModelReply:
        """Wait for ever."""
        self.asked.append((task, tuple(failed_quotes)))
        if len(self.asked) >= 3:
            self.asked_often.set()
        await asyncio.Event().wait()
        raise AssertionError


class FailingNarrator:
    """A narrator that raises what it is given."""

    identity = Identity(producer="openai", model="scripted", prompt_hash="0" * 64)

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def ask(self, facts: Sequence[Fact]) -> ModelReply:
        """Fail."""
        raise self._error

    def read(self, reply: ModelReply) -> list[Sentence]:
        """Never reached."""
        raise AssertionError(reply)
