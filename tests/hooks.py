"""Webhooks from end to end in one process: an endpoint that is registered, a drainer that delivers, and the log as it stands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from waiting import until

from assay.db.repositories.deliveries import DeliveryRow
from assay.domain.actors import Actor, Role
from assay.domain.webhooks import DeliveryStatus, EventType
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import deliveries, webhooks
from assay.services.deliveries import DeliveryFilter
from assay.services.webhooks import EndpointSecret, EndpointWrite
from assay.settings import Settings
from assay.worker.drainer import Drainer
from assay.worker.lanes import DELIVERIES

ADMIN = Actor(id=new_id(), role=Role.ADMIN)


def with_hooks(settings: Settings, **changes: Any) -> Settings:
    """Loopback is allowed, and the five seconds before the second try are a twentieth of one."""
    quick = {"webhook_allowed_networks": "127.0.0.0/8", "webhook_retry_scale": 0.01, "webhook_seconds": 10.0}
    return Settings.model_validate({**dict(settings), **quick, **changes})


async def registered(runtime: Runtime, url: str, *events: EventType) -> EndpointSecret:
    """An endpoint that wants these events; all, when none is named."""
    async with runtime.open_uow() as uow:
        return await webhooks.register(uow, ADMIN, EndpointWrite(url=url, events=events))


@asynccontextmanager
async def delivering(runtime: Runtime, owner: str = "test:hooks") -> AsyncIterator[Drainer]:
    """A drainer of deliveries at work meanwhile."""
    drainer = Drainer(runtime, owner, DELIVERIES)
    task = asyncio.create_task(drainer.run())
    try:
        yield drainer
    finally:
        await drainer.stop()
        await task


async def log_of(runtime: Runtime, **wanted: Any) -> list[DeliveryRow]:
    """The log of deliveries, the newest first."""
    async with runtime.open_uow(autocommit=True) as uow:
        return list((await deliveries.page(uow, DeliveryFilter(**wanted), None, 100)).items)


async def settled(runtime: Runtime, status: DeliveryStatus = DeliveryStatus.DELIVERED, count: int = 1) -> list[DeliveryRow]:
    """The log, once `count` deliveries have this status."""

    async def reached() -> bool:
        return len(await log_of(runtime, status=status)) == count

    await until(reached)
    return await log_of(runtime)


async def due_now(runtime: Runtime) -> None:
    """Let every delivery that waits for its next try be due."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE async_jobs SET run_at = clock_timestamp() WHERE status = 'retry_wait'"))


async def rows(runtime: Runtime, query: str) -> list[tuple[Any, ...]]:
    """What a query finds."""
    async with runtime.open_uow() as uow:
        return [tuple(row) for row in await uow.session.execute(text(query))]
