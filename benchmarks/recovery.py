"""kill -9 of the worker in the middle of its model calls: how soon somebody else goes on, and whether anything is done twice."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import aiohttp
import asyncpg
from rich.console import Console

from assay.embedded import programs, state
from assay.embedded.processes import Running, stop
from assay.runtime import Runtime, open_runtime
from benchmarks import journal, machine, people
from benchmarks.people import Taken
from benchmarks.report import Figure, Report
from benchmarks.stack import Stack, bare_stack, supervised_stack

MODEL_SECONDS = 5.0
"""How long a call takes: longer than the time between two renewals of a lease, so that the kill can follow one directly."""
IN_HAND = 5
"""Assessments in hand when the worker dies."""
PATIENCE_SECONDS = 90.0
_EVERY_SECONDS = 0.01

type Kill = Callable[[], None]
type Facts = dict[str, str]


class Round(NamedTuple):
    """What one kill gave; seconds from the kill to the last of the jobs, without the model's own time for `completed`."""

    claimed: float
    completed: float
    complete: int
    scores: int
    """Essay scores, of all assessments together."""
    repeated_effects: int
    """Jobs with another number of effects than one."""
    crashes: int


def run(console: Console, *, repeats: int, durable: bool) -> Report:
    """Measure both ways, `repeats` times each. `durable` concerns the second; `assay up` is always durable."""
    figures = supervised(console, repeats)
    with bare_stack(console, durable=durable) as stack:
        console.print("[dim]with another worker and the sweeper[/]")
        stack.model(str(MODEL_SECONDS))
        stack.product(programs.API, programs.SWEEPER)
        facts, swept = asyncio.run(_swept(stack, repeats))
        lease = stack.settings.lease_seconds
    return Report(
        name="recovery",
        what=f"kill -9 of the worker with {IN_HAND} assessments in model calls of {MODEL_SECONDS:g} s",
        machine=facts,
        figures=[*figures, *_figures("sweeper", swept, 11)],
        notes=(
            "Supervisor: `assay up` sees its worker die, frees what it had in hand and starts a new one. Sweeper: another worker runs",
            f"already, and takes over once the lease ({lease:g} s) has run out. The kill follows a renewal: most of the lease is left.",
            "Claimed, completed: from the kill to the last of the jobs; completed is without the two calls in a row that the model makes",
            f"everybody wait for after the kill ({2 * MODEL_SECONDS:g} s).",
        ),
    )


def supervised(console: Console, repeats: int) -> list[Figure]:
    """The half of it that `assay up` is for: its supervisor sees the worker die."""
    with supervised_stack(console) as stack:
        console.print("[dim]with the supervisor[/]")
        stack.model(str(MODEL_SECONDS))
        _, rounds = asyncio.run(_supervised(stack, repeats))
    return _figures("supervisor", rounds, 2)


def _figures(name: str, rounds: Sequence[Round], seconds: float) -> list[Figure]:
    def over(what: str, values: Sequence[float], **target: Any) -> Figure:
        return Figure(f"{name}: {what}", tuple(values), digits=0, **target)

    return [
        Figure(f"{name}: claimed again, slowest", (max(each.claimed for each in rounds),), "s", at_most=seconds),
        Figure(f"{name}: completed, slowest", (max(each.completed for each in rounds),), "s", at_most=seconds),
        Figure(f"{name}: claimed again", tuple(each.claimed for each in rounds), "s"),
        Figure(f"{name}: completed", tuple(each.completed for each in rounds), "s"),
        over("complete", [each.complete for each in rounds], at_least=IN_HAND),
        over("essay scores", [each.scores for each in rounds], at_least=3 * IN_HAND, at_most=3 * IN_HAND),
        over("jobs without exactly one effect", [each.repeated_effects for each in rounds], at_most=0),
        over("crashes counted", [each.crashes for each in rounds], at_least=IN_HAND, at_most=IN_HAND),
    ]


async def _supervised(stack: Stack, repeats: int) -> tuple[Facts, list[Round]]:
    def kill() -> None:
        record = state.running(stack.folder)
        if record is None:
            msg = "assay up has ended"
            raise RuntimeError(msg)
        os.kill(record.children[programs.WORKER][0], signal.SIGKILL)

    async with _opened(stack) as bench:
        return await machine.facts(stack.database_url), [await bench.round(number, kill) for number in range(repeats)]


async def _swept(stack: Stack, repeats: int) -> tuple[Facts, list[Round]]:
    rounds: list[Round] = []
    async with _opened(stack) as bench:
        for number in range(repeats):
            victim, heir = (stack.product(programs.WORKER, log=f"{role}-{number}")[0] for role in ("victim", "heir"))
            # frozen until the jobs are in the victim's hands
            os.kill(heir.pid, signal.SIGSTOP)

            def kill(victim: Running = victim, heir: Running = heir) -> None:
                os.kill(heir.pid, signal.SIGCONT)
                os.kill(victim.pid, signal.SIGKILL)

            rounds.append(await bench.round(number, kill))
            await asyncio.to_thread(stop, [victim, heir])
        return await machine.facts(stack.database_url), rounds


class Bench(NamedTuple):
    """What a round needs."""

    stack: Stack
    runtime: Runtime
    session: aiohttp.ClientSession
    database: asyncpg.Connection

    async def round(self, number: int, kill: Kill) -> Round:
        """Submit, kill once all calls are under way and the leases are fresh, and watch what becomes of it."""
        known = await people.tracks(self.runtime)
        taken = await people.take(self.runtime, await people.enrol(self.runtime, IN_HAND), known[number % len(known)], f"{number}")
        await asyncio.gather(*(self._submit(each) for each in taken))
        ids = [each.assessment_id for each in taken]
        await self._until(lambda: self._all_asked(len(taken)))
        leases = await self._leases(ids)
        await self._until(lambda: self._renewed(ids, leases))
        kill()
        killed: datetime = await self.database.fetchval("SELECT clock_timestamp()")
        await self._until(lambda: self._claimed_again(ids))
        claimed: datetime = await self.database.fetchval("SELECT clock_timestamp()")
        await self._until(lambda: self._all_complete(ids))
        return await self._result(ids, killed, claimed)

    async def _submit(self, taken: Taken) -> None:
        url = f"{self.stack.url}/api/v1/assessments/{taken.assessment_id}/submit"
        async with self.session.post(url, headers=people.authorization(self.runtime, taken.actor), json={}) as answer:
            answer.raise_for_status()

    async def _all_asked(self, assessments: int) -> bool:
        return await journal.in_flight(self.session, self.stack.model_url) == 3 * assessments

    async def _leases(self, ids: Sequence[UUID]) -> datetime:
        query = "SELECT min(lease_expires_at) FROM async_jobs WHERE assessment_id = ANY($1) AND status = 'leased'"
        moment: datetime = await self.database.fetchval(query, ids)
        return moment

    async def _renewed(self, ids: Sequence[UUID], before: datetime) -> bool:
        return await self._leases(ids) > before

    async def _claimed_again(self, ids: Sequence[UUID]) -> bool:
        query = "SELECT count(*) FROM async_jobs WHERE assessment_id = ANY($1) AND job_type = 'score_essay' AND fence > 1"
        return bool(await self.database.fetchval(query, ids) == len(ids))

    async def _all_complete(self, ids: Sequence[UUID]) -> bool:
        query = "SELECT count(*) FROM assessments WHERE id = ANY($1) AND completed_at IS NOT NULL"
        return bool(await self.database.fetchval(query, ids) == len(ids))

    async def _result(self, ids: Sequence[UUID], killed: datetime, claimed: datetime) -> Round:
        (row,) = await self.database.fetch(_RESULT, ids)
        return Round(
            claimed=(claimed - killed).total_seconds(),
            completed=(row["last"] - killed).total_seconds() - 2 * MODEL_SECONDS,
            complete=row["complete"],
            scores=row["scores"],
            repeated_effects=row["repeated_effects"],
            crashes=row["crashes"],
        )

    async def _until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await holds():
                await asyncio.sleep(_EVERY_SECONDS)


_RESULT: Final = """
    SELECT count(*) FILTER (WHERE completed_at IS NOT NULL) AS complete, max(completed_at) AS last,
           (SELECT count(*) FROM essay_scores WHERE assessment_id = ANY($1)) AS scores,
           (SELECT count(*) FROM async_jobs j WHERE assessment_id = ANY($1)
            AND (SELECT count(*) FROM effect_log e WHERE e.job_id = j.id AND e.fence = j.fence) <> 1) AS repeated_effects,
           (SELECT sum(crashes) FROM async_jobs WHERE assessment_id = ANY($1)) AS crashes
    FROM assessments WHERE id = ANY($1)
"""


@asynccontextmanager
async def _opened(stack: Stack) -> AsyncIterator[Bench]:
    database = await asyncpg.connect(stack.database_url)
    try:
        async with open_runtime(stack.settings) as runtime, aiohttp.ClientSession() as session:
            yield Bench(stack, runtime, session, database)
    finally:
        await database.close()
