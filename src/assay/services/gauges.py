"""Gauges that are read from the database now and then: live workers, dead letters, results of the last hour, ages of keys."""

import math
from typing import NamedTuple

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.keys import made_at
from assay.domain.pilot import RESULT_SECONDS
from assay.domain.ports import Broker
from assay.observability import metrics


class Figures(NamedTuple):
    """What a log can tell to whoever reads nothing else: unfinished jobs, dead letters, live workers (None while nobody knows)."""

    backlog: int
    dead: int
    workers: int | None


async def measure(open_uow: OpenUnitOfWork, broker: Broker, signing_key_id: str) -> Figures:
    """Set them. Without the queue nobody knows of idle workers: their number is NaN, which no alert takes for zero. Raises `Unavailable`.

    Of keys that encrypt or make look-ups the age is that of their first use here; of a signing key, of which nothing is stored, it is told
    where `signing_key_id` holds the day on which it was made.
    """
    seen = await broker.workers()
    async with open_uow(autocommit=True) as uow:
        hour = await uow.vitals.hour(RESULT_SECONDS)
        held = {lease.name for lease in await uow.vitals.leases()}
        backlog = sum(each.jobs for each in await uow.jobs.depth())
        dead = await uow.vitals.dead_by_cause()
        ages = await uow.vitals.key_ages()
    workers = None if seen is None else len(held | {worker.name for worker in seen})
    metrics.WORKERS_LIVE.set(math.nan if workers is None else workers)
    metrics.RESULTS_LAST_HOUR.labels(state="finished").set(hour.finished)
    metrics.RESULTS_LAST_HOUR.labels(state="degraded").set(hour.degraded)
    metrics.DEAD_LETTERS.clear()
    for count in dead:
        metrics.DEAD_LETTERS.labels(cause=count.cause).set(count.jobs)
    if (made := made_at(signing_key_id)) is not None:
        ages = {**ages, "signing": (hour.now - made).total_seconds()}
    for purpose, seconds in ages.items():
        metrics.KEY_AGE_SECONDS.labels(purpose=purpose).set(seconds)
    return Figures(backlog, hour.dead, workers)
