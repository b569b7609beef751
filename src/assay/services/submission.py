"""Submitting: lock the answers, score what rules can score, hand the rest to the ledger, all in one transaction."""

from datetime import datetime
from uuid import UUID

from assay.db.models import RuleScore
from assay.db.repositories.assessments import AssessmentRow
from assay.db.repositories.responses import SavedAnswer
from assay.db.unit_of_work import UnitOfWork
from assay.domain import rules
from assay.domain.actors import Actor
from assay.domain.degradation import Cause, Degradation, Stage
from assay.domain.errors import FieldProblem, Invalid
from assay.domain.jobs import PRIORITIES, JobType
from assay.domain.progress import AssessmentStatus
from assay.domain.questions import QuestionContent, QuestionType
from assay.domain.signals import read_signals
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.observability import metrics
from assay.observability.logging import current_correlation_id
from assay.services import assessments, responses
from assay.services.question_bank import QuestionBank


class QuestionScore(Value):
    """What one theoretical question earned: `credit` of 0 to 1."""

    question_id: UUID
    credit: float
    answered: bool


class RuleScores(Value):
    """The theory result: `total` of `max` points, one point a question."""

    total: float
    max: float
    percent: float
    questions: tuple[QuestionScore, ...]


class Receipt(Value):
    """The answer to a submission; without scores where the student is not to see the result as soon as there is one."""

    assessment_id: UUID
    status: AssessmentStatus
    submitted_at: datetime
    rule_scores: RuleScores | None
    degraded: bool
    status_url: str
    result_url: str


async def submit(uow: UnitOfWork, bank: QuestionBank, actor: Actor, assessment_id: UUID, *, confirm_unanswered: bool = False) -> Receipt:
    """Finalise an assessment. Unanswered questions are refused by name unless the student confirms them; they then earn nothing.

    Raises `NotFound`, `Conflict` when already submitted, `Expired`, and `Invalid` naming the unanswered questions.
    """
    row = await assessments.visible(uow, actor, assessment_id, lock=True)
    responses.refuse_unless_open(row, actor)
    asked, contents, answers = await responses.read_sheet(uow, bank, assessment_id)
    if not confirm_unanswered:
        _refuse_unanswered(asked, answers)
    submitted_at = await uow.assessments.mark_submitted(assessment_id)
    scores = [_score(assessment_id, question_id, contents.get(question_id), answers.get(question_id)) for question_id in asked]
    await uow.scores.add_rule_scores(assessment_id, scores)
    lost = len(asked) - len(contents)
    if lost:
        await uow.scores.add_degradation(assessment_id, _unreadable(lost, submitted_at))
    await _enqueue(uow, row)
    metrics.ASSESSMENTS.labels(event="submitted", track=row.track_slug).inc()
    return Receipt(
        assessment_id=assessment_id,
        status=AssessmentStatus.PROCESSING,
        submitted_at=submitted_at,
        rule_scores=summarise(scores) if row.release.held(submitted_at) is None else None,
        degraded=lost > 0,
        status_url=f"/api/v1/assessments/{assessment_id}/status",
        result_url=f"/api/v1/assessments/{assessment_id}/result",
    )


def summarise(scores: list[RuleScore]) -> RuleScores:
    """The theory result from its rows; profile questions have no credit and are left out."""
    theory = [score for score in scores if score.credit is not None]
    total = sum(score.credit or 0.0 for score in theory)
    return RuleScores(
        total=round(total, 4),
        max=float(len(theory)),
        percent=round(100 * total / len(theory), 1) if theory else 0.0,
        questions=tuple(
            QuestionScore(question_id=score.question_id, credit=round(score.credit or 0.0, 4), answered=score.answered) for score in theory
        ),
    )


def _refuse_unanswered(asked: list[UUID], answers: dict[UUID, SavedAnswer]) -> None:
    missing = [
        FieldProblem(f"/responses/{index}", f"question {index + 1} ({question_id}) is not answered")
        for index, question_id in enumerate(asked)
        if question_id not in answers or answers[question_id].is_blank
    ]
    if missing:
        raise Invalid(
            f"{len(missing)} of {len(asked)} questions are not answered. Answer them, or confirm that they stay empty "
            "by sending confirmUnanswered: true. Everything saved so far is kept.",
            code="incomplete",
            problems=tuple(missing),
        )


def _score(assessment_id: UUID, question_id: UUID, content: QuestionContent | None, saved: SavedAnswer | None) -> RuleScore:
    answer = None if saved is None else saved.answer
    credit: float | None = None
    signals: dict[str, float] = {}
    if content is not None and content.type is QuestionType.THEORETICAL and content.rule is not None:
        credit = rules.score(content.rule, answer)
    if content is not None and content.signals is not None:
        signals = read_signals(content.signals, answer)
    return RuleScore(
        assessment_id=assessment_id,
        question_id=question_id,
        credit=credit,
        answered=saved is not None and not saved.is_blank,
        signals=signals,
    )


def _unreadable(lost: int, since: datetime) -> Degradation:
    return Degradation(
        stage=Stage.RULE_SCORING,
        cause=Cause.UNREADABLE_RULE,
        since=since,
        replaced_by=None,
        detail=f"{lost} question(s) were asked in a form that can no longer be read and are left out of the score",
    )


async def _enqueue(uow: UnitOfWork, row: AssessmentRow) -> None:
    for job_type, waits in ((JobType.SCORE_ESSAY, False), (JobType.GENERATE_RECOMMENDATIONS, True)):
        job_id = new_id()
        await uow.jobs.add(
            job_id,
            job_type,
            assessment_id=row.id,
            track=row.track_slug,
            correlation_id=current_correlation_id(),
            priority=PRIORITIES[job_type],
            waits=waits,
        )
        if not waits:
            uow.ring_after_commit(job_type, job_id)
