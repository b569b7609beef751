"""From scores to a recommendation: read, search, rank, narrate, and write everything in one transaction.

Nothing is asked of a model, an embedder or a vector store while a transaction is open. Whatever fails, there is a result: full text when
the vector search is away, the track's curated list when nothing could be searched, a template when the narrator is away; each is
written down as a degraded stage with its cause. A provider that is busy or briefly away is asked again by the ledger first. What a job
that heals has made is written only if it is better than what stands, and never over a decision of an advisor's.
"""

import asyncio
from time import perf_counter
from typing import Final

import structlog

from assay.db.effects import written
from assay.db.repositories.jobs import Completed
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain import facts
from assay.domain.curated import curated
from assay.domain.degradation import Cause, Degradation, Stage
from assay.domain.fusion import Fact
from assay.domain.grading import Producer
from assay.domain.healing import Quality
from assay.domain.jobs import STAGES, ClaimedJob, JobStatus
from assay.domain.learner import Learner
from assay.domain.learning import Learning
from assay.domain.ports import Embedder, Narrator, VectorStore
from assay.domain.ranking import Ranking, rerank
from assay.domain.retrieval import build_parts
from assay.kit.clock import Clock
from assay.kit.ids import new_id
from assay.observability import metrics, tracing
from assay.services import learners, narration, webhook_events
from assay.services import recommendation_rows as rows
from assay.services.question_bank import QuestionBank
from assay.services.recommendation_rows import Draft, Selection
from assay.services.retrieval import Retrieved, Shortfall, candidate_of, retrieve

log = structlog.get_logger(__name__)

SELECTIONS_AT_ONCE: Final = 3
"""Enough that Postgres and the processor are both busy."""


async def generate(
    job: ClaimedJob,
    *,
    open_uow: OpenUnitOfWork,
    bank: QuestionBank,
    embedder: Embedder,
    vector_store: VectorStore,
    narrator: Narrator,
    fallback_narrator: Narrator,
    clock: Clock,
    turnstile: asyncio.Semaphore,
) -> Cause | None:
    """Recommend credentials for `job`'s assessment and complete it; the cause for which a template spoke for the narrator, if it did.

    Reading, searching and ranking go through `turnstile`: that is work for the processor, and done for all at once it would only end late
    for all, while each that ends early has its summary written meanwhile.

    Raises `Fenced` when the lease is gone (nothing was written then), and `ProviderError` while another try may do without a substitute.
    """
    start = perf_counter()
    async with turnstile:
        selection, told, degradations = await _select(job, open_uow, bank, embedder, vector_store, clock)
    narrated = await narration.narrate(
        told, job, open_uow=open_uow, narrator=narrator, fallback=fallback_narrator, patient=not job.is_last_try
    )
    if narrated.cause:
        degradations = (*degradations, _template_spoke(narrated.cause, clock))
    draft = Draft(selection, told, narrated, degradations, perf_counter() - start)
    await _write(job, JobStatus.DEGRADED if degradations else JobStatus.SUCCEEDED, draft, open_uow)
    return narrated.cause


async def _select(
    job: ClaimedJob, open_uow: OpenUnitOfWork, bank: QuestionBank, embedder: Embedder, vector_store: VectorStore, clock: Clock
) -> tuple[Selection, tuple[Fact, ...], tuple[Degradation, ...]]:
    """Read, search, rank: what is recommended, the facts of it, and what was away. All else is let go before the summary is written."""
    async with open_uow(autocommit=True) as uow:
        learner, names, learning = await learners.read_as_declared(uow, bank, job.assessment_id, job.track)
    with metrics.timed(metrics.RETRIEVAL_SECONDS, track=job.track), tracing.span("retrieve"):
        retrieved = await retrieve(
            learner, names, open_uow=open_uow, embedder=embedder, vector_store=vector_store, patient=not job.is_last_try
        )
        ranking = rerank(learner, retrieved.candidates, names, preferences=learning.preferences, prerequisites=retrieved.prerequisites)
    basis: bytes | None = rows.basis_of(retrieved, learning)
    degradations = _missing_search(retrieved.shortfall, "built-in", clock)
    if not ranking.items:
        shortfall = retrieved.shortfall or Shortfall(cause=Cause.INDEX_EMPTY, detail="the search found nothing that fits")
        ranking, basis = await _curated(open_uow, learner, learning), None
        degradations = _missing_search(shortfall, "static", clock)
    selection = rows.select(retrieved, ranking, basis)
    return selection, facts.gather(learner, selection.items, names), degradations


async def give_up(
    job: ClaimedJob,
    *,
    open_uow: OpenUnitOfWork,
    bank: QuestionBank,
    fallback_narrator: Narrator,
    clock: Clock,
    cause: Cause,
    error: str,
) -> None:
    """End a job that cannot be done: the track's curated list, told by the template, without embedder or search.

    When it was to heal, what stands is left as it is. Raises `Fenced` when the lease is gone.
    """
    if job.heals:
        await _leave(job, JobStatus.DEAD, open_uow, "dead", error)
        return
    start = perf_counter()
    async with open_uow(autocommit=True) as uow:
        learner, names, learning = await learners.read_as_declared(uow, bank, job.assessment_id, job.track)
    shortfall = Shortfall(cause=cause, detail="the recommendation could not be computed")
    retrieved = Retrieved(parts=build_parts(learner, names), shortfall=shortfall)
    selection = rows.select(retrieved, await _curated(open_uow, learner, learning))
    told = facts.gather(learner, selection.items, names)
    narrated = await narration.narrate(told, job, open_uow=open_uow, narrator=fallback_narrator, fallback=fallback_narrator)
    draft = Draft(selection, told, narrated, _missing_search(shortfall, "static", clock), perf_counter() - start)
    await _write(job, JobStatus.DEAD, draft, open_uow, error)


async def _curated(open_uow: OpenUnitOfWork, learner: Learner, learning: Learning) -> Ranking:
    async with open_uow(autocommit=True) as uow:
        listed = [candidate_of(row) for row in await uow.credentials.by_slugs(learner.track.fallback_credentials)]
        enough = any(candidate.slug not in learning.completed for candidate in listed)
        catalog = [] if enough else [candidate_of(row) for row in await uow.credentials.published()]
    return curated(learner.track, listed, catalog, learning.completed)


async def _write(job: ClaimedJob, status: JobStatus, draft: Draft, open_uow: OpenUnitOfWork, error: str | None = None) -> None:
    """Write the effect, and count what came of it."""
    if job.heals and (kept := await _stands(job, draft, open_uow)):
        await _leave(job, kept, open_uow, "unchanged")
        return
    completed = await written(open_uow, lambda uow: _effect(uow, job, status, draft, error))
    if completed is None:
        log.info("recommendation_left_as_it_is", outcome="decided")
        metrics.HEALS.labels(job_type=job.type, outcome="decided", track=job.track).inc()
        return
    if job.generation == 1 and completed.turnaround is not None:  # one that is made again completes nothing anew
        metrics.TURNAROUND_SECONDS.labels(track=job.track).observe(completed.turnaround)
        metrics.ASSESSMENTS.labels(event="completed", track=job.track).inc()
    for degradation in draft.degradations:
        metrics.DEGRADED_STAGES.labels(stage=degradation.stage, cause=degradation.cause, track=job.track).inc()
    if job.heals:
        metrics.HEALS.labels(job_type=job.type, outcome="partly" if draft.degradations else "healed", track=job.track).inc()
    log.info(
        "recommendation_written",
        items=len(draft.selection.items),
        degraded=bool(draft.degradations),
        milliseconds=round(1000 * draft.seconds),
    )


async def _effect(uow: UnitOfWork, job: ClaimedJob, status: JobStatus, draft: Draft, error: str | None) -> Completed | None:
    """The fence first, then the recommendation with all that proves it; None when it is left to the advisor."""
    completed = await uow.jobs.complete(job, status, error)
    if job.heals and await _left_to_the_advisor(uow, job):
        return None
    recommendation_id = new_id()
    await uow.recommendations.add(*rows.of(draft, recommendation_id, job.assessment_id))
    for degradation in draft.degradations:
        await uow.scores.add_degradation(job.assessment_id, degradation)
    if completed.is_heard and status is JobStatus.DEAD:
        await webhook_events.job_given_up(uow, job, Stage.RETRIEVAL, draft.degradations[0].cause)
    if completed.is_heard:
        await webhook_events.result_written(uow, job, recommendation_id)
    return completed


async def _stands(job: ClaimedJob, draft: Draft, open_uow: OpenUnitOfWork) -> JobStatus | None:
    """How a job ends that has made nothing better than what stands; None when it has."""
    async with open_uow(autocommit=True) as uow:  # nobody else writes results of an assessment with a job under way
        degraded = [each for each in await uow.scores.degradations(job.assessment_id) if each.stage in STAGES[job.type]]
        newer_scores = await uow.recommendations.has_newer_scores(job.assessment_id)
    if Quality.of(draft.degradations).replaces(Quality.of(degraded), newer_scores=newer_scores):
        return None
    return JobStatus.DEGRADED if degraded else JobStatus.SUCCEEDED


async def _leave(job: ClaimedJob, status: JobStatus, open_uow: OpenUnitOfWork, outcome: str, error: str | None = None) -> None:
    """End a job that leaves the recommendation as it is. That the essays have better verdicts is news all the same."""

    async def effect(uow: UnitOfWork) -> None:
        completed = await uow.jobs.complete(job, status, error)
        if completed.is_heard and await uow.recommendations.has_newer_scores(job.assessment_id):
            latest = await uow.recommendations.latest(job.assessment_id)
            if latest is not None:
                await webhook_events.result_written(uow, job, latest.id)

    await written(open_uow, effect)
    metrics.HEALS.labels(job_type=job.type, outcome=outcome, track=job.track).inc()
    log.info("recommendation_left_as_it_is", outcome=outcome)


async def _left_to_the_advisor(uow: UnitOfWork, job: ClaimedJob) -> bool:
    """Whether an advisor has spoken while this was made; if not, it speaks anew of its stages."""
    if (await uow.job_records.standing(job.assessment_id)).decided:
        return True
    await uow.jobs.speak_anew(job)
    return False


def _missing_search(shortfall: Shortfall | None, replaced_by: Producer, clock: Clock) -> tuple[Degradation, ...]:
    if shortfall is None:
        return ()
    instead = {"built-in": "full text alone was searched", "static": "the curated list of the track stands in"}[replaced_by]
    detail = f"{shortfall.detail[:1].upper()}{shortfall.detail[1:]}; {instead}"
    return (Degradation(stage=Stage.RETRIEVAL, cause=shortfall.cause, since=clock(), replaced_by=replaced_by, detail=detail),)


def _template_spoke(cause: Cause, clock: Clock) -> Degradation:
    detail = "The summary was written from a template"
    return Degradation(stage=Stage.NARRATIVE, cause=cause, since=clock(), replaced_by="built-in", detail=detail)
