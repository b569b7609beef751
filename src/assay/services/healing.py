"""Healing: results that were degraded for want of a provider are made again once it is back, within a budget, by new jobs of the ledger.

What they write, beside the old and only when it is better, is the business of the jobs themselves.
"""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import structlog

from assay.db.repositories.heals import Degraded, DegradedCount
from assay.db.repositories.job_records import JobRecord
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.degradation import Cause, Stage
from assay.domain.errors import Conflict
from assay.domain.healing import MENDED, Budget
from assay.domain.jobs import HEALING_PRIORITY, JobType
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.services import audit

log = structlog.get_logger(__name__)

HANDFUL: Final = 100
"""Results sent again by hand in one call, at most."""
BY_HAND: Final = Budget(tries=1_000_000, max_age_hours=1_000_000, pause_seconds=0)
"""Somebody who asks for it need not wait, however often or long ago it failed."""


class WaitingRead(DegradedCount):
    """Results of which one stage is degraded for one cause. `by_itself`: they are made again once the provider is back."""

    by_itself: bool


class Waiting(Value):
    """What is degraded, most first."""

    items: tuple[WaitingRead, ...]


class HealedByHand(Value):
    """The assessments for which jobs were written, and whether there may be more."""

    assessments: tuple[UUID, ...]
    more: bool


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
        return await _sent(uow, await uow.heals.held(found, mended, budget) if found else [])


async def degraded(uow: UnitOfWork) -> Waiting:
    """What is degraded, by stage and cause, and whether it is made again by itself."""
    counts = await uow.heals.by_cause()
    return Waiting(items=tuple(WaitingRead(**dict(each), by_itself=each.cause in MENDED.get(each.stage, ())) for each in counts))


async def send_by_hand(
    uow: UnitOfWork, *, cause: Cause | None = None, assessment_id: UUID | None = None, actor: Actor | None = None
) -> HealedByHand:
    """Have results made again because somebody says so, of one cause or one assessment, whatever the cause and however often it was tried.

    As always they are replaced only by better ones, and never over an advisor's decision. `HANDFUL` at most; who wants more asks again.
    Without an `actor` the operator asks.

    Raises `Conflict` while the healer is at it, or when the assessment named has nothing to make again.
    """
    wanted = dict.fromkeys(MENDED, frozenset(Cause) if cause is None else frozenset({cause}))
    if not await uow.heals.alone():
        raise Conflict("Results are being sent again this very moment. Ask again.", code="healing")
    named = None if assessment_id is None else [Degraded(assessment_id=assessment_id, stages=())]
    found = named or await uow.heals.waiting(wanted, BY_HAND, HANDFUL)
    held = await uow.heals.held(found, wanted, BY_HAND) if found else []
    if named and not held:
        raise Conflict(
            "There is nothing to make again: no stage of this result is degraded, it is being made, or an advisor has decided on it.",
            code="nothing_to_heal",
        )
    return HealedByHand(assessments=await _sent(uow, held, actor), more=len(found) == HANDFUL)


async def _sent(uow: UnitOfWork, held: Sequence[Degraded], actor: Actor | None = None) -> tuple[UUID, ...]:
    """Write the jobs for these, and the audit rows last: from there on this transaction holds the audit chain."""
    sent = [(each, await _jobs_for(uow, each)) for each in held]
    for each, jobs in sent:
        changes = {"stages": [stage.value for stage in each.stages], "jobs": [str(job) for job in jobs]}
        await audit.record(uow, actor, AuditAction.RESULT_SENT_AGAIN, "assessment", each.assessment_id, changes)
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
