"""The storm: students submit in an open loop while everything that can break is broken, in an order decided by a seed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from math import ceil, inf
from time import perf_counter
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from benchmarks import journal as model_journal
from benchmarks.journal import essays_of
from benchmarks.people import Taken
from benchmarks.report import Figure
from faults import bills, kept, scales, schedule, tally
from faults.bills import Account
from faults.clients import Clients
from faults.receivers import Receiver
from faults.scales import Scales
from faults.schedule import Strike
from faults.strikes import Storm
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, World, until

LATENCY: Final = "uniform:0.5,2"
RATE: Final = 2.5
"""Submissions a second: what two cores bear beside killed processes that start anew."""
EVERY_SECONDS: Final = 3.5
"""Between two strikes, on average."""
LOOK_SECONDS: Final = 0.5
READ_SECONDS: Final = 10.0
"""Between two readings of the model's journal, which it then forgets: an hour's would not fit anywhere."""
TELL_SECONDS: Final = 30.0
DRAIN_SECONDS: Final = 180.0


class Plan(NamedTuple):
    """How long, how much, and the seed that decides the rest."""

    seed: int
    seconds: float
    submissions: int
    every: float = EVERY_SECONDS

    @property
    def deadly_until(self) -> float:
        """A long storm ends nobody in its last half: a process is weighed over a life that is long enough."""
        return self.seconds / 2 if self.seconds >= scales.JUDGED_SECONDS else inf


async def run(world: World, plan: Plan) -> list[Figure]:
    """Weather it, wait for the calm, and count."""
    begun = perf_counter()
    receiver = Receiver()
    async with world.runtime() as runtime:
        await receiver.open()
        await receiver.register(runtime)
        clients = Clients(world.stack.url, runtime, world.session)
        world.console.print(f"[dim]{plan.submissions} assessments are being answered[/]")
        taken = await clients.prepared(plan.submissions, f"storm-{plan.seed}", world.console)
        await world.model(latency=LATENCY, faults=[], limit=0)
        await world.launch(API, SWEEPER, *WORKERS)
        storm = Storm(world, receiver)
        prepared = perf_counter() - begun
        account, weighing = Account(essays_of(taken)), Scales(world)
        async with _meanwhile(
            Habit(READ_SECONDS, partial(_read_on, world, account)),
            Habit(scales.EVERY_SECONDS, weighing.weigh),
            Habit(TELL_SECONDS, partial(_tell, storm, plan, clients, weighing)),
        ):
            before = await _weather(storm, plan, clients, taken)
            world.console.print(f"[dim]calm after {perf_counter() - begun - prepared:.0f} s; draining[/]")
            drained = await world.drained(DRAIN_SECONDS)
        figures = await _figures(storm, clients, account)
        changed = await kept.changed(world, before)
    await receiver.close()
    return [
        Figure("seed", (plan.seed,), digits=0),
        *(Figure(f"fault: {kind}", (count,), digits=0) for kind, count in sorted(storm.struck.items())),
        Figure("faults in all", (storm.struck.total(),), digits=0),
        *figures,
        none("results changed after they were complete", changed),
        *await world.invariants(),
        *weighing.figures(plan.seconds),
        Figure("drained after", (drained,), "s"),
        Figure("the whole storm", (perf_counter() - begun,), "s", digits=0),
    ]


async def _weather(storm: Storm, plan: Plan, clients: Clients, taken: Sequence[Taken]) -> dict[str, str]:
    """Arrivals and strikes until both are over; the results that were complete half-way."""
    begun = asyncio.get_running_loop().time()

    async def at(strike: Strike) -> None:
        await asyncio.sleep(max(0.0, begun + strike.at - asyncio.get_running_loop().time()))
        await storm.strike(strike)
        whole = asyncio.get_running_loop().time() - begun
        storm.world.console.print(f"[dim]{strike.at:6.1f} s  {strike.kind}, whole again at {whole:.1f} s[/]", highlight=False)

    async def half_way() -> dict[str, str]:
        await asyncio.sleep(plan.seconds / 2)
        await until(storm.world.answers)
        return await kept.complete_results(storm.world)

    looking = asyncio.create_task(clients.look(taken, LOOK_SECONDS))
    async with asyncio.TaskGroup() as group:
        group.create_task(clients.arrive(taken, schedule.arrivals(plan.seed, plan.submissions, plan.seconds)))
        middle = group.create_task(half_way())
        for strike in schedule.strikes(plan.seed, plan.seconds, plan.every, deadly_until=plan.deadly_until):
            group.create_task(at(strike))
    looking.cancel()
    return middle.result()


class Habit(NamedTuple):
    """Something that is done again and again, after so many seconds."""

    seconds: float
    act: Callable[[], Awaitable[None]]


@asynccontextmanager
async def _meanwhile(*habits: Habit) -> AsyncIterator[None]:
    """While the block runs, and once more at its end; nothing is broken off in the middle."""
    over = asyncio.Event()

    async def keep(habit: Habit) -> None:
        while not over.is_set():
            await habit.act()
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), habit.seconds)
        await habit.act()

    async with asyncio.TaskGroup() as group:
        for habit in habits:
            group.create_task(keep(habit))
        yield
        over.set()


async def _read_on(world: World, account: Account) -> None:
    account.note(await model_journal.take(world.session, world.stack.model_url))


async def _tell(storm: Storm, plan: Plan, clients: Clients, weighing: Scales) -> None:
    """How far it is, in a line."""
    accepted = f"{len(clients.journal.receipts)} of {plan.submissions} accepted"
    faults = f"{storm.struck.total()} faults"
    with suppress(OSError, asyncpg.PostgresError):  # it may just be restarting: the next line tells
        ((completed, left),) = await storm.world.query(_SO_FAR)
        told = f"{accepted}, {completed} results, {left} jobs to do, {faults}; {weighing.told()}"
        storm.world.console.print(told, highlight=False)


async def _figures(storm: Storm, clients: Clients, account: Account) -> list[Figure]:
    world = storm.world
    counted = tally.tally(clients.journal.receipts.keys(), rows := await tally.read(world.database_url))
    crashes: Counter[UUID] = Counter()
    for job in rows.jobs:
        if job.assessment_id is not None:
            crashes[job.assessment_id] += job.crashes
    bill = account.bill(crashes)
    for line in bill.unexplained[:5]:
        world.console.print(f"[red]paid again:[/] {line}", highlight=False)
    announced = {str(row["id"]) for row in await world.query("SELECT id FROM webhook_events")}
    completed = {str(each) for each, done in rows.submitted.items() if done}
    degraded = await world.value("SELECT count(DISTINCT assessment_id) FROM degraded_stages")
    unlabelled = await world.value(_UNLABELLED)
    slowest = await world.value("SELECT coalesce(max(extract(epoch FROM completed_at - submitted_at)), 0)::float FROM assessments")
    return [
        *counted.figures(),
        *clients.journal.figures(),
        Figure("submit answered p95", (clients.journal.latency(0.95),), "s"),
        Figure("workers lost with a job in hand, by job", (counted.crashes,), digits=0),
        Figure("results on a substitute", (degraded,), digits=0),
        none("results on a substitute that do not say so", unlabelled),
        Figure("slowest result", (slowest,), "s", digits=1),
        *charges(bill, storm.open_calls),
        *storm.receiver.figures(announced, completed),
    ]


def charges(bill: bills.Bill, open_calls: int) -> list[Figure]:
    """What the provider was paid, beside what was open when workers were hit."""
    bound = 1 + open_calls / bill.distinct if bill.distinct else 1.0
    return [
        Figure("model calls spoiled by the script", (bill.spoiled,), digits=0),
        Figure("content keys paid for", (bill.distinct,), digits=0),
        Figure("calls open when their worker was hit", (open_calls,), digits=0),
        Figure("paid calls per content key", (bill.ratio,), digits=4, at_most=ceil(10_000 * bound) / 10_000),
        none("calls paid again that no lost worker explains", bill.overpaid),
    ]


_SO_FAR: Final = """
    SELECT (SELECT count(*) FROM assessments WHERE completed_at IS NOT NULL), (SELECT count(*) FROM async_jobs WHERE finished_at IS NULL)
"""
_UNLABELLED: Final = """
    SELECT count(*) FROM async_jobs j WHERE status IN ('degraded', 'dead') AND assessment_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM async_jobs again WHERE again.parent_job_id = j.id) AND NOT j.heals
    AND NOT EXISTS (SELECT FROM degraded_stages d WHERE d.assessment_id = j.assessment_id)
"""
