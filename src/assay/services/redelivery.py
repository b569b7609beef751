"""All that could not be delivered to an endpoint, sent again at once: what was missed while a receiver was away."""

from typing import Final
from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict
from assay.domain.webhooks import DeliveryStatus
from assay.kit.model import Value
from assay.services import audit, deliveries, webhooks
from assay.services.deliveries import FORGOTTEN

RESENT_AT_ONCE: Final = 100
"""Deliveries in one transaction, at most; who wants more asks again."""


class ResentDeliveries(Value):
    """What became of failed deliveries: `forgotten` are too old to be sent again, `remaining` did not fit into this call."""

    resent: tuple[UUID, ...]
    forgotten: int
    remaining: int


async def counts(uow: UnitOfWork, endpoint_id: UUID) -> dict[DeliveryStatus, int]:
    """How many deliveries to an endpoint have each status."""
    found = await uow.deliveries.standing(endpoint_id)
    return {status: found.get(status, 0) for status in DeliveryStatus}


async def resend_failed(uow: UnitOfWork, actor: Actor | None, endpoint_id: UUID) -> ResentDeliveries:
    """Send what was given up again, the oldest first. Raises `NotFound`, and `Conflict` for an endpoint that is disabled."""
    endpoint = await webhooks.get(uow, endpoint_id)
    if not endpoint.is_active:
        raise Conflict("The endpoint is disabled. Enable it first.", code="webhook_endpoint_disabled")
    failed = await uow.deliveries.failed(endpoint_id)
    remaining, forgotten = len(failed), 0
    jobs: dict[UUID, UUID] = {}
    for delivery_id in failed:
        if len(jobs) == RESENT_AT_ONCE:
            break
        remaining -= 1
        try:
            jobs[delivery_id] = await deliveries.again(uow, delivery_id)
        except Conflict as conflict:  # or somebody else has just sent it
            forgotten += conflict.error_code == FORGOTTEN
    for delivery_id, job_id in jobs.items():  # last: from here on this transaction holds the audit chain
        await audit.record(uow, actor, AuditAction.WEBHOOK_RESENT, "webhook_delivery", delivery_id, {"job": str(job_id)})
    return ResentDeliveries(resent=tuple(jobs), forgotten=forgotten, remaining=remaining)
