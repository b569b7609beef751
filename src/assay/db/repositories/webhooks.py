"""Endpoints and events of webhooks: who wants to be told, and writing down what is told to whom, all in one statement."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import WebhookEndpoint, WebhookEvent
from assay.db.models.base import encrypted
from assay.db.repositories.job_spans import sending
from assay.domain.jobs import JobType
from assay.domain.webhooks import Disabled, EventType

_WANTED: Final = text(
    "SELECT clock_timestamp() WHERE EXISTS"
    " (SELECT FROM webhook_endpoints WHERE is_active AND (events = '{}' OR events && CAST(:events AS text[])))"
)
# the endpoints are held, so that none is removed before what refers to it is written
_ANNOUNCE: Final = text(
    """
    WITH wanting AS MATERIALIZED (
        SELECT id FROM webhook_endpoints WHERE is_active AND (events = '{}' OR CAST(:event AS text) = ANY(events))
        ORDER BY id FOR KEY SHARE
    ), event AS (
        INSERT INTO webhook_events (id, event, dedupe_key, assessment_id, payload)
        SELECT CAST(:id AS uuid), CAST(:event AS text), CAST(:dedupe AS text), CAST(:assessment AS uuid), CAST(:payload AS bytea)
        WHERE EXISTS (SELECT FROM wanting) ON CONFLICT (dedupe_key) DO NOTHING RETURNING id
    ), delivery AS (
        INSERT INTO webhook_deliveries (event_id, endpoint_id, next_attempt_at)
        SELECT event.id, wanting.id, clock_timestamp() FROM event CROSS JOIN wanting RETURNING id
    )
    INSERT INTO async_jobs (job_type, delivery_id, track_slug, priority, run_at, dedupe_key, correlation_id, traceparent)
    SELECT 'deliver_webhook', id, CAST(:track AS text), CAST(:priority AS int), clock_timestamp(),
           'deliver_webhook:' || id || '\\:1', CAST(:correlation AS text), CAST(:traceparent AS text)
    FROM delivery RETURNING id
    """
)
_PAYLOAD: Final = encrypted(WebhookEvent, "payload")
_SECRET: Final = encrypted(WebhookEndpoint, "secret")
_PREVIOUS: Final = encrypted(WebhookEndpoint, "previous_secret")


class Webhooks:
    """The endpoints of this transaction, and what is announced to them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def wanted(self, *events: EventType) -> datetime | None:
        """The present moment if any endpoint wants to be told of any of `events`; None when nobody does."""
        now: datetime | None = await self._session.scalar(_WANTED, {"events": [event.value for event in events]})
        return now

    async def announce(
        self,
        event_id: UUID,
        event: EventType,
        *,
        dedupe_key: str,
        assessment_id: UUID,
        payload: dict[str, Any],
        track: str,
        priority: int,
        correlation_id: str,
    ) -> list[UUID]:
        """Write an event with a delivery and its job for each endpoint that wants it; the jobs' ids, none when it was written before."""
        values = {
            "id": event_id,
            "event": event.value,
            "dedupe": dedupe_key,
            "assessment": assessment_id,
            "payload": _PAYLOAD.sealed(payload, event_id),
            "track": track,
            "priority": priority,
            "correlation": correlation_id,
        }
        with sending(JobType.DELIVER_WEBHOOK) as traceparent:
            return list(await self._session.scalars(_ANNOUNCE, {**values, "traceparent": traceparent}))

    async def add(self, endpoint_id: UUID, url: str, secret: str, events: list[str]) -> None:
        """Write an endpoint."""
        await self._session.execute(insert(WebhookEndpoint).values(id=endpoint_id, url=url, secret=secret, events=events))

    async def get(self, endpoint_id: UUID) -> WebhookEndpoint | None:
        """One endpoint, as it stands now."""
        query = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id)
        return await self._session.scalar(query.execution_options(populate_existing=True))

    async def page(self, before: UUID | None, limit: int) -> list[WebhookEndpoint]:
        """Endpoints older than `before`, the newest first."""
        query = select(WebhookEndpoint).order_by(WebhookEndpoint.id.desc()).limit(limit)
        return list(await self._session.scalars(query if before is None else query.where(WebhookEndpoint.id < before)))

    async def rotate(self, endpoint_id: UUID, secret: str, overlap: timedelta) -> None:
        """Sign with `secret` from now on, and with the present one too for as long as they `overlap`."""
        until = func.clock_timestamp(type_=DateTime(timezone=True)) + overlap
        # a ciphertext is bound to its column, so the present secret is read and written anew
        present = await self._session.scalar(select(WebhookEndpoint.secret).where(WebhookEndpoint.id == endpoint_id).with_for_update())
        sealed = {"secret": _SECRET.sealed(secret, endpoint_id), "previous_secret": _PREVIOUS.sealed(present, endpoint_id)}
        await self._change(endpoint_id, **sealed, previous_secret_until=until)

    async def enable(self, endpoint_id: UUID) -> None:
        """Tell it again."""
        await self._change(endpoint_id, is_active=True, disabled_because=None, disabled_at=None)

    async def disable(self, endpoint_id: UUID, because: Disabled | None) -> None:
        """Tell it nothing any more; without a reason an admin wants it so."""
        word = because.value if because else None
        await self._change(endpoint_id, is_active=False, disabled_because=word, disabled_at=func.clock_timestamp())

    async def remove(self, endpoint_id: UUID) -> None:
        """Forget it, with its secret and its deliveries."""
        await self._session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))

    async def _change(self, endpoint_id: UUID, **values: Any) -> None:
        query = update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(**values)
        await self._session.execute(query.execution_options(synchronize_session=False))
