"""What scenarios have in common: students with answered assessments, processes to break, and the four counts that must be zero."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from assay.runtime import Runtime
from assay.services import submission
from benchmarks import journal as model_journal
from benchmarks.journal import Entries, essays_of
from benchmarks.people import Taken
from benchmarks.report import Figure, percentile
from faults import bills, schedule
from faults.bills import Bill
from faults.clients import Clients
from faults.tally import Rows, none, read, tally
from faults.world import World, until

DRAIN_SECONDS: Final = 90.0
_CUT: Final = """
    SELECT assessment_id, count(*) FROM model_calls WHERE outcome = 'timeout' AND assessment_id IS NOT NULL GROUP BY assessment_id
"""
_TURNAROUNDS: Final = """
    SELECT extract(epoch FROM completed_at - submitted_at)::float AS s FROM assessments WHERE id = ANY($1) AND completed_at IS NOT NULL
"""
_LOST: Final = frozenset(
    {"acknowledged, then missing", "acknowledged, without a result", "submissions never answered", "events never received"}
)
_DOUBLED: Final = frozenset(
    {
        "scores written twice",
        "recommendations written twice",
        "webhook events written twice",
        "assessments without exactly one completed event",
        "messages that no event stands for",
    }
)


@dataclass(slots=True)
class Scene:
    """A world with its clients and their assessments."""

    world: World
    runtime: Runtime
    clients: Clients
    taken: list[Taken]

    async def load(self, taken: Sequence[Taken], seconds: float) -> None:
        """Submit these over so many seconds, at times that do not depend on the answers; none of them doubled."""
        plain = [arrival._replace(keys=1, copies=1) for arrival in schedule.arrivals(1, len(taken), seconds)]
        await self.clients.arrive(taken, plain)

    async def submit(self, *taken: Taken) -> None:
        """Submit all of these at once."""
        await asyncio.gather(*(self.clients.submit(each, str(uuid4())) for each in taken))

    async def hand_in(self, taken: Taken) -> None:
        """Submit without the API."""
        async with self.runtime.open_uow() as uow:
            await submission.submit(uow, self.runtime.bank, taken.actor, taken.assessment_id)

    async def asked(self, calls: int) -> None:
        """Wait until so many calls are under way."""

        async def so_many() -> bool:
            return await model_journal.in_flight(self.world.session, self.world.stack.model_url) == calls

        await until(so_many)

    async def claimed_again(self, since: float) -> float:
        """Wait until all essays are in another worker's hands; seconds from `since` on the loop's clock."""

        async def all_of_them() -> bool:
            return all(row["fence"] > 1 for row in await jobs_of(self.world, self.taken, "fence"))

        await until(all_of_them)
        return asyncio.get_running_loop().time() - since

    async def degraded(self, taken: Iterable[Taken]) -> int:
        """How many of these have a stage on a substitute."""
        query = "SELECT count(DISTINCT assessment_id) FROM degraded_stages WHERE assessment_id = ANY($1)"
        count: int = await self.world.value(query, [each.assessment_id for each in taken])
        return count

    async def healed(self, taken: Sequence[Taken], within: float) -> float:
        """Wait until none of these is degraded any more, but no longer than `within` seconds; the seconds it took."""
        begun = asyncio.get_running_loop().time()
        while (waited := asyncio.get_running_loop().time() - begun) < within and await self.degraded(taken):
            await asyncio.sleep(0.2)
        return waited

    async def turnarounds(self, taken: Iterable[Taken]) -> list[float]:
        """Seconds from submission to result, by the database's clock, of those that are complete."""
        return [row["s"] for row in await self.world.query(_TURNAROUNDS, [each.assessment_id for each in taken])]

    async def slowest(self, taken: Iterable[Taken], share: float = 0.95) -> float:
        """The turnaround that so many did not exceed."""
        return percentile(await self.turnarounds(taken) or [0.0], share)

    async def journal(self) -> Entries:
        """What the model was asked."""
        return await model_journal.read(self.world.session, self.world.stack.model_url)

    async def cut(self) -> dict[UUID, int]:
        """How many calls about each assessment were cut at the end of its job's time: paid for, and again when the result is made anew."""
        return {row["assessment_id"]: row["count"] for row in await self.world.query(_CUT)}

    async def verdict(self, more: Sequence[Figure] = (), *, excused: Mapping[UUID, int] | None = None) -> list[Figure]:
        """Wait until all is done, then count; `more` are further figures that must be zero, and are added up with the others.

        `excused`: how often a call about an assessment may be paid again, beyond once for each worker lost with its job.
        """
        await self.world.drained(DRAIN_SECONDS)
        rows = await read(self.world.database_url)
        counted = tally(self.clients.journal.receipts.keys(), rows)
        account = bills.bill(await self.journal(), essays_of(self.taken), crashes_of(rows) + Counter(excused or {}))
        for line in account.unexplained[:5]:
            self.world.console.print(f"[red]paid again:[/] {line}", highlight=False)
        figures = [*counted.figures(), *self.clients.journal.figures(), *await self.world.invariants(), *more]
        return [Figure("submissions", (counted.acknowledged,), digits=0), *summed(figures, account)]


def crashes_of(rows: Rows) -> Counter[UUID]:
    """How often a worker was lost with a job of an assessment in hand, or was told to end and could not finish it."""
    crashes: Counter[UUID] = Counter()
    for job in rows.jobs:
        if job.assessment_id is not None:
            crashes[job.assessment_id] += job.crashes + job.handed_back
    return crashes


def summed(figures: Sequence[Figure], account: Bill) -> list[Figure]:
    """Four counts: answers lost, results doubled, calls charged twice, and any other promise broken; each names its parts when not zero."""

    def total(title: str, names: frozenset[str]) -> Figure:
        parts = [figure for figure in figures if figure.at_most == 0 and figure.name in names and figure.value]
        told = f" ({', '.join(f'{figure.name} {figure.value:g}' for figure in parts)})" if parts else ""
        return none(title + told, sum(figure.value for figure in parts))

    others = frozenset(figure.name for figure in figures) - _LOST - _DOUBLED
    return [
        total("answers lost", _LOST),
        total("results or events doubled", _DOUBLED),
        none("model calls charged twice", account.overpaid),
        total("other promises broken", others),
    ]


@asynccontextmanager
async def scene(world: World, count: int, *names: str, latency: str = "1", **changes: str) -> AsyncIterator[Scene]:
    """So many answered assessments, and these processes at work with these settings."""
    async with world.runtime() as runtime:
        clients = Clients(world.stack.url, runtime, world.session)
        taken = await clients.prepared(count, uuid4().hex[:8])
        await world.model(latency=latency, faults=[], retryAfter=1, limit=0)
        await world.launch(*names, **changes)
        yield Scene(world, runtime, clients, taken)


async def jobs_of(world: World, taken: Iterable[Taken], columns: str, job_type: str = "score_essay") -> list[Any]:
    """Columns of the jobs of one type."""
    query = f"SELECT {columns} FROM async_jobs WHERE assessment_id = ANY($1) AND job_type = $2"
    return await world.query(query, [each.assessment_id for each in taken], job_type)
