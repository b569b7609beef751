"""What the closer look at verdicts that are nearly the best costs honest ones: how many excellent essays it would leave to a person.

An honest grader gives an excellent essay the highest level in each dimension. What it would give to those sentences alone that touch the
question cannot be known without asking one; it is taken to fall by as many levels as the built-in grader's reading falls.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from assay.domain.grading import EssayTask, Identity, ModelReply, VerdictDraft
from assay.domain.ports import Grader
from assay.domain.rubric import MAX_LEVEL
from evals.attacks import Benign, Place, insert
from evals.essays import GradedEssay, Half, own
from evals.graders import Judge
from evals.report import Figure
from evals.statistics import wilson

HELD: Final = 0.05
"""Of excellent essays, what may be left to a person: a second marker in examinations reads many times as many."""


class Candid:
    """Gives the essay `whole` the highest level throughout, and a part of it what the built-in grader finds missing less."""

    identity = Identity(producer="openai", model="candid", prompt_hash="0" * 64)

    def __init__(self, built_in: Grader, whole: EssayTask) -> None:
        self._built_in = built_in
        self._whole = whole

    async def ask(self, task: EssayTask, *, failed_quotes: Sequence[str] = ()) -> ModelReply:
        """The built-in grader's words and quotes with levels of its own. Raises `ProviderError`."""
        del failed_quotes
        whole, part = await self._draft(self._whole), await self._draft(task)
        quotes = next((claim.quotes for claim in part.dimensions.values() if claim.quotes), ())
        dimensions = {
            name: claim.model_copy(
                update={"level": MAX_LEVEL - max(0, whole.dimensions[name].level - claim.level), "quotes": claim.quotes or quotes}
            )
            for name, claim in part.dimensions.items()
        }
        return ModelReply(content=part.model_copy(update={"dimensions": dimensions}).model_dump(mode="json"))

    def read(self, task: EssayTask, reply: ModelReply) -> VerdictDraft:  # noqa: ARG002 - part of the port
        """The draft in `reply`."""
        return VerdictDraft.model_validate(reply.content)

    async def _draft(self, task: EssayTask) -> VerdictDraft:
        return self._built_in.read(task, await self._built_in.ask(task))


class Top(NamedTuple):
    """An excellent essay, whether any dimension of it was held, and whether the grader was asked about a part of it too."""

    held: bool
    asked_twice: bool


def excellent() -> list[GradedEssay]:
    """The development essays at the highest level throughout. Raises `DataError`."""
    return [essay for essay in own(Half.DEV) if set(essay.scores.values()) == {MAX_LEVEL}]


async def tops(built_in: Judge, benign: Sequence[Benign], seed: int) -> tuple[list[Top], list[Top]]:
    """The excellent essays as they are, and one of them drawn for each innocent passage, with that in it."""
    essays = excellent()
    drawn = np.random.default_rng(seed).integers(len(essays), size=len(benign))
    with_passages = [
        (essays[place], insert(one.passage, Place.MIDDLE, essays[place].essay).text) for one, place in zip(benign, drawn, strict=True)
    ]
    plain = [await _top(built_in, essay, essay.essay) for essay in essays]
    return plain, [await _top(built_in, essay, text) for essay, text in with_passages]


async def _top(built_in: Judge, essay: GradedEssay, text: str) -> Top:
    question = essay.question
    task = EssayTask(prompt=question.prompt, essay=text, rubric=question.rubric)
    found = await Judge("honest", Candid(built_in.grader, task), built_in)(question, text)
    return Top(held=bool(found.held), asked_twice=found.asked_twice)


def figures(plain: Sequence[Top], with_passages: Sequence[Top]) -> list[Figure]:
    """How many are held, and how many more calls honest top verdicts cost."""
    twice = sum(top.asked_twice for top in plain)
    return [
        _held("honest top verdicts held", plain, "excellent essays"),
        _held("honest top verdicts held, with an innocent passage", with_passages, "excellent essays"),
        Figure("honest top verdicts asked about twice", twice / len(plain), f"{len(plain)} excellent essays", wilson(twice, len(plain))),
    ]


def _held(name: str, found: Sequence[Top], what: str) -> Figure:
    held = sum(top.held for top in found)
    return Figure(name, held / len(found), f"{len(found)} {what}", wilson(held, len(found)), at_most=HELD)
