"""Faults of Redis: gone for half a minute, flushed with hundreds waiting, killed again and again as jobs end."""

import asyncio
from typing import Final

from benchmarks.report import Figure
from faults.scenes import scene
from faults.strikes import flush
from faults.tally import none
from faults.world import API, SWEEPER, VALKEY, WORKERS, World

AWAY_SECONDS: Final = 30.0
QUEUED: Final = 250
"""Submissions: two jobs each."""
KILLS: Final = 20


async def away(world: World) -> list[Figure]:
    """Gone for half a minute under load, beside the same load just before."""
    async with scene(world, 70, API, SWEEPER, *WORKERS) as on:
        first, before, during = on.taken[:5], on.taken[5:25], on.taken[25:]
        await on.submit(*first)  # unmeasured: connections are opened, statements prepared
        await world.drained(30)
        await on.load(before, 10)
        await world.drained(30)
        await world.kill(VALKEY)
        await on.load(during, AWAY_SECONDS)
        await world.revive(VALKEY)
        verdict = await on.verdict()
        usual, delayed = [await on.slowest(each) for each in (before, during)]
        quick, slow = [on.clients.journal.latency(0.95, [each.assessment_id for each in some]) for some in (before, during)]
        accepted = sum(each.assessment_id in on.clients.journal.receipts for each in during)
        return [
            Figure("accepted while it was gone", (accepted,), digits=0, at_least=len(during)),
            Figure("submit answered p95, with it", (1000 * quick,), "ms", digits=0),
            Figure("submit answered p95, without it", (1000 * slow,), "ms", digits=0, at_most=1000 * quick + 100),
            Figure("result p95, with it", (usual,), "s"),
            Figure("result p95, without it: later by", (delayed - usual,), "s", at_most=2),
            *verdict,
        ]


async def flushed(world: World) -> list[Figure]:
    """Everything it knew is forgotten while five hundred jobs wait: the time to all results, and how long a due job waited for a worker."""
    async with scene(world, QUEUED, API, SWEEPER, latency="0.5") as on:
        await on.submit(*on.taken)
        jobs = await world.value("SELECT count(*) FROM async_jobs WHERE finished_at IS NULL")
        await world.launch(WORKERS[0])
        await asyncio.to_thread(flush, world)
        verdict = await on.verdict()
        return [
            Figure("jobs waiting when it was flushed", (jobs,), digits=0, at_least=2 * QUEUED),
            none("results on a substitute", await world.value("SELECT count(*) FROM degraded_stages")),
            *verdict,
        ]


async def killed(world: World) -> list[Figure]:
    """Killed, and started anew with nothing in it, at the very end of one job after another."""
    async with scene(world, KILLS, API, SWEEPER, *WORKERS, latency="0.1") as on:
        for each in on.taken:
            await on.submit(each)
            while not await world.value(
                "SELECT count(*) FROM effect_log e JOIN async_jobs j ON j.id = e.job_id WHERE assessment_id = $1", each.assessment_id
            ):
                await asyncio.sleep(0.005)
            await world.kill(VALKEY)
            await world.revive(VALKEY)
        return [Figure("kills at the end of a job", (KILLS,), digits=0), *await on.verdict()]
