"""Retention on schedule, in the sweeper's process: whichever comes first once a day removes what is past its time."""

import asyncio
from typing import Final

import structlog

from assay.domain.errors import Unavailable
from assay.runtime import Runtime
from assay.services import retention

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 60.0


async def remove_what_is_past(runtime: Runtime) -> None:
    """Look each minute whether a run is due, until cancelled. A database that is away, and a run that fails, are logged."""
    while True:
        try:
            await retention.run_if_due(runtime.open_uow, runtime.vector_store, runtime.retention, runtime.settings.retention_every_hours)
        except Unavailable:
            log.warning("retention_postponed")
        except Exception:  # one run that breaks must not end all later ones
            log.exception("retention_failed")
        await asyncio.sleep(LOOK_SECONDS)
