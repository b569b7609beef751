"""The recorder, in the sweeper's process: once a minute, whoever comes first writes down how the service stands; gauges of it all keep."""

import asyncio
from typing import Final

import structlog

from assay.domain.errors import Unavailable
from assay.runtime import Runtime
from assay.services import gauges, snapshots

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 10.0


async def record_each_minute(runtime: Runtime) -> None:
    """Offer a snapshot every few seconds, until cancelled. A database that is away, and one that fails, are logged."""
    settings = runtime.settings
    signing_key_id = next(iter(settings.jwt_private_keys or settings.jwt_keys), "")
    while True:
        try:
            figures = await gauges.measure(runtime.open_uow, runtime.broker, signing_key_id)
            if await snapshots.take(runtime.open_uow, runtime.broker):
                log.info("queue_measured", **figures._asdict())  # hosts that scrape nothing scale and call for help by this line
        except Unavailable:
            log.warning("snapshot_postponed")
        except Exception:  # one that breaks must not end all later ones
            log.exception("snapshot_failed")
        await asyncio.sleep(LOOK_SECONDS)
