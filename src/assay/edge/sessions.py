"""Who may not come in any more: asked every few seconds, so that tokens of people who left end soon without a question at each request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

from assay.domain.errors import Unavailable
from assay.runtime import Runtime

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 2.0


@asynccontextmanager
async def watching_who_leaves(runtime: Runtime) -> AsyncIterator[None]:
    """Keep the process's knowledge of ended sessions fresh meanwhile. A database that is away leaves it as it was."""
    watching = asyncio.create_task(_watch(runtime))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(runtime: Runtime) -> None:
    while True:
        try:
            await runtime.identity.learn_who_left(runtime.open_uow)
        except Unavailable:
            log.warning("sessions_not_read")
        except Exception:  # one look that fails must not be the last one
            log.exception("sessions_not_read")
        await asyncio.sleep(LOOK_SECONDS)
