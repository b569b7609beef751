"""Webhooks: who is told of what, with which secret, and how it went (Standard Webhooks; the guide is `docs/webhooks.md`)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from assay.api.schemas.webhooks import DeliveryQuery
from assay.api.v1.problems import problems
from assay.edge.dependencies import IdempotencyHeader, RuntimeDep, Uow, WebhookKeeper
from assay.services import deliveries, idempotency, redelivery, webhooks
from assay.services.deliveries import DeliveryFilter, DeliveryPage, DeliveryRead
from assay.services.redelivery import ResentDeliveries
from assay.services.webhooks import EndpointPage, EndpointRead, EndpointSecret, EndpointWrite, RotationWrite

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


@router.get("/endpoints", responses=problems(401, 403))
async def list_endpoints(
    _actor: WebhookKeeper, uow: Uow, limit: Annotated[int, Query(ge=1, le=200)] = 50, cursor: UUID | None = None
) -> EndpointPage:
    """All endpoints, the newest first; secrets are never listed."""
    return await webhooks.page(uow, cursor, limit)


@router.post("/endpoints", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 409))
async def register(body: EndpointWrite, actor: WebhookKeeper, runtime: RuntimeDep, key: IdempotencyHeader = None) -> EndpointSecret:
    """Tell this URL of these events from now on; without `events`, of all. The answer holds the secret, which is not told again."""
    await webhooks.require_permitted(runtime.sender, body.url)
    async with runtime.open_uow() as uow:

        async def act() -> idempotency.JsonObject:
            return (await webhooks.register(uow, actor, body)).model_dump(mode="json")

        request = ["webhook endpoint", body.model_dump(mode="json")]
        return EndpointSecret.model_validate((await idempotency.once(uow, actor, key, request, act)).response)


@router.get("/endpoints/{endpoint_id}", responses=problems(401, 403, 404))
async def get_endpoint(endpoint_id: UUID, _actor: WebhookKeeper, uow: Uow) -> EndpointRead:
    """One endpoint, and whether it is told anything."""
    return await webhooks.get(uow, endpoint_id)


@router.delete("/endpoints/{endpoint_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(401, 403, 404))
async def remove(endpoint_id: UUID, actor: WebhookKeeper, uow: Uow) -> None:
    """Forget an endpoint with its secret and its deliveries."""
    await webhooks.remove(uow, actor, endpoint_id)


@router.post("/endpoints/{endpoint_id}/rotate", responses=problems(401, 403, 404, 409))
async def rotate(endpoint_id: UUID, body: RotationWrite, actor: WebhookKeeper, uow: Uow, key: IdempotencyHeader = None) -> EndpointSecret:
    """Make a new secret. Until the overlap ends everything is signed with both, so that a receiver can change over in its own time."""

    async def act() -> idempotency.JsonObject:
        return (await webhooks.rotate(uow, actor, endpoint_id, body)).model_dump(mode="json")

    request = ["rotate", str(endpoint_id), body.model_dump(mode="json")]
    return EndpointSecret.model_validate((await idempotency.once(uow, actor, key, request, act)).response)


@router.post("/endpoints/{endpoint_id}/enable", responses=problems(401, 403, 404, 409))
async def enable(endpoint_id: UUID, actor: WebhookKeeper, uow: Uow, key: IdempotencyHeader = None) -> EndpointRead:
    """Tell an endpoint again that had answered 410. What failed meanwhile is sent again one by one, on request."""

    async def act() -> idempotency.JsonObject:
        return (await webhooks.enable(uow, actor, endpoint_id)).model_dump(mode="json")

    return EndpointRead.model_validate((await idempotency.once(uow, actor, key, ["enable", str(endpoint_id)], act)).response)


@router.post("/endpoints/{endpoint_id}/disable", responses=problems(401, 403, 404, 409))
async def disable(endpoint_id: UUID, actor: WebhookKeeper, uow: Uow, key: IdempotencyHeader = None) -> EndpointRead:
    """Tell an endpoint nothing until it is enabled again. What happens meanwhile is not kept for it."""

    async def act() -> idempotency.JsonObject:
        return (await webhooks.disable(uow, actor, endpoint_id)).model_dump(mode="json")

    return EndpointRead.model_validate((await idempotency.once(uow, actor, key, ["disable", str(endpoint_id)], act)).response)


@router.post("/endpoints/{endpoint_id}/resend-failed", status_code=status.HTTP_202_ACCEPTED, responses=problems(401, 403, 404, 409))
async def resend_failed(endpoint_id: UUID, actor: WebhookKeeper, uow: Uow, key: IdempotencyHeader = None) -> ResentDeliveries:
    """Post everything again that could not be delivered to an endpoint, a hundred at a time, the oldest first."""

    async def act() -> idempotency.JsonObject:
        return (await redelivery.resend_failed(uow, actor, endpoint_id)).model_dump(mode="json")

    return ResentDeliveries.model_validate((await idempotency.once(uow, actor, key, ["resend failed", str(endpoint_id)], act)).response)


@router.get("/deliveries", responses=problems(401, 403))
async def list_deliveries(_actor: WebhookKeeper, uow: Uow, wanted: Annotated[DeliveryQuery, Query()]) -> DeliveryPage:
    """What was, or is to be, delivered, the newest first, each with the answer to its last try."""
    sieve = DeliveryFilter(wanted.endpoint_id, wanted.event, wanted.status)
    return await deliveries.page(uow, sieve, wanted.cursor, wanted.limit)


@router.get("/deliveries/{delivery_id}", responses=problems(401, 403, 404))
async def get_delivery(delivery_id: UUID, _actor: WebhookKeeper, uow: Uow) -> DeliveryRead:
    """One delivery with every try."""
    return await deliveries.get(uow, delivery_id)


@router.post("/deliveries/{delivery_id}/resend", status_code=status.HTTP_202_ACCEPTED, responses=problems(401, 403, 404, 409))
async def resend(delivery_id: UUID, actor: WebhookKeeper, uow: Uow, key: IdempotencyHeader = None) -> DeliveryRead:
    """Post an event again, arrived or not, under the same `webhook-id`; one that is still being tried is refused."""

    async def act() -> idempotency.JsonObject:
        return (await deliveries.resend(uow, actor, delivery_id)).model_dump(mode="json")

    request = ["resend webhook", str(delivery_id)]
    return DeliveryRead.model_validate((await idempotency.once(uow, actor, key, request, act)).response)
