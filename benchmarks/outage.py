"""A provider that is dead from the start: a hundred submissions without it, then how soon it is noticed to be back and all are healed."""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Any, NamedTuple

import aiohttp
from rich.console import Console

from assay.embedded import programs
from assay.runtime import Runtime, open_runtime
from benchmarks import journal, machine, people, turnaround
from benchmarks.people import Taken
from benchmarks.report import Figure, Report, percentile
from benchmarks.stack import Stack, bare_stack
from benchmarks.watch import watched

LATENCY = "0.5"
PATIENCE_SECONDS = 180.0
BEFORE_SECONDS = 3.0
"""One student finds the provider dead; the hundred come when its circuit has been open for a while."""


class Outage(NamedTuple):
    """What one outage gave; times in seconds."""

    stored: list[float]
    """Submitted to completed, by the database's clock, with the circuit open."""
    degraded: int
    labelled: int
    """Of them, those that name stage, cause, substitute and time for essays and summary."""
    calls: int
    """Students' calls to the dead provider after the first student."""
    worker_cpu: float
    """Seconds of the worker process for the results without the provider."""
    closed_after: float
    """From the provider's return to the closed circuit, as /readyz tells it."""
    healed_after: float
    healed: int
    told: int
    """Of the healed, those whose result says what has changed."""


def run(console: Console, *, students: int, per_second: float, durable: bool) -> Report:
    """Measure with one worker process and the sweeper; submissions come evenly, whether or not results do (0: all at once)."""
    with bare_stack(console, durable=durable) as stack:
        stack.model(LATENCY)
        _, worker, _ = stack.product(programs.API, programs.WORKER, programs.SWEEPER)
        facts, outage = asyncio.run(_measure(stack, worker.pid, students, per_second))
    return Report(
        name="outage",
        what=f"{students} students submit, {_pace(per_second)}, while the provider answers 500 to everything; then it is well",
        machine=facts,
        figures=_figures(outage, students),
        notes=(
            "Stored: submitted_at to completed_at, by the database's clock, circuit open. Asked about: calls that grade; the healer's",
            "small questions are not among them. Healed: no degraded stage is left. The results without the provider are all work for the",
            "processor, in one worker process.",
        ),
    )


def _figures(outage: Outage, students: int) -> list[Figure]:
    def one(name: str, value: float, unit: str = "s", **target: Any) -> Figure:
        return Figure(name, (value,), unit, **target)

    return [
        one("complete", len(outage.stored), "", digits=0, at_least=students),
        one("degraded", outage.degraded, "", digits=0, at_least=students),
        one("labelled", outage.labelled, "", digits=0, at_least=students),
        one("essays the dead provider was asked about", outage.calls, "", digits=0, at_most=0),
        one("stored p50", percentile(outage.stored, 0.5)),
        one("stored p95", percentile(outage.stored, 0.95), at_most=3),
        one("stored max", percentile(outage.stored, 1.0)),
        one("worker CPU per assessment", 1000 * outage.worker_cpu / students, "ms", digits=0),
        one("circuit closed after", outage.closed_after, at_most=15),
        one("healed", outage.healed, "", digits=0, at_least=students),
        one("told what has changed", outage.told, "", digits=0, at_least=students),
        one("all healed after", outage.healed_after),
    ]


def _pace(per_second: float) -> str:
    return f"{per_second:g} a second" if per_second else "all at once"


async def _measure(stack: Stack, worker_pid: int, students: int, per_second: float) -> tuple[dict[str, str], Outage]:
    facts = await machine.facts(stack.database_url)
    async with open_runtime(stack.settings) as runtime, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        track, *_ = await people.tracks(runtime)
        actors = await people.enrol(runtime, students + 1)
        first, *taken = await people.take(runtime, actors, track, "outage")
        await _script(session, stack, "server_error")
        await _finished(stack, runtime, session, [first])
        await asyncio.sleep(BEFORE_SECONDS)
        await journal.clear(session, stack.model_url)
        async with watched(worker_pid) as worker:
            results = await _finished(stack, runtime, session, taken, pause=1 / per_second if per_second else 0.0)
        calls = sum(entry["task"] == "grade" for entry in await journal.read(session, stack.model_url))
        stored = await turnaround.stored(stack.database_url, [each.assessment_id for each in taken])
        await _script(session, stack)
        closed_after, (healed_after, healed) = await asyncio.gather(_closed(session, stack), _healed(stack, runtime, session, taken))
    return facts, Outage(
        stored=list(stored.values()),
        degraded=sum(bool(result["degraded"]) for result in results),
        labelled=sum(_is_labelled(result) for result in results),
        calls=calls,
        worker_cpu=worker.cpu_seconds,
        closed_after=closed_after,
        healed_after=healed_after,
        healed=len(healed),
        told=sum(bool(result["changes"] and result["changes"]["stages"]) for result in healed),
    )


async def _script(session: aiohttp.ClientSession, stack: Stack, *faults: str) -> None:
    async with session.post(f"{stack.model_url}/control", json={"faults": faults}) as answer:
        answer.raise_for_status()


async def _finished(
    stack: Stack, runtime: Runtime, session: aiohttp.ClientSession, taken: Sequence[Taken], pause: float = 0.0
) -> list[dict[str, Any]]:
    """The results of all, each submitted `pause` seconds after the one before, however long that one takes."""

    async def later(place: int, each: Taken) -> dict[str, Any] | None:
        await asyncio.sleep(place * pause)
        return (await turnaround.journey(session, stack.url, people.authorization(runtime, each.actor), each))[2]

    found = await asyncio.gather(*(later(place, each) for place, each in enumerate(taken)))
    return [result for result in found if result is not None]


def _is_labelled(result: dict[str, Any]) -> bool:
    labels = {each["stage"]: each for each in result["degradations"]}
    return {"essayScoring", "narrative"} <= labels.keys() and all(
        each["cause"] == "unavailable" and each["replacedBy"] == "built-in" and each["since"] for each in labels.values()
    )


async def _closed(session: aiohttp.ClientSession, stack: Stack) -> float:
    begun = perf_counter()
    while perf_counter() - begun < PATIENCE_SECONDS:
        async with session.get(f"{stack.url}/readyz") as answer:
            if (await answer.json())["providers"]["language"]["state"] == "closed":
                break
        await asyncio.sleep(0.2)
    return perf_counter() - begun


async def _healed(
    stack: Stack, runtime: Runtime, session: aiohttp.ClientSession, taken: Sequence[Taken]
) -> tuple[float, list[dict[str, Any]]]:
    """Seconds until no result has a degraded stage, and those that have none."""
    begun = perf_counter()
    left, healed = list(taken), list[dict[str, Any]]()
    while left and perf_counter() - begun < PATIENCE_SECONDS:
        await asyncio.sleep(1.0)
        still: list[Taken] = []
        for each in left:
            headers = people.authorization(runtime, each.actor)
            async with session.get(f"{stack.url}/api/v1/assessments/{each.assessment_id}/result", headers=headers) as answer:
                result = await answer.json()
            if result["degraded"]:
                still.append(each)
            else:
                healed.append(result)
        left = still
    return perf_counter() - begun, healed
