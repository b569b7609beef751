"""Essays from text to verified verdicts: read, ask the grader (outside any transaction), check the evidence, write once.

Each reply is stored under its content key in a transaction of its own before the effect, so that a re-run never pays twice.
A grader that fails is asked again by the ledger; on the last try, or when asking again cannot help, the fallback grader
speaks for that essay and the stage is degraded with the named cause.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import structlog

from assay.db.models import EssayScore
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain import evidence, prechecks
from assay.domain.degradation import Cause, Degradation, Stage
from assay.domain.errors import PERMANENT_FAULTS, Fault, ProviderError
from assay.domain.grading import DimensionVerdict, EssayTask, ModelReply, Provenance, Verdict, VerdictDraft
from assay.domain.jobs import ClaimedJob, JobStatus, JobType
from assay.domain.ports import Grader
from assay.domain.questions import QuestionContent, QuestionType, TextOptions
from assay.domain.rubric import Dimension, Rubric
from assay.kit.clock import Clock
from assay.kit.hashing import content_hash, text_hash
from assay.kit.model import Value
from assay.observability import metrics
from assay.services.question_bank import QuestionBank

log = structlog.get_logger(__name__)

PURPOSE: Final = "score_essay"

type KnownReplies = Mapping[str, ModelReply | None]
"""Replies by content key that were looked up already; None stands for one that is not there."""


class Essay(Value):
    """One essay with the question it answers."""

    question_id: UUID
    task: EssayTask
    min_words: int = 0


class Graders(NamedTuple):
    """The configured grader, and the one that speaks when it cannot. They are the same without a model provider."""

    primary: Grader
    fallback: Grader


class Graded(NamedTuple):
    """A verified verdict with how it came to be; `fault` names why the fallback had to speak."""

    essay: Essay
    verdict: Verdict
    provenance: Provenance
    reply_key: str
    fault: ProviderError | None = None


async def score(
    job: ClaimedJob, *, open_uow: OpenUnitOfWork, bank: QuestionBank, graders: Graders, clock: Clock, seconds_left: float
) -> None:
    """Grade the essays of `job`'s assessment and write verdicts, degradation and the release of the recommendation job.

    `seconds_left` is what remains of the grading budget; with nothing left this is the last try. Raises `ProviderError`
    when the grader failed and may be asked again, `Fenced` when the lease is gone.
    """
    async with open_uow(autocommit=True) as uow:
        essays, unreadable = await read_essays(uow, bank, job.assessment_id)
        known = await uow.replies.find_all([reply_key(graders.primary, essay.task) for essay in essays])
    last = job.is_last_try or seconds_left <= 0
    outcomes = await asyncio.gather(
        *(_grade(essay, job, open_uow, graders, known, last=last, deadline=seconds_left) for essay in essays), return_exceptions=True
    )
    graded = [outcome for outcome in outcomes if isinstance(outcome, Graded)]
    for failure in outcomes:
        if isinstance(failure, BaseException):
            raise failure
    degradation = _degradation(graded, unreadable, clock)
    async with open_uow() as uow:
        await uow.jobs.complete(job, JobStatus.DEGRADED if degradation else JobStatus.SUCCEEDED)
        for result in graded:
            uow.scores.add_essay_score(as_row(job.assessment_id, result))
        await _finish_stage(uow, job, degradation)


async def give_up(job: ClaimedJob, *, open_uow: OpenUnitOfWork, bank: QuestionBank, clock: Clock, cause: Cause, error: str) -> None:
    """End a job that cannot be done: each essay is held for a person, the recommendation goes on without the essays."""
    async with open_uow() as uow:
        essays, _ = await read_essays(uow, bank, job.assessment_id)
        await uow.jobs.complete(job, JobStatus.DEAD, error)
        for essay in essays:
            uow.scores.add_essay_score(as_row(job.assessment_id, _held(essay)))
        degradation = Degradation(
            stage=Stage.ESSAY_SCORING,
            cause=cause,
            since=clock(),
            replaced_by="static",
            detail="The essays could not be scored automatically and are held for a person",
        )
        await _finish_stage(uow, job, degradation)


async def read_essays(uow: UnitOfWork, bank: QuestionBank, assessment_id: UUID) -> tuple[list[Essay], int]:
    """The essays of an assessment, and how many cannot be graded because question or rubric cannot be read any more."""
    asked = await uow.assessments.asked(assessment_id)
    contents = await bank.contents(uow, [question.version_id for question in asked])
    answers = await uow.responses.all(assessment_id)
    essays = [
        _essay(question.question_id, content, answers[question.question_id].answer if question.question_id in answers else "")
        for question in asked
        if (content := contents.get(question.version_id)) is not None and content.type is QuestionType.ESSAY
    ]
    return essays, len(asked) - len(contents)


def _essay(question_id: UUID, content: QuestionContent, answer: object) -> Essay:
    if content.rubric is None:  # the content's own validation refuses this
        msg = "an essay question without a rubric"
        raise TypeError(msg)
    text = answer if isinstance(answer, str) else ""
    bounds = content.options if isinstance(content.options, TextOptions) else TextOptions()
    task = EssayTask(prompt=content.prompt, essay=text, rubric=content.rubric)
    return Essay(question_id=question_id, task=task, min_words=bounds.min_words or 0)


def reply_key(grader: Grader, task: EssayTask, failed_quotes: Sequence[str] = ()) -> str:
    """The content address of a reply: essay, rubric, prompt, model and parameters, and what was asked again."""
    identity = grader.identity.model_dump(mode="json")
    return content_hash([PURPOSE, text_hash(task.essay), text_hash(task.prompt), task.rubric.hash, identity, list(failed_quotes)])


async def _grade(
    essay: Essay, job: ClaimedJob, open_uow: OpenUnitOfWork, graders: Graders, known: KnownReplies, *, last: bool, deadline: float
) -> Graded:
    if not essay.task.essay.strip():
        return _blank(essay, graders.fallback)
    try:
        async with asyncio.timeout(max(deadline, 1.0)):
            return await _judge(essay, job, open_uow, graders.primary, known)
    except TimeoutError:
        fault = ProviderError(Fault.TIMEOUT, "the time set aside for grading is used up")
    except ProviderError as error:
        if not last and error.fault not in PERMANENT_FAULTS:
            raise
        fault = error
    log.warning("grader_replaced", fault=str(fault.fault), question=str(essay.question_id))
    judged = await _judge(essay, job, open_uow, graders.fallback, {})
    return judged._replace(fault=fault)


async def _judge(essay: Essay, job: ClaimedJob, open_uow: OpenUnitOfWork, grader: Grader, known: KnownReplies) -> Graded:
    """Ask, check the evidence, ask once more about quotes that are not there, and take what is proved."""
    key = reply_key(grader, essay.task)
    reply, replayed = await _reply(key, essay, job, open_uow, grader, known)
    draft = grader.read(essay.task, reply)
    verdict, failed = evidence.verify(draft, essay.task.essay)
    quotes = [quote for missing in failed.values() for quote in missing]
    if quotes:
        metrics.QUOTES_REJECTED.labels(producer=grader.identity.producer, track=job.track).inc(len(quotes))
    if any(dimension.held for dimension in verdict.dimensions.values()):
        verdict, key, reply = await _ask_again(essay, job, open_uow, grader, quotes, (verdict, key, reply))
    provenance = Provenance(
        producer=grader.identity.producer,
        model=grader.identity.model,
        prompt_hash=grader.identity.prompt_hash,
        rubric_hash=essay.task.rubric.hash,
        parameters=grader.identity.parameters,
        usage=reply.usage,
        replayed=replayed,
    )
    return Graded(essay, with_flags(verdict, essay), provenance, key)


async def _ask_again(
    essay: Essay,
    job: ClaimedJob,
    open_uow: OpenUnitOfWork,
    grader: Grader,
    failed: Sequence[str],
    first: tuple[Verdict, str, ModelReply],
) -> tuple[Verdict, str, ModelReply]:
    key = reply_key(grader, essay.task, failed)
    try:
        reply, _ = await _reply(key, essay, job, open_uow, grader, {}, failed)
        draft: VerdictDraft = grader.read(essay.task, reply)
    except ProviderError:
        return first  # the first verdict stands, with its unproved dimensions held
    return evidence.verify(draft, essay.task.essay).verdict, key, reply


async def _reply(
    key: str,
    essay: Essay,
    job: ClaimedJob,
    open_uow: OpenUnitOfWork,
    grader: Grader,
    known: KnownReplies,
    failed_quotes: Sequence[str] = (),
) -> tuple[ModelReply, bool]:
    stored = known[key] if key in known else await _stored(key, open_uow)
    if stored is not None:
        metrics.MODEL_REPLIES_REUSED.labels(purpose=PURPOSE, track=job.track).inc()
        return stored, True
    try:
        reply = await grader.ask(essay.task, failed_quotes=failed_quotes)
    except ProviderError as error:
        await _record(open_uow, job, grader, str(error.fault), None, None)
        raise
    await _record(open_uow, job, grader, "ok", reply, key)
    return reply, False


async def _stored(key: str, open_uow: OpenUnitOfWork) -> ModelReply | None:
    async with open_uow(autocommit=True) as uow:
        return await uow.replies.find(key)


async def _record(
    open_uow: OpenUnitOfWork, job: ClaimedJob, grader: Grader, outcome: str, reply: ModelReply | None, key: str | None
) -> None:
    async with open_uow(autocommit=True) as uow:
        await uow.replies.record(
            assessment_id=job.assessment_id, purpose=PURPOSE, identity=grader.identity, outcome=outcome, reply=reply, key=key
        )


def with_flags(verdict: Verdict, essay: Essay) -> Verdict:
    """The verdict with what the pre-checks noticed about the essay."""
    flags = prechecks.precheck(essay.task.essay, prompt=essay.task.prompt, min_words=essay.min_words)
    return verdict.model_copy(update={"flags": tuple(flag.kind.value for flag in flags)})


def as_row(assessment_id: UUID, graded: Graded) -> EssayScore:
    """The row that stores a verdict."""
    levels = graded.verdict.levels()
    rubric: Rubric = graded.essay.task.rubric
    return EssayScore(
        assessment_id=assessment_id,
        question_id=graded.essay.question_id,
        clarity=levels.get(Dimension.CLARITY),
        accuracy=levels.get(Dimension.ACCURACY),
        coherence=levels.get(Dimension.COHERENCE),
        percent=rubric.percent(levels),
        flags=list(graded.verdict.flags),
        verdict=graded.verdict.model_dump(mode="json"),
        provenance=graded.provenance.model_dump(mode="json"),
        reply_key=graded.reply_key or None,
    )


def _blank(essay: Essay, grader: Grader) -> Graded:
    zero = DimensionVerdict(level=0, rationale="Nothing was written.", improvement="Write an answer to earn a level.")
    verdict = Verdict(
        dimensions=dict.fromkeys(Dimension, zero),
        feedback="This question was left empty.",
        topics_missed=tuple(point.id for point in essay.task.rubric.key_points),
    )
    return Graded(essay, with_flags(verdict, essay), _static_provenance(essay, grader.identity.model), "")


def _held(essay: Essay) -> Graded:
    held = DimensionVerdict(level=None, rationale="", held=True, held_reason="Automatic scoring failed; a person will read this essay.")
    verdict = Verdict(dimensions=dict.fromkeys(Dimension, held))
    return Graded(essay, with_flags(verdict, essay), _static_provenance(essay, "none"), "")


def _static_provenance(essay: Essay, model: str) -> Provenance:
    return Provenance(producer="static", model=model, prompt_hash="", rubric_hash=essay.task.rubric.hash)


def _degradation(graded: Sequence[Graded], unreadable: int, clock: Clock) -> Degradation | None:
    faults = [result.fault for result in graded if result.fault]
    if faults:
        return Degradation(
            stage=Stage.ESSAY_SCORING,
            cause=Cause(faults[0].fault.value),
            since=clock(),
            replaced_by="built-in",
            detail=f"{len(faults)} of {len(graded)} essays were scored by the built-in evaluator",
        )
    if unreadable:
        return Degradation(
            stage=Stage.ESSAY_SCORING,
            cause=Cause.UNREADABLE_RUBRIC,
            since=clock(),
            replaced_by=None,
            detail=f"{unreadable} question(s) can no longer be read and are left out of the score",
        )
    return None


async def _finish_stage(uow: UnitOfWork, job: ClaimedJob, degradation: Degradation | None) -> None:
    if degradation is not None:
        await uow.scores.add_degradation(job.assessment_id, degradation)
        metrics.DEGRADED_STAGES.labels(stage=degradation.stage, cause=degradation.cause, track=job.track).inc()
    released = await uow.jobs.release_waiting(job.assessment_id, JobType.GENERATE_RECOMMENDATIONS)
    if released is not None:
        uow.ring_after_commit(JobType.GENERATE_RECOMMENDATIONS, released)
