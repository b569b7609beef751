"""Faults of our own processes: workers killed and deployed, the API dying at the worst moments, essays that kill, fifty submits at once."""

import asyncio
import signal
from typing import Final
from uuid import uuid4

from assay.domain.jobs import MAX_CRASHES
from benchmarks.people import Taken
from benchmarks.report import Figure
from faults.sabotage import POISON
from faults.scenes import Scene, jobs_of, scene
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, World

SHORT_LEASE: Final = {"ASSAY_LEASE_SECONDS": "2", "ASSAY_SWEEP_SECONDS": "0.3"}
DEPLOYS: Final = 6
IN_HAND: Final = 5


async def worker_death(world: World) -> list[Figure]:
    """Killed with calls open: the sweeper frees the jobs, another worker has them within a lease and a sweep."""
    victim, heir = WORKERS
    async with scene(world, IN_HAND, API, SWEEPER, *WORKERS, latency="5") as on:
        world.freeze(heir)
        await on.submit(*on.taken)
        await on.asked(3 * IN_HAND)
        world.thaw(heir)
        killed = asyncio.get_running_loop().time()
        await world.kill(victim)
        claimed = await on.claimed_again(killed)
        verdict = await on.verdict()
        crashes = sum(row["crashes"] for row in await jobs_of(world, on.taken, "crashes"))
        return [
            Figure("in another worker's hands after", (claimed,), "s", at_most=11),
            Figure("crashes counted", (crashes,), digits=0, at_most=IN_HAND, at_least=IN_HAND),
            *verdict,
        ]


async def deploys(world: World) -> list[Figure]:
    """Each worker is told to end while it has jobs in hand, and replaced: nothing is counted as a crash."""
    async with scene(world, 20 * DEPLOYS // 3, API, SWEEPER, *WORKERS, latency="uniform:1,3") as on:
        arriving = asyncio.create_task(on.load(on.taken, 3.5 * DEPLOYS))
        ended: list[float] = []
        for number in range(DEPLOYS):
            await asyncio.sleep(2)
            name = WORKERS[number % 2]
            begun = asyncio.get_running_loop().time()
            await world.kill(name, signal.SIGTERM)
            ended.append(asyncio.get_running_loop().time() - begun)
            await world.revive(name)
        await arriving
        verdict = await on.verdict()
        crashes = await world.value("SELECT sum(crashes) FROM async_jobs")
        return [
            Figure("workers deployed", (DEPLOYS,), digits=0),
            Figure("longest end", (max(ended),), "s", at_most=10),
            none("counted as crashes", crashes),
            *verdict,
        ]


async def exact_deaths(world: World) -> list[Figure]:
    """The API dies after the commit, loses the answer to one, dies before one; a worker dies between reply and effect."""
    async with scene(world, 4, SWEEPER, WORKERS[0], latency="0.5", **SHORT_LEASE) as on:
        after, lost, before, by_worker = on.taken
        await world.launch(API, sabotage="dies-after-commit")
        await _survived(on, API, after, "loses-the-answer-to-a-commit")
        await on.submit(lost)
        await world.kill(API)
        await world.launch(API, sabotage="dies-before-commit")
        await _survived(on, API, before, "")
        await world.drained(30)
        await world.kill(WORKERS[0])
        await world.launch(WORKERS[0], sabotage="dies-before-effect", **SHORT_LEASE)
        asked = len(await on.journal())
        await _survived(on, WORKERS[0], by_worker, "", **SHORT_LEASE)
        verdict = await on.verdict()
        essays = [entry for entry in (await on.journal())[asked:] if entry["task"] == "grade"]
        rows = await jobs_of(world, [after, lost, before], "extract(epoch FROM first_claimed_at - created_at)::float AS waited")
        return [
            Figure("claimed after, at most", (max(row["waited"] for row in rows),), "s", at_most=2),
            Figure("idempotency keys", (await world.value("SELECT count(*) FROM idempotency_keys"),), digits=0, at_most=4, at_least=4),
            Figure("essays paid for when the worker died after the replies", (len(essays),), digits=0, at_most=3, at_least=3),
            *verdict,
        ]


async def _survived(on: Scene, name: str, taken: Taken, successor: str, **changes: str) -> None:
    """Submit what the process dies of, and start it anew with another sabotage, or none."""
    submitting = asyncio.create_task(on.submit(taken))
    await on.world.ended(name)
    await on.world.launch(name, sabotage=successor, **changes)
    await submitting


async def fifty_submits(world: World) -> list[Figure]:
    """Fifty at once under one key, then twenty of another assessment under as many keys."""
    async with scene(world, 2, API, SWEEPER, WORKERS[0]) as on:
        one, many = on.taken
        key = str(uuid4())
        same = await asyncio.gather(*(on.clients.submit(one, key) for _ in range(50)))
        differing = await asyncio.gather(*(on.clients.submit(many, str(uuid4())) for _ in range(20)))
        verdict = await on.verdict()
        jobs = await world.value("SELECT count(*) FROM async_jobs WHERE assessment_id = $1", one.assessment_id)
        return [
            Figure("answers of 202 under one key", (same.count(202),), digits=0, at_least=50),
            Figure("different receipts", (len(on.clients.journal.receipts[one.assessment_id]),), digits=0, at_most=1),
            Figure("jobs", (jobs,), digits=0, at_most=2, at_least=2),
            Figure("answers of 202 under twenty keys", (differing.count(202),), digits=0, at_most=1, at_least=1),
            Figure("answers of 409 under twenty keys", (differing.count(409),), digits=0, at_least=19),
            *verdict,
        ]


async def poison(world: World) -> list[Figure]:
    """One essay kills every worker that reads it, in the same hands as thirty good ones, until it is given up."""
    good = 30
    async with scene(world, good + 1, API, SWEEPER, latency="2") as on:
        killer, *others = on.taken
        changes = {**SHORT_LEASE, POISON: killer.essays[0].splitlines()[-1]}
        await on.submit(*on.taken)
        for _ in range(MAX_CRASHES):
            await world.launch(WORKERS[0], sabotage="dies-of-poison", **changes)
            await world.ended(WORKERS[0])
        await world.launch(WORKERS[0], sabotage="dies-of-poison", **changes)
        await world.drained(60)
        (dead,) = await jobs_of(world, [killer], "status, crashes, cause")
        given_up = sum(row["status"] == "dead" for row in await jobs_of(world, others, "status"))
        await on.healed(others, within=120)
        left = await on.degraded(others)
        verdict = await on.verdict()
        return [
            Figure("crashes of the one", (dead["crashes"],), digits=0, at_most=MAX_CRASHES, at_least=MAX_CRASHES),
            Figure("good ones in the same hands", (good,), digits=0),
            none("of them given up", given_up),
            none("of them not scored in full in the end", left),
            *verdict,
        ]
