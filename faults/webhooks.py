"""Faults of webhooks: a receiver that is down for a while, and a sender that dies with messages under way."""

import asyncio
from typing import Final

from benchmarks.report import Figure
from faults.receivers import Receiver
from faults.scenes import scene
from faults.world import API, SWEEPER, WORKERS, World, until

DOWN_SECONDS: Final = 8.0


async def receiver_down(world: World) -> list[Figure]:
    """Down under load, then back; meanwhile a worker is killed. Each event arrives at least once, signed, under one id."""
    receiver = Receiver()
    async with scene(world, 24, API, SWEEPER, *WORKERS, latency="0.5") as on:
        await receiver.open()
        await receiver.register(on.runtime)
        arriving = asyncio.create_task(on.load(on.taken, DOWN_SECONDS + 4))
        await asyncio.sleep(2)
        await receiver.close()
        await asyncio.sleep(DOWN_SECONDS / 2)
        await world.kill(WORKERS[0])
        await world.revive(WORKERS[0])
        await asyncio.sleep(DOWN_SECONDS / 2)
        refused = await world.value("SELECT count(*) FROM webhook_attempts WHERE error IS NOT NULL")
        await receiver.open()
        await arriving
        await until(lambda: _no_delivery_left(world), within=90)
        announced = {str(row["id"]) for row in await world.query("SELECT id FROM webhook_events")}
        completed = {str(each.assessment_id) for each in on.taken}
        told = receiver.figures(announced, completed)
        verdict = await on.verdict(told)
        await receiver.close()
        return [
            Figure("events", (len(announced),), digits=0, at_least=len(on.taken)),
            Figure("tries while it was down", (refused,), digits=0, at_least=1),
            *told,
            *verdict,
        ]


async def _no_delivery_left(world: World) -> bool:
    return not await world.value("SELECT count(*) FROM webhook_deliveries WHERE status = 'pending'") and bool(
        await world.value("SELECT NOT EXISTS (SELECT FROM async_jobs WHERE finished_at IS NULL)")
    )
