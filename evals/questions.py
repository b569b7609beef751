"""The questions that essays answer, and the built-in grader as the product runs it on them: graded, evidence checked."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from assay.ai.builtin_embedder import BuiltinEmbedder
from assay.ai.builtin_grader import BuiltinGrader
from assay.domain import evidence
from assay.domain.grading import EssayTask, Verdict, VerdictDraft
from assay.domain.questions import TextOptions
from assay.domain.rubric import Rubric
from assay.services import seeding

SEEDS: Final = Path(__file__).parents[1] / "seeds"


class Question(NamedTuple):
    """What an essay answers and is judged by; `min_words` is what the question asks for."""

    prompt: str
    rubric: Rubric
    track: str = ""
    min_words: int = 0


class Judged(NamedTuple):
    """A grader's claim, and what is left of it when its evidence has been checked."""

    draft: VerdictDraft
    verdict: Verdict

    @property
    def levels(self) -> dict[str, int]:
        """The levels that stand, by dimension; held ones are absent."""
        return {name.value: level for name, level in self.verdict.levels().items()}

    @property
    def held(self) -> int:
        """How many dimensions are held for a person."""
        return len(self.verdict.dimensions) - len(self.levels)


def open_grader() -> BuiltinGrader:
    """The built-in grader."""
    return BuiltinGrader(BuiltinEmbedder())


async def judge(grader: BuiltinGrader, question: Question, essay: str) -> Judged:
    """The verdict on `essay`. Raises `ProviderError` when the embedding model cannot be loaded."""
    task = EssayTask(prompt=question.prompt, essay=essay, rubric=question.rubric)
    draft = grader.read(task, await grader.ask(task))
    return Judged(draft, evidence.verify(draft, essay).verdict)


@cache
def essay_questions() -> Mapping[str, Question]:
    """The essay questions of the seed bank by slug. Raises `SeedError` when the seeds are wrong."""
    return MappingProxyType({seed.slug: _question(seed, seed.rubric) for seed in seeding.read(SEEDS).questions if seed.rubric})


def _question(seed: seeding.SeedQuestion, rubric: Rubric) -> Question:
    bounds = seed.options if isinstance(seed.options, TextOptions) else TextOptions()
    return Question(seed.prompt, rubric, seed.tracks[0], bounds.min_words or 0)
