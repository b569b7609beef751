"""The checker is checked: code as it must not be, which an invariant has to notice, beside the same scene with the code as it is."""

import asyncio
from functools import partial

from assay.services import invariants
from benchmarks.report import Figure
from faults.clients import Clients
from faults.scenes import scene
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, World, until

LEASE = {"ASSAY_LEASE_SECONDS": "2", "ASSAY_SWEEP_SECONDS": "0.2"}


async def without_fence(world: World) -> list[Figure]:
    """A frozen worker comes back while another has its job in hand; without the fence its effect is taken for the other's."""
    return [await _late_worker(world, ""), await _late_worker(world, "without-fence")]


async def effect_first(world: World) -> list[Figure]:
    """A worker dies between the scores and the end of the job, which are one transaction, and two in the mutant."""
    return [await _interrupted(world, "dies-before-effect"), await _interrupted(world, "effect-first")]


async def ring_first(world: World) -> list[Figure]:
    """A ring within the transaction is refused where it happens: nothing leaves the process before the commit."""
    found: list[Figure] = []
    for sabotage in ("", "ring-first"):
        async with scene(world, 1) as on:
            await world.launch(API, sabotage=sabotage)
            submitting = asyncio.create_task(on.submit(*on.taken))
            await until(partial(_answered, on.clients))
            submitting.cancel()
            found.append(_figure(sabotage, len(on.clients.journal.odd), "answers of 500"))
        await world.end_product()
    return found


async def _late_worker(world: World, sabotage: str) -> Figure:
    late, heir = WORKERS
    async with scene(world, 1, SWEEPER, heir, latency="6", **LEASE) as on:
        await world.launch(late, sabotage=sabotage, **LEASE)
        world.freeze(heir)
        await on.hand_in(*on.taken)
        await on.asked(3)
        world.freeze(late)
        world.thaw(heir)
        began = asyncio.get_running_loop().time()
        claimed = await on.claimed_again(began)
        # the late one's answers have arrived by then, the heir's have not
        await asyncio.sleep(max(0.0, 6.5 - claimed))
        world.thaw(late)
        await world.drained(30)
        violations = await _violations(world)
    await world.end_product()
    return _figure(sabotage, violations, "invariants broken")


async def _interrupted(world: World, sabotage: str) -> Figure:
    async with scene(world, 1, latency="0.2", **LEASE) as on:
        await world.launch(WORKERS[0], sabotage=sabotage, **LEASE)
        await on.hand_in(*on.taken)
        await world.ended(WORKERS[0])
        violations = await _violations(world)
    await world.end_product()
    return _figure("" if sabotage.startswith("dies") else sabotage, violations, "invariants broken")


def _answered(clients: Clients) -> bool:
    return bool(clients.journal.statuses)


async def _violations(world: World) -> int:
    async with world.runtime() as runtime:
        report = await invariants.check(runtime.open_uow)
    return sum(finding.violations > 0 for finding in report.findings)


def _figure(sabotage: str, count: int, what: str) -> Figure:
    if not sabotage:
        return none(f"{what}, code as it is", count)
    return Figure(f"{what}, mutant {sabotage}", (count,), digits=0, at_least=1)
