"""Healing: results that were degraded for want of a provider are made again once it is back, within a budget, by new jobs of the ledger.

What they write, beside the old and only when it is better, is the business of the jobs themselves.
"""

from collections.abc import Collection
from uuid import UUID

import structlog

from assay.db.repositories.heals import Degraded
from assay.db.repositories.job_records import JobRecord
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.audit import AuditAction
from assay.domain.degradation import Stage
from assay.domain.healing import MENDED, Budget
from assay.domain.jobs import HEALING_PRIORITY, JobType
from assay.kit.ids import new_id
from assay.services import audit

log = structlog.get_logger(__name__)


async def stages_waiting(open_uow: OpenUnitOfWork, budget: Budget) -> frozenset[Stage]:
    """The stages of which some result waits to be healed; nothing without a budget."""
    if not budget.at_once:
        return frozenset()
    async with open_uow(autocommit=True) as uow:
        found = await uow.heals.waiting(MENDED, budget, budget.at_once)
    return frozenset(stage for each in found for stage in each.stages)


async def send_again(open_uow: OpenUnitOfWork, back: Collection[Stage], budget: Budget) -> tuple[UUID, ...]:
    """Write jobs for results of which one of the stages `back` is degraded, the oldest first, as many as the budget allows.

    While another process does so nothing is written; the assessments for which it was.
    """
    mended = {stage: MENDED[stage] for stage in back}
    async with open_uow() as uow:
        if not await uow.heals.alone():
            return ()
        spent = await uow.heals.spent()
        limit = budget.left(spent.under_way, spent.last_minute)
        found = await uow.heals.waiting(mended, budget, limit) if limit else []
        held = await uow.heals.held(found, mended, budget) if found else []
        sent = [(each, await _jobs_for(uow, each)) for each in held]
        for each, jobs in sent:  # last: from here on this transaction holds the audit chain
            changes = {"stages": [stage.value for stage in each.stages], "jobs": [str(job) for job in jobs]}
            await audit.record(uow, None, AuditAction.RESULT_SENT_AGAIN, "assessment", each.assessment_id, changes)
    for each, jobs in sent:
        log.info("result_sent_again", assessment_id=str(each.assessment_id), stages=[*each.stages], jobs=len(jobs))
    return tuple(each.assessment_id for each, _ in sent)


async def _jobs_for(uow: UnitOfWork, degraded: Degraded) -> list[UUID]:
    """The essays, if it is about them, and the recommendation that rests on them; one generation after what there is."""
    with_essays = Stage.ESSAY_SCORING in degraded.stages
    wanted = [JobType.SCORE_ESSAY, JobType.GENERATE_RECOMMENDATIONS] if with_essays else [JobType.GENERATE_RECOMMENDATIONS]
    records = [record for each in wanted if (record := await uow.job_records.newest(degraded.assessment_id, each))]
    written = [await _again(uow, record, waits=place > 0) for place, record in enumerate(records)]
    if written:
        uow.ring_after_commit(records[0].job_type, written[0])
    return written


async def _again(uow: UnitOfWork, record: JobRecord, *, waits: bool) -> UUID:
    job_id = new_id()
    await uow.jobs.add(
        job_id,
        record.job_type,
        assessment_id=record.assessment_id,
        track=record.track_slug,
        correlation_id=record.correlation_id,
        priority=HEALING_PRIORITY,
        waits=waits,
        generation=record.generation + 1,
        parent_id=record.id,
        heals=True,
    )
    return job_id
