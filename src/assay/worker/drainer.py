"""The drainer: claims what is due into free slots, works on one event loop, renews leases, stops gracefully.

It wakes on a ring, when a slot comes free, and once a second, so that a lost ring costs a second and nothing else.
"""

import asyncio
from collections.abc import Iterable
from functools import partial
from time import perf_counter
from typing import Final

import structlog

from assay.db.repositories.job_spans import processing
from assay.db.repositories.jobs import Claim, Fenced, is_poisoned
from assay.domain.degradation import Cause
from assay.domain.errors import ProviderError, Unavailable
from assay.domain.jobs import ClaimedJob, Failure, JobType
from assay.kit import heap
from assay.observability import metrics
from assay.observability.logging import correlated
from assay.runtime import Runtime
from assay.services import jobs
from assay.worker.handlers import GIVE_UP, HANDLERS
from assay.worker.lanes import ASSESSMENTS, Lane
from assay.worker.slots import Slots

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 1.0
DATABASE_PAUSE_SECONDS: Final = 0.5
DONE: Final = "done"
"""How an attempt ends that need not be told as an error."""
ATTEMPTS_TOLD_APART: Final = 5
"""The fifth and all later attempts are counted as one, for a webhook is tried for days."""
RELEASING: Final = frozenset({JobType.SCORE_ESSAY})
"""Jobs at whose end another becomes due. At the end of any other there is only a place free, which matters when more is due than fits."""


class Drainer:
    """The jobs of one lane that a worker process has in hand."""

    def __init__(self, runtime: Runtime, owner: str, lane: Lane = ASSESSMENTS) -> None:
        self._runtime = runtime
        self._owner = owner
        self._lane = lane
        self._slots = Slots(lane.places(runtime))
        # By claim, not by job: after an outage longer than a lease the same job may be claimed again while its old task still runs.
        self._in_hand: dict[ClaimedJob, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._more_is_due = False
        self._untidy = False
        self._stopping = False
        self._stopped = asyncio.Event()

    def wake(self) -> None:
        """Look into the ledger now. Call from the drainer's own loop."""
        self._woken.set()

    def takes(self, job_type: JobType) -> bool:
        """Whether a job that has become due is taken here: it is looked for at once, unless more is due than there is room for."""
        if job_type not in self._lane.types or self._stopping or self._more_is_due:
            return False
        self._woken.set()
        return True

    async def run(self) -> None:
        """Work until `stop`; then finish what can be finished within the grace period and hand back the rest uncounted."""
        renewing = asyncio.create_task(self._renew_leases())  # to the very end: what is being finished must not be swept
        try:
            while not self._stopping:
                await self._claim()
                await self._rest()
            await self._finish()
        finally:
            renewing.cancel()
            self._stopped.set()

    async def stop(self) -> None:
        """Claim no more, and wait until nothing is in hand."""
        self._stopping = True
        self._woken.set()
        await self._stopped.wait()

    async def _finish(self) -> None:
        if self._in_hand:
            await asyncio.wait(self._in_hand.values(), timeout=self._runtime.settings.shutdown_grace_seconds)
        left = dict(self._in_hand)
        for task in left.values():
            task.cancel()
        await asyncio.gather(*left.values(), return_exceptions=True)
        if left:
            async with self._runtime.open_uow() as uow:
                await jobs.hand_back(uow, list(left))
        log.info("drainer_stopped", handed_back=len(left))

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), POLL_SECONDS)
        except TimeoutError:
            self._tidy()
        finally:
            self._woken.clear()

    def _tidy(self) -> None:
        """After a burst, once nothing is in hand: a second later another may come, and should not begin where this one has ended."""
        if self._untidy and not self._in_hand:
            self._untidy = False
            heap.tidy()

    async def _claim(self) -> None:
        free = self._slots.free(len(self._in_hand))
        if free == 0:
            self._more_is_due = True
            return
        try:
            async with self._runtime.open_uow(autocommit=True) as uow:
                claims = await self._lane.claim(uow, self._owner, free, self._runtime.settings.lease_seconds)
        except Unavailable:
            return
        self._more_is_due = len(claims) == free
        self._untidy |= bool(claims)
        anew = {claim.job.id for claim in claims}
        self._lose([job for job in self._in_hand if job.id in anew])
        for claim in claims:
            job = claim.job
            metrics.JOB_WAIT_SECONDS.labels(job_type=job.type, track=job.track).observe(claim.waited)
            metrics.JOB_ATTEMPTS.labels(job_type=job.type, attempt=str(min(job.attempt, ATTEMPTS_TOLD_APART)), track=job.track).inc()
            task = asyncio.create_task(self._work(claim), name=f"{job.type}:{job.id}")
            self._in_hand[job] = task
            task.add_done_callback(partial(self._done, job))
            metrics.JOBS_IN_FLIGHT.inc()

    def _done(self, job: ClaimedJob, _task: asyncio.Task[None]) -> None:
        self._in_hand.pop(job, None)
        metrics.JOBS_IN_FLIGHT.dec()
        if self._more_is_due or job.type in RELEASING:
            self._woken.set()

    async def _work(self, claim: Claim) -> None:
        job = claim.job
        start = perf_counter()
        about = correlated(job.correlation_id, track=job.track, job_id=str(job.id), job_type=str(job.type))
        with about, processing(job, claim.waited) as span:
            outcome = await self._attempt(job, claim.spent, start)
            span.tell({"assay.job.outcome": outcome})
            if outcome != DONE:
                span.fail(outcome)
            seconds = perf_counter() - start
            metrics.JOB_SECONDS.labels(job_type=job.type, outcome=outcome, track=job.track).observe(seconds)
            log.info("job_ended", outcome=outcome, attempt=job.attempt, milliseconds=round(seconds * 1000))

    async def _attempt(self, job: ClaimedJob, spent: float, start: float) -> str:
        """Do the job, however often the database has to come back first; the outcome in a word."""
        while True:
            try:
                return await self._do(job, spent + perf_counter() - start)
            except Unavailable:
                # replies are stored, so doing it again costs no model call; a lease lost meanwhile ends this as fenced
                await asyncio.sleep(DATABASE_PAUSE_SECONDS)
            except Fenced:
                metrics.JOBS_FENCED.labels(job_type=job.type).inc()
                log.warning("job_fenced", fence=job.fence)
                return "fenced"
            except Exception:  # even the fallback failed: the lease runs out and the job comes back
                log.exception("job_abandoned")
                return "abandoned"

    async def _do(self, job: ClaimedJob, spent: float) -> str:
        if is_poisoned(job):
            return await self._give_up(job, Failure(cause=Cause.CRASHED, error=f"workers died of it {job.crashes} times"))
        try:
            replaced = await HANDLERS[job.type](self._runtime, job, spent)
        except (Unavailable, Fenced):
            raise
        except ProviderError as error:
            cause = Cause(error.fault.value)
            self._adapt(cause, error.retry_after)
            return await self._fail(job, error, cause)
        except Exception as error:  # a defect of ours must not lose the student's result
            log.exception("job_failed")
            return await self._fail(job, error, Cause.INTERNAL_ERROR)
        self._adapt(replaced)
        return DONE

    def _adapt(self, cause: Cause | None, retry_after: float | None = None) -> None:
        """Take fewer jobs in hand when the provider asked for less, whether or not a substitute spoke; else more again."""
        if cause is Cause.RATE_LIMITED:
            self._slots.shrink(len(self._in_hand), retry_after)
        elif cause is not Cause.TIMEOUT:  # which may be the provider's load too
            self._slots.grow(well=cause is None)

    async def _fail(self, job: ClaimedJob, error: Exception, cause: Cause) -> str:
        if job.is_last_try:
            return await self._give_up(job, jobs.failure_of(error, cause))
        async with self._runtime.open_uow() as uow:
            delay = await jobs.retry_later(uow, job, error)
        asyncio.get_running_loop().call_later(delay, self._woken.set)
        return "retry"

    async def _give_up(self, job: ClaimedJob, failure: Failure) -> str:
        await jobs.note_failure(self._runtime.open_uow, job, failure)
        await GIVE_UP[job.type](self._runtime, job, failure.cause, failure.error)
        return "dead"

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(self._runtime.settings.lease_seconds / 3)
            try:
                await self._renew()
            except Unavailable:
                continue
            except Exception:  # a renewal that fails must not be the last one
                log.exception("leases_not_renewed")

    async def _renew(self) -> None:
        held = list(self._in_hand)
        if not held:
            return
        async with self._runtime.open_uow(autocommit=True) as uow:
            taken = await uow.jobs.renew(held, self._runtime.settings.lease_seconds)
        self._lose([job for job in held if job.id in taken])

    def _lose(self, lost: Iterable[ClaimedJob]) -> None:
        """Stop working on claims that are somebody else's by now: their effects would be refused anyway."""
        for job in lost:
            if (task := self._in_hand.get(job)) and not task.done():
                metrics.JOBS_FENCED.labels(job_type=job.type).inc()
                log.warning("job_fenced", job_id=str(job.id), job_type=str(job.type), fence=job.fence)
                task.cancel()
