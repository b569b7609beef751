"""The job `score_essay`: read the essays, have them graded (outside any transaction), write verdicts, degradation and release at once.

A grader that fails is asked again by the ledger while the grading budget lasts; then, or when asking again cannot help, the fallback grader
speaks for that essay and the stage is degraded with the named cause. A job that heals writes the verdicts that are better than those
that stand, and no others.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from assay.db.effects import written
from assay.db.models import EssayScore
from assay.db.repositories.jobs import Completed
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain import judging
from assay.domain.degradation import Cause, Degradation, Stage
from assay.domain.grading import EssayTask
from assay.domain.healing import rank
from assay.domain.jobs import ClaimedJob, JobStatus, JobType
from assay.domain.questions import QuestionContent, QuestionType, TextOptions
from assay.domain.rubric import Dimension
from assay.kit.clock import Clock
from assay.kit.ids import new_id
from assay.observability import metrics
from assay.services import grading, webhook_events
from assay.services.asking import Attempt, gathered
from assay.services.grading import Essay, Graded, Graders
from assay.services.question_bank import QuestionBank
from assay.services.responses import read_sheet


async def score(
    job: ClaimedJob, *, open_uow: OpenUnitOfWork, bank: QuestionBank, graders: Graders, clock: Clock, seconds_left: float
) -> Cause | None:
    """Grade the essays of `job`'s assessment and write verdicts, degradation and the release of the recommendation job.

    Returns the cause for which a substitute had to speak, if it had to. `seconds_left` is what remains of the grading budget, the
    fallback's time included; with nothing left this is the last try. Raises `ProviderError` when the grader failed and may be asked
    again, `Fenced` when the lease is gone.
    """
    until = asyncio.get_running_loop().time() + max(seconds_left - grading.FALLBACK_SECONDS, 0.0)
    async with open_uow(autocommit=True) as uow:
        essays, unreadable = await read_essays(uow, bank, job.assessment_id)
        known = await uow.replies.find_all(grading.first_keys(essays, graders))
    attempt = Attempt(job, open_uow, known, until, last=job.is_last_try or seconds_left <= 0)
    graded = await gathered(grading.grade(essay, graders, attempt) for essay in essays)
    if job.heals:
        await _heal(job, open_uow, graded, unreadable)
    else:
        degradation = _degradation(graded, unreadable, clock())

        async def effect(uow: UnitOfWork) -> None:
            await _complete(uow, job, JobStatus.DEGRADED if degradation else JobStatus.SUCCEEDED)
            await _write(uow, job, graded, degradation)

        await written(open_uow, effect)
        _count(job, degradation)
    return next((Cause(each.fault.fault.value) for each in graded if each.fault), None)


async def give_up(job: ClaimedJob, *, open_uow: OpenUnitOfWork, bank: QuestionBank, clock: Clock, cause: Cause, error: str) -> None:
    """End a job that cannot be done: each essay is held for a person, the recommendation goes on without the essays.

    When it was to heal, what stands is left as it is.
    """
    if job.heals:
        await written(open_uow, lambda uow: _complete(uow, job, JobStatus.DEAD, error))
        metrics.HEALS.labels(job_type=job.type, outcome="dead", track=job.track).inc()
        return
    degradation = Degradation(
        stage=Stage.ESSAY_SCORING,
        cause=cause,
        since=clock(),
        replaced_by="static",
        detail="The essays could not be scored automatically and are held for a person",
    )

    async def effect(uow: UnitOfWork) -> None:
        essays, _ = await read_essays(uow, bank, job.assessment_id)
        completed = await _complete(uow, job, JobStatus.DEAD, error)
        # workers may have died of looking at these very essays: then nobody looks again
        flags = [() if cause is Cause.CRASHED else grading.flags_of(essay) for essay in essays]
        held = [
            Graded(essay, judging.not_scored(noticed), grading.unasked(essay, grading.NOBODY), "")
            for essay, noticed in zip(essays, flags, strict=True)
        ]
        await _write(uow, job, held, degradation)
        if completed.is_heard:
            await webhook_events.job_given_up(uow, job, Stage.ESSAY_SCORING, cause)

    await written(open_uow, effect)
    _count(job, degradation)


async def read_essays(uow: UnitOfWork, bank: QuestionBank, assessment_id: UUID) -> tuple[list[Essay], int]:
    """The essays of an assessment, and how many cannot be graded because question or rubric cannot be read any more."""
    asked, contents, answers = await read_sheet(uow, bank, assessment_id)
    essays = [
        _essay(question_id, content, answers[question_id].answer if question_id in answers else "")
        for question_id, content in contents.items()
        if content.type is QuestionType.ESSAY
    ]
    return essays, len(asked) - len(contents)


def as_row(assessment_id: UUID, graded: Graded, version: int = 1) -> EssayScore:
    """The row that stores a verdict: the columns hold the levels that count, the verdict what was given and why it counts for less."""
    levels = graded.verdict.levels()
    return EssayScore(
        id=new_id(),
        version=version,
        assessment_id=assessment_id,
        question_id=graded.essay.question_id,
        clarity=levels.get(Dimension.CLARITY),
        accuracy=levels.get(Dimension.ACCURACY),
        coherence=levels.get(Dimension.COHERENCE),
        percent=graded.essay.task.rubric.percent(levels),
        flags=list(graded.verdict.flags),
        verdict=graded.verdict.model_dump(mode="json"),
        provenance=graded.provenance.model_dump(mode="json"),
        reply_key=graded.reply_key or None,
    )


async def _heal(job: ClaimedJob, open_uow: OpenUnitOfWork, graded: Sequence[Graded], unreadable: int) -> None:
    """Write the verdicts that are better by who gave them; an essay that fails again keeps the verdict that stands."""
    async with open_uow(autocommit=True) as uow:  # nobody else writes scores of an assessment with a job under way
        stand = {score.question_id: rank(score.provenance["producer"]) for score in await uow.scores.essay_scores(job.assessment_id)}
        since = {each.stage: each.since for each in await uow.scores.degradations(job.assessment_id)}
    ranks = [(each, rank(each.provenance.producer), stand.get(each.essay.question_id, 0)) for each in graded]
    better = [each for each, new, old in ranks if new > old]
    poor = [each for each, new, old in ranks if each.fault and new >= old]
    degradation = _degradation(poor, unreadable, since[Stage.ESSAY_SCORING], of=len(graded)) if Stage.ESSAY_SCORING in since else None
    outcome = "unchanged" if poor and not better else "partly" if poor else "healed"

    async def effect(uow: UnitOfWork) -> None:
        await _complete(uow, job, JobStatus.DEGRADED if degradation else JobStatus.SUCCEEDED)
        if outcome != "unchanged":
            await uow.jobs.speak_anew(job)
            await _write(uow, job, better, degradation)

    await written(open_uow, effect)
    if outcome != "unchanged":
        _count(job, degradation)
    metrics.HEALS.labels(job_type=job.type, outcome=outcome, track=job.track).inc()


def _essay(question_id: UUID, content: QuestionContent, answer: object) -> Essay:
    if content.rubric is None:  # the content's own validation refuses this
        msg = "an essay question without a rubric"
        raise TypeError(msg)
    text = answer if isinstance(answer, str) else ""
    bounds = content.options if isinstance(content.options, TextOptions) else TextOptions()
    task = EssayTask(prompt=content.prompt, essay=text, rubric=content.rubric)
    return Essay(question_id=question_id, task=task, min_words=bounds.min_words or 0)


def _degradation(graded: Sequence[Graded], unreadable: int, since: datetime, *, of: int | None = None) -> Degradation | None:
    faults = [result.fault for result in graded if result.fault]
    if faults:
        return Degradation(
            stage=Stage.ESSAY_SCORING,
            cause=Cause(faults[0].fault.value),
            since=since,
            replaced_by="built-in",
            detail=f"{len(faults)} of {of or len(graded)} essays were scored by the built-in evaluator",
        )
    if unreadable:
        return Degradation(
            stage=Stage.ESSAY_SCORING,
            cause=Cause.UNREADABLE_RUBRIC,
            since=since,
            replaced_by=None,
            detail=f"{unreadable} question(s) can no longer be read and are left out of the score",
        )
    return None


async def _complete(uow: UnitOfWork, job: ClaimedJob, status: JobStatus, error: str | None = None) -> Completed:
    completed = await uow.jobs.complete(job, status, error)
    if completed.released is not None:
        uow.ring_after_commit(JobType.GENERATE_RECOMMENDATIONS, completed.released)
    return completed


async def _write(uow: UnitOfWork, job: ClaimedJob, graded: Sequence[Graded], degradation: Degradation | None) -> None:
    await uow.scores.add_essay_scores([as_row(job.assessment_id, result, job.generation) for result in graded])
    if degradation is not None:
        await uow.scores.add_degradation(job.assessment_id, degradation)


def _count(job: ClaimedJob, degradation: Degradation | None) -> None:
    if degradation is not None:
        metrics.DEGRADED_STAGES.labels(stage=degradation.stage, cause=degradation.cause, track=job.track).inc()
