"""The grader that asks a language model: about a whole essay in one call, or about each dimension in a call of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from assay.ai import prompts
from assay.ai.openai_model import OpenAIModel, Question
from assay.ai.openai_replies import checked
from assay.ai.wire import AccuracyForm, DimensionForm, EssayForm, StyleForm
from assay.domain.grading import DimensionDraft, EssayTask, Identity, ModelReply, VerdictDraft
from assay.domain.rubric import Dimension, Rubric
from assay.domain.sampling import FEEDBACK_AT_MOST, QUOTES_AT_MOST, level_order
from assay.kit.hashing import canonical_json

QUOTE_LENGTH: Final = 1_000
RATIONALE_LENGTH: Final = 2_000
IMPROVEMENT_LENGTH: Final = 1_000
"""The limits of the draft. A longer text is cut there (the start of a verbatim quote is a verbatim quote), not paid for twice."""

type Grading = Literal["essay", "dimension"]

_WHOLE: Final = prompts.load("grade_essay")
_SINGLE: Final = prompts.load("grade_dimension")
_PROMPTS: Final[dict[Grading, prompts.Prompt]] = {"essay": _WHOLE, "dimension": _SINGLE}


@dataclass(frozen=True, slots=True)
class OpenAIGrader:
    """A `Grader` on a model behind the OpenAI protocol. `grading`: the kind of parts it is asked about, all dimensions or one each."""

    model: OpenAIModel
    grading: Grading = "essay"

    @property
    def identity(self) -> Identity:
        """Model, prompt hash and parameters as sent."""
        return self.model.identity(_PROMPTS[self.grading].hash)

    async def ask(self, task: EssayTask, *, failed_quotes: Sequence[str] = ()) -> ModelReply:
        """One judgement as the model gave it; it is told which `failed_quotes` are not in the essay. Raises `ProviderError`."""
        prompt = _PROMPTS[self.grading]
        which = "-".join(filter(None, [task.part.dimension, str(task.part.sample or "")]))
        return await self.model.ask(
            Question(
                instructions=prompt.render("instructions"),
                text="\n\n".join(_parts(prompt, task, failed_quotes)),
                schema=_form(task),
                cache_key=f"{prompt.hash[:16]}-{task.rubric.hash[:16]}{which and f'-{which}'}",
            )
        )

    def read(self, task: EssayTask, reply: ModelReply) -> VerdictDraft:
        """As `read` reads it."""
        return read(task, reply)


def read(task: EssayTask, reply: ModelReply) -> VerdictDraft:
    """The draft in a reply, new or stored; ids that are no key points of the rubric are left out. Pure. Raises `ProviderError`."""
    form = checked(_form(task), reply.content)
    if isinstance(form, EssayForm):
        dimensions = {dimension: _draft(getattr(form, dimension)) for dimension in Dimension}
        return _verdict(task, dimensions, form.feedback, form.key_points_covered, form.key_points_missed)
    if isinstance(form, AccuracyForm):
        return _verdict(task, {Dimension.ACCURACY: _draft(form)}, form.feedback, form.key_points_covered, form.key_points_missed)
    return _verdict(task, {task.part.dimension or Dimension.CLARITY: _draft(form)}, form.feedback, [], [])


def rubric_text(rubric: Rubric, *, dimension: Dimension | None = None, sample: int = 0) -> str:
    """The rubric as Markdown: levels by dimension in the order of reading `sample`, key points with their ids, notes for graders.

    Of a single `dimension` only its own levels, and the key points for accuracy alone.
    """
    lines: list[str] = []
    order = level_order(rubric, sample)
    for name in [dimension] if dimension else Dimension:
        levels = rubric.dimension(name).levels
        lines += [f"## {name.capitalize()}", *(f"- Level {level}: {_line(levels[level])}" for level in order), ""]
    if dimension in {None, Dimension.ACCURACY}:
        lines += ["## Key points", *(f"- [{point.id}] {_line(point.text)}" for point in rubric.key_points), ""]
    lines += ["## Notes for graders", rubric.grader_notes.strip() or "None."]
    return "\n".join(lines)


def _form(task: EssayTask) -> type[EssayForm | AccuracyForm | StyleForm]:
    """What the model is to fill in: only the form of what it is asked about."""
    match task.part.dimension:
        case None:
            return EssayForm
        case Dimension.ACCURACY:
            return AccuracyForm
        case _:
            return StyleForm


def _parts(prompt: prompts.Prompt, task: EssayTask, failed_quotes: Sequence[str]) -> Iterator[str]:
    """What changes least comes first: a provider caches by prefix."""
    dimension, sample = task.part.dimension, task.part.sample
    yield prompt.render("rubric", question=task.prompt, rubric=rubric_text(task.rubric, dimension=dimension, sample=sample))
    named = {"dimension": dimension.value} if dimension else {}
    yield prompt.render("essay", essay=prompts.delimited("essay", task.essay), **named)
    if failed_quotes:
        lines = "\n".join(canonical_json(quote) for quote in failed_quotes)
        yield prompt.render("recheck", failed=prompts.delimited("quotes", lines))


def _verdict(
    task: EssayTask, dimensions: dict[Dimension, DimensionDraft], feedback: str, covered: Sequence[str], missed: Sequence[str]
) -> VerdictDraft:
    points = [point.id for point in task.rubric.key_points]
    well = tuple(point for point in points if point in covered)
    return VerdictDraft(
        dimensions=dimensions,
        feedback=feedback[:FEEDBACK_AT_MOST],
        topics_well=well,
        topics_missed=tuple(point for point in points if point in missed and point not in well),
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _draft(form: DimensionForm | AccuracyForm | StyleForm) -> DimensionDraft:
    quotes = [quote.strip()[:QUOTE_LENGTH] for quote in form.quotes if quote.strip()]
    return DimensionDraft(
        level=form.level,
        rationale=form.rationale[:RATIONALE_LENGTH],
        quotes=tuple(dict.fromkeys(quotes))[:QUOTES_AT_MOST],
        improvement=form.improvement[:IMPROVEMENT_LENGTH],
    )
