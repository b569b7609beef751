"""Large imports into the catalog in the background: one at a time, in the sweeper's process, which has little else to do."""

import asyncio
from typing import Final

import structlog

from assay.domain.errors import Unavailable
from assay.runtime import Runtime
from assay.services import catalog_import_runs

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 1.0


async def import_what_waits(runtime: Runtime) -> None:
    """Work off imports as they come, until cancelled; one that is cut off is begun anew by whichever process comes next.

    A database that is away, and an import that fails, are logged; the loop goes on.
    """
    while True:
        try:
            while await catalog_import_runs.import_next(runtime.open_uow):
                continue
        except Unavailable:
            log.warning("import_postponed")
        except Exception:  # one import that breaks must not end all later ones
            log.exception("import_crashed")
        await asyncio.sleep(LOOK_SECONDS)
