"""Deliveries of webhooks: claiming their jobs, what to post and where, how each try went, and the log of it."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookEvent
from assay.db.repositories.job_spans import sending
from assay.db.repositories.jobs import Claim, claim_of
from assay.domain.jobs import JobType
from assay.domain.webhooks import DeliveryStatus, EventType
from assay.kit.model import Value

# As the claim of other jobs, but of one endpoint no more than a few are in hand at once: one that hangs must not hold up the others.
_CLAIM: Final = text(
    """
    WITH busy AS (
        SELECT delivery.endpoint_id, count(*) AS jobs FROM async_jobs job JOIN webhook_deliveries delivery ON delivery.id = job.delivery_id
        WHERE job.status = 'leased' GROUP BY delivery.endpoint_id
    ), ranked AS (
        SELECT job.id, delivery.endpoint_id, row_number() OVER (PARTITION BY delivery.endpoint_id ORDER BY job.run_at) AS place
        FROM async_jobs job JOIN webhook_deliveries delivery ON delivery.id = job.delivery_id
        WHERE job.status IN ('queued', 'retry_wait') AND job.delivery_id IS NOT NULL AND job.run_at <= clock_timestamp()
    ), due AS MATERIALIZED (
        SELECT job.id FROM async_jobs job JOIN ranked ON ranked.id = job.id LEFT JOIN busy ON busy.endpoint_id = ranked.endpoint_id
        WHERE job.status IN ('queued', 'retry_wait') AND ranked.place <= :each - coalesce(busy.jobs, 0)
        ORDER BY job.run_at LIMIT :slots FOR UPDATE OF job SKIP LOCKED
    )
    UPDATE async_jobs SET status = 'leased', fence = fence + 1, attempt = attempt + 1, lease_owner = :owner,
           lease_expires_at = clock_timestamp() + make_interval(secs => :lease),
           first_claimed_at = coalesce(first_claimed_at, clock_timestamp())
    FROM due, webhook_deliveries delivery, webhook_events event
    WHERE async_jobs.id = due.id AND delivery.id = async_jobs.delivery_id AND event.id = delivery.event_id
    RETURNING async_jobs.id, job_type, async_jobs.delivery_id, event.assessment_id, fence, attempt, crashes, correlation_id,
              track_slug, heals, traceparent,
              split_part(async_jobs.dedupe_key, ':', 3)::int AS generation,
              extract(epoch FROM clock_timestamp() - run_at)::float AS waited,
              extract(epoch FROM clock_timestamp() - first_claimed_at)::float AS spent
    """
)
EACH: Final = 4
"""Deliveries to one endpoint that are under way at once, at most (but for workers that claim at the very same moment)."""
_LETTER: Final = (
    select(
        WebhookDelivery.endpoint_id,
        WebhookDelivery.event_id,
        WebhookEvent.event,
        WebhookEvent.payload,
        WebhookEndpoint.url,
        WebhookEndpoint.is_active,
        WebhookEndpoint.secret,
        WebhookEndpoint.previous_secret,
        (WebhookEndpoint.previous_secret_until > func.clock_timestamp()).label("overlaps"),
    )
    .join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
    .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
)
_TRIED: Final = text(
    """
    WITH tried AS (
        INSERT INTO webhook_attempts (delivery_id, response_status, latency_ms, error)
        VALUES (CAST(:id AS uuid), CAST(:answered AS int), CAST(:latency AS float), CAST(:error AS text))
    )
    UPDATE webhook_deliveries SET attempts = attempts + 1, status = CAST(:status AS text), response_status = CAST(:answered AS int),
           latency_ms = CAST(:latency AS float), error = CAST(:error AS text),
           next_attempt_at = clock_timestamp() + make_interval(secs => CAST(:pause AS float)),
           finished_at = CASE WHEN CAST(:status AS text) = 'pending' THEN NULL ELSE clock_timestamp() END
    WHERE id = CAST(:id AS uuid)
    """
)
_ENDED: Final = text(
    "UPDATE webhook_deliveries SET status = 'failed', error = :error, next_attempt_at = NULL, finished_at = clock_timestamp()"
    " WHERE id = :id"
)
_AGAIN: Final = text(
    """
    WITH last AS (
        SELECT id, track_slug, priority, split_part(dedupe_key, ':', 3)::int AS generation FROM async_jobs
        WHERE delivery_id = CAST(:id AS uuid) ORDER BY generation DESC LIMIT 1
    ), pending AS (
        UPDATE webhook_deliveries SET status = 'pending', next_attempt_at = clock_timestamp(), finished_at = NULL
        WHERE id = CAST(:id AS uuid) AND EXISTS (SELECT FROM last)
    )
    INSERT INTO async_jobs (job_type, delivery_id, track_slug, priority, run_at, dedupe_key, correlation_id, parent_job_id, traceparent)
    SELECT 'deliver_webhook', CAST(:id AS uuid), track_slug, priority, clock_timestamp(),
           'deliver_webhook:' || CAST(:id AS uuid) || ':' || (generation + 1), CAST(:correlation AS text), id,
           CAST(:traceparent AS text) FROM last
    RETURNING id
    """
)


class Letter(Value):
    """What is posted where: `secrets` sign it, the newest first."""

    endpoint_id: UUID
    event_id: UUID
    event: EventType
    payload: dict[str, Any]
    url: str
    is_active: bool
    secrets: tuple[str, ...]


class DeliveryRow(Value):
    """A delivery as it stands."""

    id: UUID
    event_id: UUID
    event: EventType
    endpoint_id: UUID
    assessment_id: UUID
    status: DeliveryStatus
    attempts: int
    response_status: int | None
    latency_ms: float | None
    error: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    finished_at: datetime | None


class AttemptRow(Value):
    """One try."""

    at: datetime
    response_status: int | None
    latency_ms: float
    error: str | None


_ROW: Final = select(
    WebhookDelivery.id,
    WebhookDelivery.event_id,
    WebhookEvent.event,
    WebhookDelivery.endpoint_id,
    WebhookEvent.assessment_id,
    WebhookDelivery.status,
    WebhookDelivery.attempts,
    WebhookDelivery.response_status,
    WebhookDelivery.latency_ms,
    WebhookDelivery.error,
    WebhookDelivery.created_at,
    case((WebhookDelivery.status == DeliveryStatus.PENDING, WebhookDelivery.next_attempt_at)).label("next_attempt_at"),
    WebhookDelivery.finished_at,
).join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)


class Deliveries:
    """The deliveries of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(self, owner: str, slots: int, lease_seconds: float) -> list[Claim]:
        """Take up to `slots` due deliveries, no more than `EACH` of one endpoint in anybody's hands."""
        values = {"owner": owner, "slots": slots, "lease": lease_seconds, "each": EACH}
        return [claim_of(row) for row in await self._session.execute(_CLAIM, values)]

    async def letter(self, delivery_id: UUID) -> Letter | None:
        """What to post; None when the delivery is gone with its endpoint or its assessment."""
        row = (await self._session.execute(_LETTER.where(WebhookDelivery.id == delivery_id))).mappings().first()
        if row is None:
            return None
        fields = {name: value for name, value in row.items() if name not in {"secret", "previous_secret", "overlaps"}}
        secrets = (row["secret"], row["previous_secret"]) if row["overlaps"] else (row["secret"],)
        return Letter(**fields, secrets=secrets)

    async def tried(
        self,
        delivery_id: UUID,
        status: DeliveryStatus,
        *,
        answered: int | None,
        latency_ms: float,
        error: str | None = None,
        pause: float | None = None,
    ) -> None:
        """Write down a try; `pause` in seconds until the next one."""
        values = {"id": delivery_id, "status": status.value, "answered": answered, "latency": latency_ms, "error": error, "pause": pause}
        await self._session.execute(_TRIED, values)

    async def ended(self, delivery_id: UUID, error: str) -> None:
        """Give it up without another try."""
        await self._session.execute(_ENDED, {"id": delivery_id, "error": error})

    async def again(self, delivery_id: UUID, correlation_id: str) -> UUID | None:
        """Write the job that sends it again; its id, or None when its last job has been forgotten."""
        with sending(JobType.DELIVER_WEBHOOK) as traceparent:
            values = {"id": delivery_id, "correlation": correlation_id, "traceparent": traceparent}
            job_id: UUID | None = await self._session.scalar(_AGAIN, values)
        return job_id

    async def lock(self, delivery_id: UUID) -> DeliveryRow | None:
        """One delivery; nobody else sends it again until the transaction ends."""
        return await self._one(delivery_id, _ROW.with_for_update(of=WebhookDelivery))

    async def get(self, delivery_id: UUID) -> DeliveryRow | None:
        """One delivery."""
        return await self._one(delivery_id, _ROW)

    async def attempts(self, delivery_id: UUID) -> list[AttemptRow]:
        """Every try of a delivery, oldest first."""
        query = select(WebhookAttempt).where(WebhookAttempt.delivery_id == delivery_id).order_by(WebhookAttempt.id)
        return [
            AttemptRow(at=row.created_at, response_status=row.response_status, latency_ms=row.latency_ms, error=row.error)
            for row in await self._session.scalars(query)
        ]

    async def page(
        self, *, endpoint_id: UUID | None, event: EventType | None, status: DeliveryStatus | None, before: UUID | None, limit: int
    ) -> list[DeliveryRow]:
        """Deliveries with this endpoint, event and status (None: any), the newest first, older than `before`."""
        equal = ((WebhookDelivery.endpoint_id, endpoint_id), (WebhookEvent.event, event), (WebhookDelivery.status, status))
        query = _ROW.where(*(column == value for column, value in equal if value is not None))
        if before is not None:
            query = query.where(WebhookDelivery.id < before)
        rows = await self._session.execute(query.order_by(WebhookDelivery.id.desc()).limit(limit))
        return [DeliveryRow(**row) for row in rows.mappings()]

    async def failed(self, endpoint_id: UUID) -> list[UUID]:
        """Deliveries to an endpoint that were given up, the oldest first."""
        gone = WebhookDelivery.status == DeliveryStatus.FAILED.value
        query = select(WebhookDelivery.id).where(WebhookDelivery.endpoint_id == endpoint_id, gone)
        return list(await self._session.scalars(query.order_by(WebhookDelivery.id)))

    async def standing(self, endpoint_id: UUID) -> dict[DeliveryStatus, int]:
        """How many deliveries to an endpoint have each status; none where there are none."""
        query = select(WebhookDelivery.status, func.count()).where(WebhookDelivery.endpoint_id == endpoint_id)
        rows = await self._session.execute(query.group_by(WebhookDelivery.status))
        return {DeliveryStatus(status): count for status, count in rows}

    async def _one(self, delivery_id: UUID, query: Select[*tuple[Any, ...]]) -> DeliveryRow | None:
        row = (await self._session.execute(query.where(WebhookDelivery.id == delivery_id))).mappings().first()
        return None if row is None else DeliveryRow(**row)
