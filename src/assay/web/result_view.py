"""What a page about a result needs besides it: numbered quotes, marked essays, numbered facts, answers beside the right ones."""

from typing import Any
from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.services import responses
from assay.services.question_bank import QuestionBank
from assay.services.results import Result
from assay.web import prose
from assay.web.comparison import Line, lines
from assay.web.supposing import can_suppose


def view(result: Result) -> dict[str, Any]:
    """What the template needs of a result beyond itself: numbered quotes, marked essays, numbered facts."""
    quotes = {essay.id: prose.numbered(essay) for essay in result.essay_scores}
    summary = result.recommendation.summary
    notes = prose.footnotes(summary)
    facts = {fact.id: fact for fact in summary.facts}
    return {
        "result": result,
        "can_suppose": can_suppose(result),
        "quotes": quotes,
        "marked": {essay.id: prose.highlight(essay.essay, quotes[essay.id], f"e{essay.position}") for essay in result.essay_scores},
        "paragraphs": prose.paragraphs(summary),
        "notes": notes,
        "cited": [(number, facts[fact]) for fact, number in notes.items()],
    }


async def answers(uow: UnitOfWork, bank: QuestionBank, result: Result) -> dict[str, Any]:
    """The answers to theory beside the right ones, and the formats of all questions, by question."""
    contents = await responses.asked_contents(uow, bank, result.assessment_id)
    comparisons: dict[UUID, tuple[Line, ...]] = {
        score.question_id: lines(contents[score.question_id], score) for score in result.theory if score.question_id in contents
    }
    return {"comparisons": comparisons, "formats": {question_id: content.format for question_id, content in contents.items()}}
