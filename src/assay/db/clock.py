"""The database's clock as every process tells it: its own, put right by how far the two are apart."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from assay.kit.clock import Clock

log = structlog.get_logger(__name__)

TOLERANCE: Final = timedelta(seconds=1)
"""Apart by less than this and what asking took, the machine's own clock is taken as it is."""
AGAIN_SECONDS: Final = 30.0
FIRST_SECONDS: Final = 2.0
"""How long a start waits for the comparison; a database that is away is no reason not to start."""
_NOW: Final = text("SELECT clock_timestamp()")


class DatabaseClock:
    """A `Clock`. Tokens, leases and expiries of several machines agree because all of them go by the database's."""

    def __init__(self, own: Clock) -> None:
        self._own = own
        self.skew = timedelta(0)
        """How far this machine's clock is ahead of the database's, and is put back; zero when they agree."""

    def __call__(self) -> datetime:
        """The present moment."""
        return self._own() - self.skew

    async def compare(self, engine: AsyncEngine) -> None:
        """Ask the database for its time, half of what asking took ago. Raises what the driver raises."""
        async with engine.connect() as connection:
            before = self._own()
            there: datetime = (await connection.execute(_NOW)).scalar_one()
            took = self._own() - before
        apart = before + took / 2 - there
        found = apart if abs(apart) > TOLERANCE + took / 2 else timedelta(0)
        if abs(found - self.skew) > TOLERANCE:
            log.warning("clock_compared", skew_seconds=round(found.total_seconds(), 1))
        self.skew = found

    async def keep(self, engine: AsyncEngine) -> None:
        """Compare again and again, until cancelled; while the database is away what was found last stands."""
        while True:
            await asyncio.sleep(AGAIN_SECONDS)
            await self.try_to_compare(engine)

    async def try_to_compare(self, engine: AsyncEngine) -> None:
        """Compare, unless the database is away or slow."""
        try:
            async with asyncio.timeout(FIRST_SECONDS):
                await self.compare(engine)
        except Exception as error:  # noqa: BLE001 - whoever needs the database will say what is wrong with it
            log.info("clock_not_compared", error=type(error).__name__)
