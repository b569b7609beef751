"""A provider at its limit: for half a minute it takes fewer calls than the load makes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Final

from benchmarks.report import Figure
from faults.provider import AT_FIRST, complete
from faults.scenes import scene
from faults.world import API, SWEEPER, WORKERS, World, until

LIMIT: Final = 10.0
"""Calls a second."""
LIMITED_SECONDS: Final = 30.0
PER_SECOND: Final = 4
"""Submissions, each of which needs four calls."""
BEFORE_SECONDS: Final = 8.0
IN_FULL_SHARE: Final = 0.95
IN_FULL_WITHIN: Final = 90.0
_IN_HAND: Final = "SELECT count(*) FROM async_jobs WHERE status = 'leased'"


async def limited(world: World) -> list[Figure]:
    """Half a minute of a limit far below the load: who is refused waits, fewer jobs are begun, and what was too late for that heals.

    A call that was cut at the end of its job's time is paid for, and may be paid for again when the result is made anew.
    """
    before, during = int(BEFORE_SECONDS * PER_SECOND), int(LIMITED_SECONDS * PER_SECOND)
    async with scene(world, before + during, API, SWEEPER, *WORKERS) as on:
        async with _watched(world) as usually_held:
            await on.load(on.taken[:before], BEFORE_SECONDS)
        await world.drained(30)
        asked = len(await on.journal())
        await world.model(limit=LIMIT, retryAfter=2)
        arriving = asyncio.create_task(on.load(on.taken[before:], LIMITED_SECONDS))
        async with _watched(world) as meanwhile_held:
            await asyncio.sleep(LIMITED_SECONDS)
        meanwhile = (await on.journal())[asked:]
        await world.model(limit=0)
        lifted = asyncio.get_running_loop().time()
        await arriving
        await until(lambda: complete(world, before + during), within=120)
        await on.healed(on.taken, IN_FULL_WITHIN)
        in_full = asyncio.get_running_loop().time() - lifted
        at_first, left = await world.value(AT_FIRST), await on.degraded(on.taken)
        cut = await on.cut()
        verdict = await on.verdict(excused=cut)
        return [
            Figure("calls a second that the provider takes", (LIMIT,), digits=0),
            Figure("calls a second that it was asked for, refused ones too", (len(meanwhile) / LIMITED_SECONDS,), digits=1, at_most=LIMIT),
            Figure("of them refused", (sum(entry["fault"] is not None for entry in meanwhile) / LIMITED_SECONDS,), digits=1),
            Figure("jobs in hand at this load, without the limit", (median(usually_held),), digits=0),
            Figure("jobs in hand with it", (median(meanwhile_held),), digits=0, below=median(usually_held)),
            Figure("results on a substitute at first", (at_first,), digits=0),
            Figure("calls cut at the end of their time", (sum(cut.values()),), digits=0),
            Figure("in full after healing", (100 * (1 - left / (before + during)),), "%", digits=0, at_least=100 * IN_FULL_SHARE),
            Figure("all of them, after the limit was gone", (in_full,), "s", at_most=IN_FULL_WITHIN),
            Figure("result p95", (await on.slowest(on.taken[before:]),), "s"),
            *verdict,
        ]


@asynccontextmanager
async def _watched(world: World) -> AsyncIterator[list[int]]:
    """How many jobs are in hand, twice a second, while the block runs."""
    seen: list[int] = []

    async def look() -> None:
        while True:
            await asyncio.sleep(0.5)
            seen.append(await world.value(_IN_HAND))

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()
