"""Faults of Postgres: restarted again and again under load, and all connections of the API taken."""

import asyncio
import signal
from typing import Final
from uuid import uuid4

import asyncpg

from benchmarks.report import Figure
from faults.scenes import scene
from faults.tally import none
from faults.world import API, POSTGRES, SWEEPER, WORKERS, World

RESTARTS: Final = 10
EVERY_SECONDS: Final = 3.0
POOL: Final = 4


async def restarts(world: World) -> list[Figure]:
    """Ended at once (its own recovery follows) ten times while students submit and look; no process of ours is touched."""
    async with scene(world, 75, API, SWEEPER, *WORKERS, latency="uniform:0.5,2") as on:
        ours = {name: child.pid for name, child in world.running.items() if name != POSTGRES}
        looking = asyncio.create_task(on.clients.look(on.taken, 0.2))
        arriving = asyncio.create_task(on.load(on.taken, RESTARTS * EVERY_SECONDS))
        for _ in range(RESTARTS):
            await asyncio.sleep(EVERY_SECONDS - 1)
            await world.kill(POSTGRES, signal.SIGQUIT)
            await world.revive(POSTGRES, after=0.5)
        await arriving
        looking.cancel()
        verdict = await on.verdict()
        told = on.clients.journal
        replaced = sum(world.running[name].pid != pid for name, pid in ours.items())
        return [
            Figure("restarts", (RESTARTS,), digits=0),
            Figure("answers of 503", (told.statuses[503],), digits=0, at_least=1),
            none("answers of 500", told.statuses[500]),
            none("of them without Retry-After", told.impatient),
            none("processes of ours restarted for it", replaced),
            *verdict,
        ]


async def pool_spent(world: World) -> list[Figure]:
    """A row that forty submissions want is locked by somebody else for three seconds, and the API has four connections."""
    async with scene(world, 11, SWEEPER, WORKERS[0]) as on:
        wanted, *others = on.taken
        await world.launch(API, ASSAY_DATABASE_POOL_SIZE=str(POOL), ASSAY_DATABASE_POOL_TIMEOUT="1")
        holder = await asyncpg.connect(world.database_url)
        try:
            transaction = holder.transaction()
            await transaction.start()
            await holder.execute("SELECT 1 FROM assessments WHERE id = $1 FOR UPDATE", wanted.assessment_id)
            key = str(uuid4())
            stuck = [asyncio.create_task(on.clients.submit(wanted, key)) for _ in range(40)]
            await asyncio.sleep(1)
            waiting, in_use = await world.metric("assay_db_pool_waiting"), await world.metric("assay_db_pool_in_use")
            await asyncio.sleep(2)
            await transaction.rollback()
        finally:
            await holder.close()
        answered = await asyncio.wait_for(asyncio.gather(*stuck), 30)
        refused, timeouts = on.clients.journal.statuses[503], await world.metric("assay_db_pool_timeouts_total")
        await on.submit(*others)
        verdict = await on.verdict()
        told = on.clients.journal
        return [
            Figure("connections of the API", (POOL,), digits=0),
            Figure("answers of 503 meanwhile", (told.statuses[503],), digits=0, at_least=1),
            none("answers of 500", told.statuses[500]),
            Figure("assay_db_pool_in_use meanwhile", (in_use,), digits=0, at_most=POOL, at_least=POOL),
            Figure("assay_db_pool_waiting meanwhile", (waiting,), digits=0, at_least=1),
            # what the process asks for itself meanwhile, as the database's time, is refused too
            Figure("assay_db_pool_timeouts_total, one each 503 at least", (timeouts,), digits=0, at_least=refused),
            none("assay_db_pool_waiting afterwards", await world.metric("assay_db_pool_waiting")),
            Figure("answered 202 in the end", (answered.count(202),), digits=0, at_least=40),
            *verdict,
        ]
