"""The grader that asks a language model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from assay.ai import prompts
from assay.ai.openai_model import OpenAIModel, Question
from assay.ai.openai_replies import checked
from assay.ai.wire import DimensionForm, EssayForm
from assay.domain.grading import DimensionDraft, EssayTask, Identity, ModelReply, VerdictDraft
from assay.domain.rubric import Dimension, Rubric
from assay.kit.hashing import canonical_json

QUOTES_AT_MOST: Final = 8
QUOTE_LENGTH: Final = 1_000
RATIONALE_LENGTH: Final = 2_000
IMPROVEMENT_LENGTH: Final = 1_000
FEEDBACK_LENGTH: Final = 4_000
"""The limits of the draft. A longer text is cut there (the start of a verbatim quote is a verbatim quote), not paid for twice."""

_PROMPT: Final = prompts.load("grade_essay")


@dataclass(frozen=True, slots=True)
class OpenAIGrader:
    """A `Grader` on a model behind the OpenAI protocol."""

    model: OpenAIModel

    @property
    def identity(self) -> Identity:
        """Model, prompt hash and parameters as sent."""
        return self.model.identity(_PROMPT.hash)

    async def ask(self, task: EssayTask, *, failed_quotes: Sequence[str] = ()) -> ModelReply:
        """One judgement as the model gave it; it is told which `failed_quotes` are not in the essay. Raises `ProviderError`."""
        return await self.model.ask(
            Question(
                instructions=_PROMPT.render("instructions"),
                text="\n\n".join(_parts(task, failed_quotes)),
                schema=EssayForm,
                cache_key=f"{_PROMPT.hash[:16]}-{task.rubric.hash[:16]}",
            )
        )

    def read(self, task: EssayTask, reply: ModelReply) -> VerdictDraft:
        """The draft in a reply, new or stored; ids that are no key points of the rubric are left out. Raises `ProviderError`."""
        form = checked(EssayForm, reply.content)
        points = [point.id for point in task.rubric.key_points]
        covered = [point for point in points if point in form.key_points_covered]
        return VerdictDraft(
            dimensions={dimension: _draft(getattr(form, dimension)) for dimension in Dimension},
            feedback=form.feedback[:FEEDBACK_LENGTH],
            topics_well=tuple(covered),
            topics_missed=tuple(point for point in points if point in form.key_points_missed and point not in covered),
        )


def _parts(task: EssayTask, failed_quotes: Sequence[str]) -> Iterator[str]:
    """What changes least comes first: a provider caches by prefix."""
    yield _PROMPT.render("rubric", question=task.prompt, rubric=rubric_text(task.rubric))
    yield _PROMPT.render("essay", essay=prompts.delimited("essay", task.essay))
    if failed_quotes:
        lines = "\n".join(canonical_json(quote) for quote in failed_quotes)
        yield _PROMPT.render("recheck", failed=prompts.delimited("quotes", lines))


def rubric_text(rubric: Rubric) -> str:
    """The rubric as Markdown: levels by dimension, key points with their ids, notes for graders."""
    lines: list[str] = []
    for dimension in Dimension:
        lines += [f"## {dimension.capitalize()}", *_numbered(rubric.dimension(dimension).levels), ""]
    lines += ["## Key points", *(f"- [{point.id}] {_line(point.text)}" for point in rubric.key_points), ""]
    lines += ["## Notes for graders", rubric.grader_notes.strip() or "None."]
    return "\n".join(lines)


def _numbered(levels: Sequence[str]) -> list[str]:
    return [f"- Level {level}: {_line(text)}" for level, text in enumerate(levels)]


def _line(text: str) -> str:
    return " ".join(text.split())


def _draft(form: DimensionForm) -> DimensionDraft:
    quotes = [quote.strip()[:QUOTE_LENGTH] for quote in form.quotes if quote.strip()]
    return DimensionDraft(
        level=form.level,
        rationale=form.rationale[:RATIONALE_LENGTH],
        quotes=tuple(dict.fromkeys(quotes))[:QUOTES_AT_MOST],
        improvement=form.improvement[:IMPROVEMENT_LENGTH],
    )
