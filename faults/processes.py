"""Faults of our own processes: workers killed and deployed, the API dying at the worst moments, essays that kill, fifty submits at once."""

import asyncio
import signal
from typing import Final
from uuid import uuid4

from assay.domain.jobs import MAX_CRASHES
from benchmarks import journal as model_journal
from benchmarks.report import Figure
from faults.sabotage import POISON
from faults.scenes import jobs_of, scene
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, World, until

SHORT_LEASE: Final = {"ASSAY_LEASE_SECONDS": "2", "ASSAY_SWEEP_SECONDS": "0.3"}
DEPLOYS: Final = 6
IN_HAND: Final = 5


async def worker_death(world: World) -> list[Figure]:
    """Killed with calls open and a fresh lease: the sweeper frees the jobs, another worker has them within a lease and a sweep."""
    async with scene(world, IN_HAND, API, SWEEPER, WORKERS[0], latency="5") as on:
        await on.submit(*on.taken)
        await until(lambda: _in_flight(world, 3 * IN_HAND))
        await world.launch(WORKERS[1])
        await world.kill(WORKERS[0])
        killed = asyncio.get_running_loop().time()

        async def claimed_again() -> bool:
            return all(row["fence"] > 1 for row in await jobs_of(world, on.taken, "fence"))

        await until(claimed_again)
        claimed = asyncio.get_running_loop().time() - killed
        verdict = await on.verdict()
        crashes = sum(row["crashes"] for row in await jobs_of(world, on.taken, "crashes"))
        return [
            Figure("in another worker's hands after", (claimed,), "s", at_most=11),
            Figure("crashes counted", (crashes,), digits=0, at_most=IN_HAND, at_least=IN_HAND),
            *verdict,
        ]


async def _in_flight(world: World, calls: int) -> bool:
    return await model_journal.in_flight(world.session, world.stack.model_url) == calls


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
    """The API dies before the commit, after it, and loses the answer to it; a worker dies between reply and effect."""
    names = ("dies-before-commit", "dies-after-commit", "loses-the-answer-to-a-commit")
    async with scene(world, len(names) + 1, SWEEPER, latency="0.5", **SHORT_LEASE) as on:
        *by_api, by_worker = on.taken
        picked_up: list[float] = []
        await world.launch(WORKERS[0], **SHORT_LEASE)
        for name, taken in zip(names, by_api, strict=True):
            await world.launch(API, sabotage=name)
            submitting = asyncio.create_task(on.submit(taken))
            if name.startswith("dies"):
                await asyncio.to_thread(world.running[API].process.wait)
            else:
                await submitting
                await world.kill(API)
            world.expect(API)
            await world.launch(API)
            await submitting
            await world.drained(30)
            waited = await jobs_of(world, [taken], "extract(epoch FROM first_claimed_at - created_at)::float AS s")
            picked_up.append(waited[0]["s"])
            await world.kill(API)
        await world.launch(API)
        await world.kill(WORKERS[0])
        await world.launch(WORKERS[0], sabotage="dies-before-effect", **SHORT_LEASE)
        before = len(await on.journal())
        await on.submit(by_worker)
        await asyncio.to_thread(world.running[WORKERS[0]].process.wait)
        world.expect(WORKERS[0])
        await world.launch(WORKERS[0], **SHORT_LEASE)
        verdict = await on.verdict()
        essays = [entry for entry in (await on.journal())[before:] if entry["task"] == "grade"]
        keys = await world.value("SELECT count(*) FROM idempotency_keys")
        return [
            Figure("claimed after, at most", (max(picked_up),), "s", at_most=2),
            Figure("idempotency keys", (keys,), digits=0, at_most=len(names) + 1, at_least=len(names) + 1),
            Figure("essays paid for when the worker died after the replies", (len(essays),), digits=0, at_most=3, at_least=3),
            *verdict,
        ]


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
            await asyncio.wait_for(asyncio.to_thread(world.running[WORKERS[0]].process.wait), 30)
            world.expect(WORKERS[0])
        await world.launch(WORKERS[0], sabotage="dies-of-poison", **changes)
        verdict = await on.verdict()
        dead = await jobs_of(world, [killer], "status, crashes")
        good_jobs = await jobs_of(world, others, "status")
        return [
            Figure("crashes of the one", (dead[0]["crashes"],), digits=0, at_most=MAX_CRASHES, at_least=MAX_CRASHES),
            Figure("good ones scored in full", (sum(row["status"] == "succeeded" for row in good_jobs),), digits=0, at_least=good),
            *verdict,
        ]
