"""Endpoints of webhooks: register one, replace its secret while the old one still counts, enable it again, remove it."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field

from assay.db.models import WebhookEndpoint
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.errors import FieldProblem, Invalid, NotFound, ProviderError
from assay.domain.ports import WebhookSender
from assay.domain.webhooks import Disabled, EventType
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.security.signing import new_secret
from assay.services import audit

MAX_URL: Final = 2_048


class EndpointWrite(Value):
    """Where to post, and which events; none named means all there are, those of later versions too."""

    url: Annotated[StorableText, Field(min_length=1, max_length=MAX_URL)]
    events: Annotated[tuple[EventType, ...], Field(max_length=len(EventType))] = ()


class RotationWrite(Value):
    """For how long everything is signed with the old secret too."""

    overlap_hours: Annotated[float, Field(ge=0, le=168)] = 24.0


class EndpointRead(Value):
    """An endpoint. Its secret is told once, when it is made."""

    id: UUID
    url: str
    events: tuple[EventType, ...]
    is_active: bool
    disabled_because: Disabled | None
    """Why it is told nothing any more; `gone` is an answer of 410, and nothing that an admin wanted it so."""
    disabled_at: datetime | None
    previous_secret_until: datetime | None
    created_at: datetime


class EndpointSecret(EndpointRead):
    """An endpoint with the secret that was made for it: `whsec_` and base64, as libraries for Standard Webhooks take it."""

    secret: str


class EndpointPage(Value):
    """Endpoints, the newest first."""

    items: tuple[EndpointRead, ...]
    next_cursor: UUID | None


async def require_permitted(sender: WebhookSender, url: str) -> None:
    """Raises `Invalid` when nothing may be posted to `url`: not HTTPS, not public, no address at all. Call it outside of units."""
    try:
        await sender.check(url)
    except ProviderError as problem:
        detail = f"This URL cannot be told anything: {problem.detail}."
        raise Invalid(detail, code="webhook_url_refused", problems=(FieldProblem("/url", problem.detail),)) from problem


async def register(uow: UnitOfWork, actor: Actor, wanted: EndpointWrite) -> EndpointSecret:
    """Write an endpoint. Ask `require_permitted` first."""
    endpoint_id, secret = new_id(), new_secret()
    await uow.webhooks.add(endpoint_id, wanted.url, secret, [event.value for event in dict.fromkeys(wanted.events)])
    made = EndpointSecret(**_shared(await _found(uow, endpoint_id)), secret=secret)
    changes = {"host": urlsplit(wanted.url).hostname, "events": list(made.events)}
    await audit.record(uow, actor, AuditAction.WEBHOOK_REGISTERED, "webhook_endpoint", endpoint_id, changes)
    return made


async def page(uow: UnitOfWork, cursor: UUID | None, limit: int) -> EndpointPage:
    """Endpoints older than `cursor`."""
    rows = await uow.webhooks.page(cursor, limit + 1)
    items = tuple(EndpointRead(**_shared(row)) for row in rows[:limit])
    return EndpointPage(items=items, next_cursor=items[-1].id if len(rows) > limit else None)


async def get(uow: UnitOfWork, endpoint_id: UUID) -> EndpointRead:
    """One endpoint. Raises `NotFound`."""
    return EndpointRead(**_shared(await _found(uow, endpoint_id)))


async def rotate(uow: UnitOfWork, actor: Actor, endpoint_id: UUID, wanted: RotationWrite) -> EndpointSecret:
    """Make a new secret; the present one signs too until the overlap ends, one before that no more. Raises `NotFound`."""
    await _found(uow, endpoint_id)
    secret = new_secret()
    await uow.webhooks.rotate(endpoint_id, secret, timedelta(hours=wanted.overlap_hours))
    made = EndpointSecret(**_shared(await _found(uow, endpoint_id)), secret=secret)
    changes = {"overlapHours": wanted.overlap_hours}
    await audit.record(uow, actor, AuditAction.WEBHOOK_SECRET_ROTATED, "webhook_endpoint", endpoint_id, changes)
    return made


async def enable(uow: UnitOfWork, actor: Actor | None, endpoint_id: UUID) -> EndpointRead:
    """Tell an endpoint again that was disabled; what failed meanwhile can be sent again. Raises `NotFound`."""
    await _found(uow, endpoint_id)
    await uow.webhooks.enable(endpoint_id)
    made = await get(uow, endpoint_id)
    await audit.record(uow, actor, AuditAction.WEBHOOK_ENABLED, "webhook_endpoint", endpoint_id, {})
    return made


async def disable(uow: UnitOfWork, actor: Actor | None, endpoint_id: UUID) -> EndpointRead:
    """Tell an endpoint nothing until it is enabled again; what is under way to it is given up. Raises `NotFound`."""
    await _found(uow, endpoint_id)
    await uow.webhooks.disable(endpoint_id, None)
    made = await get(uow, endpoint_id)
    await audit.record(uow, actor, AuditAction.WEBHOOK_DISABLED, "webhook_endpoint", endpoint_id, {})
    return made


async def remove(uow: UnitOfWork, actor: Actor, endpoint_id: UUID) -> None:
    """Forget an endpoint with its secret and everything that was, or was to be, delivered to it. Raises `NotFound`."""
    row = await _found(uow, endpoint_id)
    host = urlsplit(row.url).hostname
    await uow.webhooks.remove(endpoint_id)
    await audit.record(uow, actor, AuditAction.WEBHOOK_REMOVED, "webhook_endpoint", endpoint_id, {"host": host})


async def _found(uow: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    row = await uow.webhooks.get(endpoint_id)
    if row is None:
        raise NotFound("There is no such endpoint.")
    return row


def _shared(row: WebhookEndpoint) -> dict[str, Any]:
    return {name: getattr(row, name) for name in EndpointRead.model_fields}
