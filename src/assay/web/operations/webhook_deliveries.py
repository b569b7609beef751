"""The log of webhook deliveries: what was told to whom, how each try went, and telling it again."""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from json import dumps
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from assay.domain.errors import Conflict
from assay.domain.webhooks import DeliveryStatus, EventType
from assay.edge.dependencies import Uow
from assay.services import deliveries, webhooks
from assay.services.deliveries import DeliveryFilter, DeliveryRead
from assay.services.webhooks import EndpointRead
from assay.web.operations import webhook_words
from assay.web.operations.webhooks import Keeper
from assay.web.rendering import page

router = APIRouter(prefix="/operations/webhooks/deliveries")

PAGE_SIZE: Final = 50
ENDPOINTS: Final = 200
"""Endpoints to choose from, at most."""
DONE: Final = {"resent": "It is sent again, under the same id. Reload the page to see how it went."}


@router.get("")
async def show_all(request: Request, _who: Keeper, uow: Uow, cursor: UUID | None = None) -> Response:
    """Deliveries that fit, the newest first."""
    query = request.query_params
    endpoints = {each.id: each for each in (await webhooks.page(uow, None, ENDPOINTS)).items}
    wanted = DeliveryFilter(_id(query.get("endpoint", "")), _one_of(EventType, query, "event"), _one_of(DeliveryStatus, query, "state"))
    return page(
        request,
        "operations/deliveries.html",
        listed=await deliveries.page(uow, wanted, cursor, PAGE_SIZE),
        wanted=wanted,
        filtered=any(wanted),
        endpoints=endpoints,
        told=webhook_words,
    )


@router.get("/{delivery_id}")
async def show(delivery_id: UUID, request: Request, _who: Keeper, uow: Uow, done: str = "") -> Response:
    """One delivery with what it tells and every try."""
    return await _page(request, uow, delivery_id, notice=DONE.get(done, ""))


@router.post("/{delivery_id}/resend")
async def resend(delivery_id: UUID, request: Request, who: Keeper, uow: Uow) -> Response:
    """Post it again, arrived or not."""
    try:
        await deliveries.resend(uow, who.actor, delivery_id)
    except Conflict as conflict:
        return await _page(request, uow, delivery_id, problem=conflict.detail)
    return RedirectResponse(f"/operations/webhooks/deliveries/{delivery_id}?done=resent", HTTPStatus.SEE_OTHER)


async def _page(request: Request, uow: Uow, delivery_id: UUID, *, notice: str = "", problem: str = "") -> Response:
    delivery = await deliveries.get(uow, delivery_id)
    endpoint = await webhooks.get(uow, delivery.endpoint_id)
    return page(
        request,
        "operations/delivery.html",
        status=HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        notice=notice,
        problem=problem,
        delivery=delivery,
        endpoint=endpoint,
        payload=dumps(await deliveries.told(uow, delivery_id), ensure_ascii=False, indent=2),
        refused=_refused(delivery, endpoint),
        told=webhook_words,
    )


def _refused(delivery: DeliveryRead, endpoint: EndpointRead) -> str:
    """Why it cannot be sent again as things stand; empty when it can."""
    if delivery.status is DeliveryStatus.PENDING:
        return "It is under way and is tried again by itself."
    return "" if endpoint.is_active else "The endpoint is switched off. Switch it on first."


def _one_of[Word: StrEnum](words: type[Word], query: Mapping[str, str], name: str) -> Word | None:
    return next((word for word in words if word == query.get(name)), None)


def _id(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None
