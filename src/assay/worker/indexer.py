"""Building index versions in the background: one at a time, in the sweeper's process, which has little else to do."""

import asyncio
from typing import Final

import structlog

from assay.domain.errors import Unavailable
from assay.runtime import Runtime
from assay.services import indexing

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 2.0


async def build_what_waits(runtime: Runtime) -> None:
    """Build versions as they are asked for, until cancelled; a build that is cut off goes on in whichever process comes next.

    A database that is away, and a build that fails, are logged; the loop goes on.
    """
    while True:
        try:
            while await indexing.build_next(runtime.open_uow, runtime.embedder, runtime.vector_store):
                continue
        except Unavailable:
            log.warning("index_postponed")
        except Exception:  # one build that breaks must not end all later ones
            log.exception("index_build_crashed")
        await asyncio.sleep(LOOK_SECONDS)
