"""Snapshots of the service, one a minute however many processes offer to take it, for the dashboards and what is promised of them."""

from datetime import timedelta
from typing import Final

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.ports import Broker

LONGEST: Final = timedelta(hours=1)
"""What happened while nobody measured counts for the next snapshot, so far back."""


async def take(open_uow: OpenUnitOfWork, broker: Broker) -> int:
    """Write the snapshot of the minute that has just ended, unless it is written; how many values. Raises `Unavailable`."""
    workers = await broker.workers() or ()
    async with open_uow() as uow:
        return await uow.snapshots.take([worker.name for worker in workers], LONGEST)
