"""The result: scores with their evidence, recommendations with their sources, and how each came to be."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from assay.db.models import EssayScore, RagTrace, Recommendation
from assay.db.repositories.assessments import AssessmentRow
from assay.db.repositories.recommendations import ShownItem
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.degradation import Degradation
from assay.domain.errors import Conflict
from assay.domain.fusion import DroppedSentence, Fact, Sentence
from assay.domain.grading import Cap, Provenance, Quote, Verdict
from assay.domain.progress import AssessmentStatus, status_of
from assay.domain.questions import QuestionContent, QuestionType
from assay.domain.rubric import MAX_LEVEL, Dimension, Rubric
from assay.domain.tracks import SkillLevel
from assay.kit.model import Value
from assay.services import assessments, flags, overrides, responses, submission, upgrades
from assay.services.assessments import TrackName
from assay.services.flags import FlagRead
from assay.services.overrides import EssayOverrides, OverrideRead
from assay.services.question_bank import QuestionBank
from assay.services.responses import Sheet
from assay.services.upgrades import Changes, Standing


class TheoryScore(Value):
    """One theoretical question: what was answered, what was right, and why. Shown only with the finished result."""

    question_id: UUID
    position: int
    prompt: str
    answer: Any
    credit: float
    answered: bool
    correct: Any
    explanation: str


class DimensionScore(Value):
    """One dimension of one essay: a proved level, an advisor's, or held for a person."""

    level: int | None
    """The one that stands."""
    model_level: int | None = None
    """What the grader gave; None when it gave none that could be proved."""
    override: OverrideRead | None = None
    cap: Cap | None = None
    """What holds the grader's level down, where something the pre-checks noticed does and no advisor has spoken."""
    spread: int | None = None
    """How far several readings lay apart, in levels; None when the essay was read once."""
    max: int = MAX_LEVEL
    descriptor: str | None
    """What the rubric says of this level."""
    rationale: str
    improvement: str
    quotes: tuple[Quote, ...]
    held: bool
    held_reason: str | None
    features: dict[str, float]


class EssayResult(Value):
    """One essay with its verdict. `quotes` of the dimensions point into `essay` by character."""

    id: UUID
    question_id: UUID
    position: int
    prompt: str
    essay: str
    percent: float | None
    """By the levels that stand; None when there is none, and the essay does not count."""
    model_percent: float | None = None
    """By the grader's levels, where an advisor has spoken."""
    dimensions: dict[Dimension, DimensionScore]
    feedback: str
    covered: tuple[str, ...]
    missed: tuple[str, ...]
    flags: tuple[str, ...]
    evaluator: str
    provenance: Provenance


class Scores(Value):
    """Percentages by the levels that stand. `essay` is the mean of the essays; `overall` the mean of both halves that exist."""

    rule: submission.RuleScores
    essay: float | None
    overall: float | None


class Source(Value):
    """A passage of the cited credential version: `section[start:end] == snippet`."""

    credential_version: int
    section: str
    snippet: str
    start: int
    end: int


class Reason(Value):
    """Why: a stable code, a sentence, and how much it counted."""

    code: str
    text: str
    contribution: float


class RecommendedItem(Value):
    """A recommended credential."""

    rank: int
    credential_id: UUID
    title: str
    provider: str
    level: SkillLevel
    workload_hours: int
    description: str
    score: float
    reasons: tuple[Reason, ...]
    sources: tuple[Source, ...]
    ranks: dict[str, int]


class Exclusion(Value):
    """A credential that was considered and left out, and why."""

    credential_id: UUID
    title: str
    code: str | None = None
    """None in a result from before codes were stored."""
    reason: str


class Summary(Value):
    """The narrative, sentence by sentence with the facts each rests on."""

    text: str
    sentences: tuple[Sentence, ...]
    facts: tuple[Fact, ...]
    dropped: tuple[DroppedSentence, ...]


class RecommendationRead(Value):
    """The recommendation as a whole."""

    id: UUID
    version: int
    summary: Summary
    items: tuple[RecommendedItem, ...]
    excluded: tuple[Exclusion, ...]
    provenance: dict[str, Any]


class TraceRead(Value):
    """What one part of the query found."""

    part: str
    query: str
    weight: float
    hits: list[Any]


class Result(Value):
    """Everything a student or an advisor needs to understand and act."""

    assessment_id: UUID
    track: TrackName
    scores: Scores
    theory: tuple[TheoryScore, ...]
    essay_scores: tuple[EssayResult, ...]
    recommendation: RecommendationRead
    rag_traces: tuple[TraceRead, ...]
    degraded: bool
    degradations: tuple[Degradation, ...]
    submitted_at: datetime
    generated_at: datetime
    changes: Changes | None = None
    """What has changed since the first result, where parts of it were made again; None while it is the first."""
    processing_ms: float
    """From submission to result, in milliseconds."""
    flags: tuple[FlagRead, ...] | None = Field(default=None, exclude_if=lambda flags: flags is None)
    """What advisors noted, oldest first. For advisors alone: the field is absent for the student."""


async def read(uow: UnitOfWork, bank: QuestionBank, actor: Actor, assessment_id: UUID) -> Result:
    """The finished result. Raises `NotFound`, and `Conflict` naming the status while there is none."""
    row = await finished(uow, actor, assessment_id)
    sheet = await responses.read_sheet(uow, bank, assessment_id)
    theory, scores = await _theory(uow, row, sheet)
    judged = await uow.scores.essay_scores(assessment_id)
    said = await overrides.standing(uow, actor, assessment_id)
    essays = _essays(judged, sheet, said)
    recommendation = await uow.recommendations.latest(assessment_id)
    degradations = await uow.scores.degradations(assessment_id)
    essay_percent = _mean([essay.percent for essay in essays if essay.percent is not None])
    halves = [half for half in (scores.percent if scores.max else None, essay_percent) if half is not None]
    submitted_at, completed_at = row.times.submitted_at, row.times.completed_at
    if recommendation is None or submitted_at is None or completed_at is None:
        msg = f"assessment {assessment_id} is completed without a recommendation"
        raise LookupError(msg)
    return Result(
        assessment_id=assessment_id,
        track=TrackName(id=row.track_id, slug=row.track_slug, name=row.track_name),
        scores=Scores(rule=scores, essay=essay_percent, overall=_mean(halves)),
        theory=theory,
        essay_scores=essays,
        recommendation=await _recommendation(uow, recommendation),
        rag_traces=tuple(_trace(trace) for trace in await uow.recommendations.traces(recommendation.id)),
        degraded=bool(degradations),
        degradations=tuple(degradations),
        submitted_at=submitted_at,
        generated_at=recommendation.generated_at,
        changes=await upgrades.since_first(
            uow,
            Standing(recommendation, essays, scored_again_at=max((each.created_at for each in judged if each.version > 1), default=None)),
            lambda first: _essays(first, sheet, said),
        ),
        processing_ms=round((completed_at - submitted_at).total_seconds() * 1000, 1),
        flags=await flags.for_reader(uow, actor, assessment_id),
    )


async def finished(uow: UnitOfWork, actor: Actor, assessment_id: UUID, *, lock: bool = False) -> AssessmentRow:
    """An assessment of the caller's that has a result to be seen.

    Raises `NotFound`, and `Conflict` naming the status while there is none, or saying that it is held back.
    """
    row = await assessments.visible(uow, actor, assessment_id, lock=lock)
    if (status := status_of(row.times)) is not AssessmentStatus.COMPLETED:
        progress = await assessments.status(uow, actor, assessment_id)
        raise Conflict(
            "There is no result yet.",
            code="result_pending",
            assessment_status=status.value,
            percent=progress.percent,
            estimated_seconds_remaining=progress.estimated_seconds_remaining,
            status_url=f"/api/v1/assessments/{assessment_id}/status",
        )
    if (sentence := assessments.held_back(actor, row.times, row.release)) is not None:
        raise Conflict(
            sentence, code="result_held_back", assessment_status=status.value, status_url=f"/api/v1/assessments/{assessment_id}/status"
        )
    return row


async def _theory(uow: UnitOfWork, row: AssessmentRow, sheet: Sheet) -> tuple[tuple[TheoryScore, ...], submission.RuleScores]:
    scores = await uow.scores.rule_scores(row.id)
    _, contents, answers = sheet
    positions = {question_id: position for position, question_id in enumerate(contents, start=1)}
    shown = [
        TheoryScore(
            question_id=score.question_id,
            position=positions[score.question_id],
            prompt=contents[score.question_id].prompt,
            answer=answers[score.question_id].answer if score.question_id in answers else None,
            credit=score.credit,
            answered=score.answered,
            correct=_correct(contents[score.question_id]),
            explanation=contents[score.question_id].explanation,
        )
        for score in scores
        if score.credit is not None and score.question_id in contents
    ]
    return tuple(sorted(shown, key=lambda each: each.position)), submission.summarise(scores)


def _correct(content: QuestionContent) -> Any:
    """The right answer in the shape of an answer."""
    if content.rule is None:
        return None
    match content.rule.kind:
        case "multipleChoice":
            return sorted(content.rule.correct)
        case "numeric":
            return content.rule.value
        case "matching":
            return content.rule.pairs
        case "shortText":
            return content.rule.accepted[0]
        case _:
            return content.rule.correct


def _essays(scores: Iterable[EssayScore], sheet: Sheet, said: Mapping[UUID, EssayOverrides]) -> tuple[EssayResult, ...]:
    """The essays with these verdicts, and what advisors say instead."""
    _, contents, answers = sheet
    positions = {question_id: position for position, question_id in enumerate(contents, start=1)}
    shown = [
        _essay(
            score,
            positions[score.question_id],
            contents[score.question_id],
            answers.get(score.question_id),
            said.get(score.question_id, {}),
        )
        for score in scores
        if contents[score.question_id].type is QuestionType.ESSAY
    ]
    return tuple(sorted(shown, key=lambda each: each.position))


def _essay(score: EssayScore, position: int, content: QuestionContent, saved: Any, said: EssayOverrides) -> EssayResult:
    verdict = Verdict.model_validate(score.verdict)
    provenance = Provenance.model_validate(score.provenance)
    rubric = content.rubric
    points = {point.id: point.text for point in rubric.key_points} if rubric else {}
    return EssayResult(
        id=score.id,
        question_id=score.question_id,
        position=position,
        prompt=content.prompt,
        essay=saved.answer if saved is not None and isinstance(saved.answer, str) else "",
        percent=round(overrides.percent(score.percent, rubric, verdict, said), 1) if verdict.levels() or said else None,
        model_percent=round(score.percent, 1) if said else None,
        dimensions=_dimensions(verdict, rubric, said),
        feedback=verdict.feedback,
        covered=tuple(points[point] for point in verdict.topics_well if point in points),
        missed=tuple(points[point] for point in verdict.topics_missed if point in points),
        flags=verdict.flags,
        evaluator=f"{provenance.producer} ({provenance.model})",
        provenance=provenance,
    )


def _dimensions(verdict: Verdict, rubric: Rubric | None, said: EssayOverrides) -> dict[Dimension, DimensionScore]:
    standing = overrides.standing_levels(verdict, said)
    return {
        name: DimensionScore(
            level=(level := standing[name].level),
            model_level=standing[name].model_level,
            override=standing[name].override,
            cap=None if name in said else dimension.cap,
            spread=dimension.spread,
            descriptor=rubric.dimension(name).levels[level] if rubric and level is not None else None,
            rationale=dimension.rationale,
            improvement=dimension.improvement,
            quotes=dimension.quotes,
            held=dimension.held and level is None,
            held_reason=dimension.held_reason,
            features=dimension.features,
        )
        for name, dimension in verdict.dimensions.items()
    }


async def _recommendation(uow: UnitOfWork, recommendation: Recommendation) -> RecommendationRead:
    return RecommendationRead(
        id=recommendation.id,
        version=recommendation.version,
        summary=Summary.model_validate(recommendation.summary),
        items=tuple(_item(shown) for shown in await uow.recommendations.shown(recommendation.id)),
        excluded=tuple(Exclusion.model_validate(each) for each in recommendation.excluded),
        provenance=recommendation.provenance,
    )


def _item(shown: ShownItem) -> RecommendedItem:
    item = shown.item
    return RecommendedItem(
        rank=item.rank,
        credential_id=shown.credential_id,
        title=shown.title,
        provider=shown.provider,
        level=SkillLevel(shown.level),
        workload_hours=shown.workload_hours,
        description=shown.description,
        score=round(item.score, 4),
        reasons=tuple(Reason.model_validate(each) for each in item.reasons),
        sources=tuple(Source.model_validate(each) for each in item.sources),
        ranks=item.ranks,
    )


def _trace(trace: RagTrace) -> TraceRead:
    return TraceRead(part=trace.part, query=trace.query, weight=trace.weight, hits=trace.hits)


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 1) if values else None
