"""Which function does which job, and which ends one that cannot be done."""

from collections.abc import Awaitable, Callable
from typing import Final

from assay.domain.degradation import Cause
from assay.domain.jobs import ClaimedJob, JobType
from assay.runtime import Runtime
from assay.services import deliveries, essay_scoring, recommending

type Handler = Callable[[Runtime, ClaimedJob, float], Awaitable[Cause | None]]
"""Says why a model was replaced, if one was: the result is there, and the provider may still have asked for less."""
type GiveUp = Callable[[Runtime, ClaimedJob, Cause, str], Awaitable[None]]


async def score_essay(runtime: Runtime, job: ClaimedJob, spent: float) -> Cause | None:
    """Grade the essays; `spent` is the seconds since the first claim."""
    return await essay_scoring.score(
        job,
        open_uow=runtime.open_uow,
        bank=runtime.bank,
        graders=runtime.graders,
        clock=runtime.clock,
        seconds_left=runtime.settings.grading_budget_seconds - spent,
    )


async def generate_recommendations(runtime: Runtime, job: ClaimedJob, spent: float) -> Cause | None:
    """Recommend credentials and write the summary."""
    del spent
    return await recommending.generate(
        job,
        open_uow=runtime.open_uow,
        bank=runtime.bank,
        embedder=runtime.embedder,
        vector_store=runtime.vector_store,
        narrator=runtime.narrator,
        fallback_narrator=runtime.fallback_narrator,
        clock=runtime.clock,
        turnstile=runtime.turnstile,
    )


async def deliver_webhook(runtime: Runtime, job: ClaimedJob, spent: float) -> None:
    """Post an event to an endpoint."""
    del spent
    await deliveries.deliver(
        job, open_uow=runtime.open_uow, sender=runtime.sender, clock=runtime.clock, scale=runtime.settings.webhook_retry_scale
    )


async def give_up_essays(runtime: Runtime, job: ClaimedJob, cause: Cause, error: str) -> None:
    """Hold the essays for a person and go on."""
    await essay_scoring.give_up(job, open_uow=runtime.open_uow, bank=runtime.bank, clock=runtime.clock, cause=cause, error=error)


async def give_up_recommendations(runtime: Runtime, job: ClaimedJob, cause: Cause, error: str) -> None:
    """Recommend the track's curated list."""
    await recommending.give_up(
        job,
        open_uow=runtime.open_uow,
        bank=runtime.bank,
        fallback_narrator=runtime.fallback_narrator,
        clock=runtime.clock,
        cause=cause,
        error=error,
    )


async def give_up_delivery(runtime: Runtime, job: ClaimedJob, cause: Cause, error: str) -> None:
    """Try no more; whoever wants it sent again says so."""
    await deliveries.give_up(job, open_uow=runtime.open_uow, cause=cause, error=error)


HANDLERS: Final[dict[JobType, Handler]] = {
    JobType.SCORE_ESSAY: score_essay,
    JobType.GENERATE_RECOMMENDATIONS: generate_recommendations,
    JobType.DELIVER_WEBHOOK: deliver_webhook,
}
GIVE_UP: Final[dict[JobType, GiveUp]] = {
    JobType.SCORE_ESSAY: give_up_essays,
    JobType.GENERATE_RECOMMENDATIONS: give_up_recommendations,
    JobType.DELIVER_WEBHOOK: give_up_delivery,
}
