"""An essay that kills whoever reads it, beside a hundred that do not: how much longer those take, and what becomes of it after a fix."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from assay.domain.jobs import MAX_CRASHES
from assay.services import dead_letters, jobs
from benchmarks.people import Taken
from benchmarks.report import Figure, percentile
from faults.sabotage import POISON
from faults.scenes import Scene, jobs_of, scene
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, World, until

GOOD: Final = 100
LOAD_SECONDS: Final = 60.0
AT_MOST: Final = 1.2
"""So many times as long as without it, for half of them; those that share a worker with it when that dies wait until another starts."""


async def beside_a_hundred(world: World) -> list[Figure]:
    """The same load twice, the second time with the one in the middle of it; workers that die are replaced as a supervisor does it."""
    async with scene(world, 2 * GOOD + 1, API, SWEEPER, latency="uniform:0.5,2") as on:
        killer, *others = on.taken
        async with _supervised(on, killer.essays[0].splitlines()[-1]):
            alone = await _timed(on, others[:GOOD])
            dying = asyncio.create_task(_submitted_later(on, killer))
            beside = await _timed(on, others[GOOD:])
            await dying
            await until(lambda: _is_dead(world, killer))
        letters = await world.query("SELECT id, assessment_id, crashes FROM async_jobs WHERE status = 'dead'")
        for name in WORKERS:
            await world.kill(name)
            await world.launch(name)
        async with on.runtime.open_uow() as uow:
            for each in letters:
                await dead_letters.resend(uow, None, each["id"])
        await on.healed(on.taken, within=120)
        scored = await jobs_of(world, [killer], "status")
        verdict = await on.verdict()
        return [
            Figure("median of the hundred without it", (percentile(alone, 0.5),), "s"),
            Figure("median beside it", (percentile(beside, 0.5),), "s"),
            Figure("median, beside it ÷ without it", (percentile(beside, 0.5) / percentile(alone, 0.5),), at_most=AT_MOST),
            Figure("mean, beside it ÷ without it", (sum(beside) / sum(alone),)),
            Figure("slowest twentieth, beside it ÷ without it", (percentile(beside, 0.95) / percentile(alone, 0.95),)),
            Figure("dead letters", (len(letters),), digits=0, at_least=1, at_most=1),
            none("of them somebody else's", sum(each["assessment_id"] != killer.assessment_id for each in letters)),
            Figure("crashes until it was given up", (letters[0]["crashes"],), digits=0, at_least=MAX_CRASHES, at_most=MAX_CRASHES),
            Figure(
                "scored after the fix, when it was sent again", (sum(row["status"] == "succeeded" for row in scored),), digits=0, at_least=1
            ),
            none("results not in full in the end", await on.degraded(on.taken)),
            *verdict,
        ]


async def _submitted_later(on: Scene, killer: Taken) -> None:
    await asyncio.sleep(LOAD_SECONDS / 10)
    await on.submit(killer)


async def _timed(on: Scene, taken: Sequence[Taken]) -> list[float]:
    """Submit all of these over the same time; seconds from each submission to its result."""
    await on.load(taken, LOAD_SECONDS)

    async def all_complete() -> bool:
        return len(await on.turnarounds(taken)) == len(taken)

    await until(all_complete, within=120)
    return await on.turnarounds(taken)


async def _is_dead(world: World, killer: Taken) -> bool:
    return _count(await jobs_of(world, [killer], "status"), "dead") == 1


def _count(rows: Sequence[Any], status: str) -> int:
    return sum(row["status"] == status for row in rows)


@asynccontextmanager
async def _supervised(on: Scene, words: str) -> AsyncIterator[None]:
    """Both workers, which die of these words; whenever one has, its jobs are freed at once and another takes its place."""

    async def watch(name: str) -> None:
        while True:
            await until(lambda: on.world.running[name].process.poll() is not None, within=3_600)
            on.world.expect(name)
            await jobs.release(on.runtime.open_uow, on.world.owner(name))
            await start(name)

    async def start(*names: str) -> None:
        await on.world.launch(*names, sabotage="dies-of-poison", **{POISON: words})

    await start(*WORKERS)
    watching = [asyncio.create_task(watch(name)) for name in WORKERS]
    try:
        yield
    finally:
        for each in watching:
            each.cancel()
        await asyncio.wait(watching)
