"""The job `deliver_webhook`: post an event to an endpoint, write down how it went, try again by the schedule; and the log of it all.

Whoever dies between the post and writing it down has not delivered: the job is done again, under the same `webhook-id`. Each event so
arrives at least once, in no particular order.
"""

from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final, NamedTuple
from uuid import UUID

import structlog
from pydantic_core import to_json

from assay.db.effects import written
from assay.db.repositories.deliveries import AttemptRow, DeliveryRow, Letter
from assay.db.repositories.jobs import Fenced
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.degradation import Cause
from assay.domain.errors import Conflict, NotFound, ProviderError
from assay.domain.jobs import ClaimedJob, Failure, JobStatus, JobType
from assay.domain.ports import WebhookSender
from assay.domain.webhooks import GONE, DeliveryStatus, Disabled, EventType, fault_of, pause_seconds
from assay.kit.clock import Clock
from assay.kit.model import Value
from assay.observability import metrics, tracing
from assay.observability.logging import current_correlation_id
from assay.security import signing
from assay.services import audit

log = structlog.get_logger(__name__)

FORGOTTEN: Final = "webhook_forgotten"


class DeliveryFilter(NamedTuple):
    """Conditions that must all hold; None is no condition."""

    endpoint_id: UUID | None = None
    event: EventType | None = None
    status: DeliveryStatus | None = None


class DeliveryPage(Value):
    """Deliveries, the newest first."""

    items: tuple[DeliveryRow, ...]
    next_cursor: UUID | None


class DeliveryRead(DeliveryRow):
    """A delivery with every try; `event_id` is the `webhook-id` under which it is posted."""

    tries: tuple[AttemptRow, ...]


class Sent(NamedTuple):
    """How a try went: what was answered (None: nothing), in how many milliseconds, and what speaks against taking it for a receipt."""

    answered: int | None
    milliseconds: float
    problem: ProviderError | None


async def deliver(job: ClaimedJob, *, open_uow: OpenUnitOfWork, sender: WebhookSender, clock: Clock, scale: float) -> None:
    """Post what `job` is about and write down how it went; `scale` stretches the schedule of tries. Raises `Fenced`."""
    delivery_id = _delivery_of(job)
    async with open_uow(autocommit=True) as uow:
        letter = await uow.deliveries.letter(delivery_id)
    if letter is None:  # gone with its endpoint or its assessment, and the job with it
        raise Fenced(str(job.id))
    if not letter.is_active:
        await give_up(job, open_uow=open_uow, cause=Cause.REFUSED, error="the endpoint is disabled")
        return
    sent = await _post(letter, sender, clock)
    outcome = await written(open_uow, lambda uow: _write(uow, job, letter, sent, scale))
    metrics.WEBHOOK_ATTEMPTS.labels(event=letter.event, outcome=outcome).inc()
    metrics.WEBHOOK_SECONDS.labels(outcome=outcome).observe(sent.milliseconds / 1_000)
    log.info(
        "webhook_posted",
        endpoint_id=str(letter.endpoint_id),
        event_type=letter.event.value,
        outcome=outcome,
        status=sent.answered,
        milliseconds=round(sent.milliseconds),
    )


async def give_up(job: ClaimedJob, *, open_uow: OpenUnitOfWork, cause: Cause, error: str) -> None:
    """End a delivery without another try. Raises `Fenced` when the lease is gone."""

    async def effect(uow: UnitOfWork) -> None:
        await _hold(uow, job)
        await uow.jobs.note(job, Failure(cause=cause, error=error))
        await uow.jobs.complete(job, JobStatus.DEAD, error)
        await uow.deliveries.ended(_delivery_of(job), error)

    await written(open_uow, effect)


async def page(uow: UnitOfWork, wanted: DeliveryFilter, cursor: UUID | None, limit: int) -> DeliveryPage:
    """Deliveries that fit, older than `cursor`."""
    rows = await uow.deliveries.page(
        endpoint_id=wanted.endpoint_id, event=wanted.event, status=wanted.status, before=cursor, limit=limit + 1
    )
    return DeliveryPage(items=tuple(rows[:limit]), next_cursor=rows[limit - 1].id if len(rows) > limit else None)


async def get(uow: UnitOfWork, delivery_id: UUID) -> DeliveryRead:
    """One delivery with its tries. Raises `NotFound`."""
    row = await uow.deliveries.get(delivery_id)
    if row is None:
        raise NotFound("There is no such delivery.")
    return DeliveryRead(**row.model_dump(by_alias=False), tries=tuple(await uow.deliveries.attempts(delivery_id)))


async def told(uow: UnitOfWork, delivery_id: UUID) -> dict[str, Any]:
    """What a delivery tells, as it is posted. Raises `NotFound`."""
    letter = await uow.deliveries.letter(delivery_id)
    if letter is None:
        raise NotFound("There is no such delivery.")
    return letter.payload


async def resend(uow: UnitOfWork, actor: Actor, delivery_id: UUID) -> DeliveryRead:
    """Send a delivery that has ended again, under the same `webhook-id`. Raises `NotFound`, and `Conflict` saying why not."""
    job_id = await again(uow, delivery_id)
    read = await get(uow, delivery_id)
    await audit.record(uow, actor, AuditAction.WEBHOOK_RESENT, "webhook_delivery", delivery_id, {"job": str(job_id)})
    return read


async def again(uow: UnitOfWork, delivery_id: UUID) -> UUID:
    """Write the job that sends a delivery again; its id. Raises `NotFound`, and `Conflict` saying why not."""
    row = await uow.deliveries.lock(delivery_id)
    if row is None:
        raise NotFound("There is no such delivery.")
    if row.status is DeliveryStatus.PENDING:
        raise Conflict("This delivery is under way; it is tried again by itself.", code="webhook_pending")
    letter = await uow.deliveries.letter(delivery_id)
    if letter is None or not letter.is_active:
        raise Conflict("The endpoint is disabled. Enable it first.", code="webhook_endpoint_disabled")
    job_id = await uow.deliveries.again(delivery_id, current_correlation_id())
    if job_id is None:
        raise Conflict("This delivery is too old: its jobs have been forgotten.", code=FORGOTTEN)
    uow.ring_after_commit(JobType.DELIVER_WEBHOOK, job_id)
    return job_id


async def _post(letter: Letter, sender: WebhookSender, clock: Clock) -> Sent:
    body = to_json(letter.payload)
    headers = signing.headers(letter.secrets, str(letter.event_id), clock(), body)
    about: tracing.Attributes = {
        "http.request.method": "POST",
        "assay.webhook.endpoint": str(letter.endpoint_id),
        "assay.webhook.event": letter.event.value,
    }
    with tracing.span("POST", "CLIENT", about) as span:
        if traceparent := tracing.traceparent():
            headers = {**headers, "traceparent": traceparent}
        sent = await _answered(sender, letter.url, headers, body)
        if sent.answered is not None:
            span.tell({"http.response.status_code": sent.answered})
        if sent.problem is not None:
            span.fail(sent.problem.fault.value)
    return sent


async def _answered(sender: WebhookSender, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
    start = perf_counter()
    try:
        posted = await sender.post(url, headers, body)
    except ProviderError as error:
        return Sent(None, 1_000 * (perf_counter() - start), error)
    fault = fault_of(posted.status)
    problem = ProviderError(fault, f"answered {posted.status}", retry_after=posted.retry_after) if fault else None
    return Sent(posted.status, 1_000 * (perf_counter() - start), problem)


async def _write(uow: UnitOfWork, job: ClaimedJob, letter: Letter, sent: Sent, scale: float) -> str:
    """The effect; how it went in a word. Rows are locked in the order in which erasing an endpoint or an assessment locks them."""
    if sent.answered == GONE:
        await uow.webhooks.disable(letter.endpoint_id, Disabled.GONE)
        log.warning("webhook_endpoint_disabled", endpoint_id=str(letter.endpoint_id), because=Disabled.GONE.value)
    await _hold(uow, job)
    error, pause = str(sent.problem) if sent.problem else None, None
    if sent.problem is None:
        outcome, status = "delivered", DeliveryStatus.DELIVERED
        await uow.jobs.complete(job, JobStatus.SUCCEEDED)
    elif sent.answered == GONE or job.is_last_try:
        outcome, status = "failed", DeliveryStatus.FAILED
        await uow.jobs.note(job, Failure(cause=Cause(sent.problem.fault.value), error=str(sent.problem)))
        await uow.jobs.complete(job, JobStatus.DEAD, error)
    else:
        outcome, status = "retry", DeliveryStatus.PENDING
        pause = pause_seconds(job.errors + 1, scale, sent.problem.retry_after)
        await uow.jobs.retry(job, pause, str(sent.problem))
    await uow.deliveries.tried(
        _delivery_of(job), status, answered=sent.answered, latency_ms=round(sent.milliseconds, 1), error=error, pause=pause
    )
    return outcome


async def _hold(uow: UnitOfWork, job: ClaimedJob) -> None:
    if await uow.deliveries.lock(_delivery_of(job)) is None:  # erased meanwhile, and the job with it
        raise Fenced(str(job.id))


def _delivery_of(job: ClaimedJob) -> UUID:
    if job.delivery_id is None:
        msg = f"{job.type} delivers nothing"
        raise TypeError(msg)
    return job.delivery_id
