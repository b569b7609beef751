"""Saving answers: in parts, as often as one likes, from several tabs, without losing any.

What stands, when two saves meet: per question the answer with the later `answeredAt` (the client's time, capped at the
server's), and of two without a time the one that arrived later. A batch that was taken in before changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from assay.db.repositories.assessments import AssessmentRow
from assay.db.repositories.responses import GivenAnswer, SavedAnswer
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.answers import is_blank, objection
from assay.domain.errors import Conflict, FieldProblem, Invalid
from assay.domain.progress import AssessmentStatus, status_of
from assay.domain.questions import QuestionContent
from assay.kit.model import Moment, Value
from assay.services import assessments
from assay.services.question_bank import QuestionBank


class ResponseWrite(Value):
    """One answer on its way in. `answered_at` is when the student gave it, by their own clock."""

    question_id: UUID
    answer: Any
    answered_at: Moment | None = None


class Sheet(NamedTuple):
    """An assessment on paper: what was asked, in order, what can still be read of it, and the answers that stand."""

    asked: list[UUID]
    contents: dict[UUID, QuestionContent]
    answers: dict[UUID, SavedAnswer]


class SaveReceipt(Value):
    """What stands after a save. `superseded` names questions that already had a later answer."""

    saved_at: datetime
    answered: int
    remaining: tuple[UUID, ...]
    superseded: tuple[UUID, ...] = ()


async def save(
    uow: UnitOfWork, bank: QuestionBank, actor: Actor, assessment_id: UUID, writes: Sequence[ResponseWrite], batch_id: str
) -> SaveReceipt:
    """Take a batch of answers in, all or none.

    Raises `NotFound`, `Invalid` (naming each wrong answer), `Conflict` once submitted and `Expired` once the time is over.
    """
    row = await assessments.visible(uow, actor, assessment_id)
    refuse_unless_open(row, actor)
    contents = await asked_contents(uow, bank, assessment_id)
    if problems := _problems(writes, contents):
        raise Invalid("Some answers do not fit their questions; nothing of this batch was saved.", problems=problems)
    latest = _latest(writes)
    saved = await uow.responses.save(
        assessment_id,
        batch_id,
        [GivenAnswer(write.question_id, write.answer, is_blank(write.answer), write.answered_at) for write in latest.values()],
    )
    if not saved.writable:
        refuse_unless_open(await assessments.visible(uow, actor, assessment_id), actor)
    standing = await uow.responses.all(assessment_id)
    done = {question_id for question_id, answer in standing.items() if not answer.is_blank}
    return SaveReceipt(
        saved_at=saved.saved_at,
        answered=len(done),
        remaining=tuple(question_id for question_id in contents if question_id not in done),
        superseded=tuple(set(latest) - set(saved.written)) if saved.is_new else (),
    )


def refuse_unless_open(row: AssessmentRow, actor: Actor) -> None:
    """Raises `Expired` or `Conflict` when answers can no longer change, `NotFound` for anybody but the owner."""
    if row.student_id != actor.id:
        raise Conflict("Only the student can change these answers.", code="not_the_owner")
    status = status_of(row.times)
    if status is AssessmentStatus.EXPIRED:
        raise assessments.expired(row)
    if status is not AssessmentStatus.IN_PROGRESS:
        raise Conflict("This assessment is submitted; its answers are locked.", code="already_submitted")


async def asked_contents(uow: UnitOfWork, bank: QuestionBank, assessment_id: UUID) -> dict[UUID, QuestionContent]:
    """The questions of an assessment by id, in order, exactly as asked."""
    asked = await uow.assessments.asked(assessment_id)
    contents = await bank.contents(uow, [question.version_id for question in asked])
    return {question.question_id: contents[question.version_id] for question in asked if question.version_id in contents}


async def read_sheet(uow: UnitOfWork, bank: QuestionBank, assessment_id: UUID) -> Sheet:
    """The questions of an assessment exactly as asked, with their answers."""
    lines = await uow.responses.sheet(assessment_id)
    contents = await bank.contents(uow, [line.version_id for line in lines])
    return Sheet(
        [line.question_id for line in lines],
        {line.question_id: contents[line.version_id] for line in lines if line.version_id in contents},
        {line.question_id: line.saved for line in lines if line.saved is not None},
    )


def _latest(writes: Sequence[ResponseWrite]) -> dict[UUID, ResponseWrite]:
    """The answer that stands per question when a batch holds several: the later one by time, else by place."""
    latest: dict[UUID, ResponseWrite] = {}
    for write in writes:
        other = latest.get(write.question_id)
        if other is None or other.answered_at is None or write.answered_at is None or write.answered_at >= other.answered_at:
            latest[write.question_id] = write
    return latest


def _problems(writes: Sequence[ResponseWrite], contents: dict[UUID, QuestionContent]) -> tuple[FieldProblem, ...]:
    found: list[FieldProblem] = []
    for index, write in enumerate(writes):
        content = contents.get(write.question_id)
        if content is None:
            found.append(FieldProblem(f"/responses/{index}/questionId", "this question is not part of this assessment"))
        elif (message := objection(content, write.answer)) is not None:
            found.append(FieldProblem(f"/responses/{index}/answer", message))
    return tuple(found)
