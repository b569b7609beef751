"""Submit to result with everybody submitting at once, beside the time the model alone made them wait."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple
from uuid import UUID

import aiohttp
import asyncpg
from rich.console import Console

from assay.embedded import programs
from assay.runtime import Runtime, open_runtime
from benchmarks import journal, machine, people
from benchmarks.people import Taken
from benchmarks.report import Figure, Report, percentile
from benchmarks.stack import Stack, bare_stack
from benchmarks.watch import watched

POLL_SECONDS = 1.0
"""How often a waiting client asks; what it sees is late by half of this on average."""
PATIENCE_SECONDS = 120.0


class Pids(NamedTuple):
    """The processes that are watched."""

    api: int
    worker: int


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of submissions gave; all times in seconds, one per assessment."""

    complete: int
    degraded: int
    stored: list[float]
    """Submitted to completed, by the database's clock."""
    seen: list[float]
    """The client's POST to its first answer that says completed."""
    critical: list[float]
    """The model's own critical path."""
    submitting: list[float]
    calls: int
    memory_before: float
    memory_peak: float
    worker_cpu: float
    """Seconds of the worker process, all threads."""
    api_cpu: float


def run(console: Console, *, students: int, latency: str, repeats: int, durable: bool) -> Report:
    """Measure. `latency` is the scripted model's, per call."""
    with bare_stack(console, durable=durable) as stack:
        stack.model(latency)
        api, worker, _ = stack.product(programs.API, programs.WORKER, programs.SWEEPER)
        facts, rounds = asyncio.run(_measure(stack, Pids(api.pid, worker.pid), students, repeats))
        slots = stack.settings.worker_slots
    return Report(
        name="turnaround",
        what=f"{students} students submit at once; one worker process of {slots} slots; the model takes {latency} s a call",
        machine=facts,
        figures=_figures(rounds, students),
        notes=(
            "Stored: submitted_at to completed_at, by the database's clock. Critical path: what the scripted model itself waited before",
            "it replied (its journal), the slowest of an assessment's essays plus the summary that follows them. The ratio is what Assay",
            f"adds. Seen: from the client's POST to the poll that says completed, with a poll every {POLL_SECONDS:g} s.",
        ),
    )


def _figures(rounds: Sequence[Round], students: int) -> list[Figure]:
    def over(name: str, values: Sequence[float], unit: str = "s", **target: Any) -> Figure:
        return Figure(name, tuple(values), unit, **target)

    def of(attribute: str, share: float) -> list[float]:
        return [percentile(getattr(each, attribute), share) for each in rounds]

    ratios = [stored / critical for stored, critical in zip(of("stored", 0.95), of("critical", 0.95), strict=True)]
    own = [percentile([a / b for a, b in zip(each.stored, each.critical, strict=True)], 0.95) for each in rounds]
    return [
        over("complete", [each.complete for each in rounds], "", digits=0, at_least=students),
        over("degraded", [each.degraded for each in rounds], "", digits=0, at_most=0),
        over("stored p50", of("stored", 0.5)),
        over("stored p95", of("stored", 0.95), at_most=10),
        over("stored max", of("stored", 1.0)),
        over("seen p50", of("seen", 0.5)),
        over("seen p95", of("seen", 0.95)),
        over("seen max", of("seen", 1.0)),
        over("critical path p50", of("critical", 0.5)),
        over("critical path p95", of("critical", 0.95)),
        over("critical path max", of("critical", 1.0)),
        over("ratio p95 / p95", ratios, "", at_most=1.3),
        over("p95 of each assessment's own ratio", own, ""),
        over("submit answered p95", of("submitting", 0.95)),
        over("model calls", [each.calls for each in rounds], "", digits=0),
        over("worker CPU per assessment", [1000 * each.worker_cpu / students for each in rounds], "ms", digits=0),
        over("API CPU per assessment", [1000 * each.api_cpu / students for each in rounds], "ms", digits=0),
        over("worker memory idle", [each.memory_before for each in rounds], "MB", digits=0),
        over("worker memory peak", [each.memory_peak for each in rounds], "MB", digits=0, at_most=200),
    ]


async def _measure(stack: Stack, pids: Pids, students: int, repeats: int) -> tuple[dict[str, str], list[Round]]:
    facts = await machine.facts(stack.database_url)
    rounds: list[Round] = []
    async with open_runtime(stack.settings) as runtime:
        known = await people.tracks(runtime)
        for number in range(repeats):
            stack.console.print(f"[dim]round {number + 1} of {repeats}[/]", highlight=False)
            actors = await people.enrol(runtime, students)
            taken = await people.take(runtime, actors, known[number % len(known)], f"{number}")
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
                rounds.append(await _round(stack, runtime, session, pids, taken))
    return facts, rounds


async def _round(stack: Stack, runtime: Runtime, session: aiohttp.ClientSession, pids: Pids, taken: Sequence[Taken]) -> Round:
    await journal.clear(session, stack.model_url)
    async with watched(pids.worker) as worker, watched(pids.api) as api:
        journeys = await asyncio.gather(*(journey(session, stack.url, people.authorization(runtime, each.actor), each) for each in taken))
    results = [result for _, _, result in journeys if result is not None]
    facts = {UUID(result["assessmentId"]): _facts(result) for result in results}
    entries = await journal.read(session, stack.model_url)
    waits = journal.waits(entries, journal.essays_of(taken), facts)
    times = await stored(stack.database_url, [each.assessment_id for each in taken])
    return Round(
        complete=len(times),
        degraded=sum(bool(result["degraded"]) for result in results),
        stored=list(times.values()),
        seen=[seen for _, seen, _ in journeys],
        critical=[waits.critical(assessment_id) for assessment_id in times],
        submitting=[submitting for submitting, _, _ in journeys],
        calls=len(entries),
        memory_before=worker.before,
        memory_peak=worker.peak,
        worker_cpu=worker.cpu_seconds,
        api_cpu=api.cpu_seconds,
    )


async def journey(
    session: aiohttp.ClientSession, url: str, headers: dict[str, str], taken: Taken
) -> tuple[float, float, dict[str, Any] | None]:
    """Submit, poll, read: seconds to the receipt, seconds to the result, the result (None when patience ran out)."""
    path = f"{url}/api/v1/assessments/{taken.assessment_id}"
    begun = perf_counter()
    async with session.post(f"{path}/submit", headers=headers, json={}) as answer:
        if answer.status != 202:
            raise RuntimeError(f"submit was answered {answer.status}: {await answer.text()}")
        await answer.read()
    submitted = perf_counter() - begun
    while (waited := perf_counter() - begun) < PATIENCE_SECONDS:
        await asyncio.sleep(POLL_SECONDS)
        async with session.get(f"{path}/status", headers=headers) as answer:
            status = (await answer.json())["status"]
        if status == "completed":
            seen = perf_counter() - begun
            async with session.get(f"{path}/result", headers=headers) as answer:
                result: dict[str, Any] = await answer.json()
            return submitted, seen, result
    return submitted, waited, None


def _facts(result: dict[str, Any]) -> tuple[str, ...]:
    return tuple(fact["text"] for fact in result["recommendation"]["summary"]["facts"])


async def stored(database_url: str, assessment_ids: Sequence[UUID]) -> dict[UUID, float]:
    """Seconds from submission to completion by the database's clock, for those that are complete."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            "SELECT id, extract(epoch FROM completed_at - submitted_at)::float AS seconds FROM assessments"
            " WHERE id = ANY($1) AND completed_at IS NOT NULL",
            assessment_ids,
        )
    finally:
        await connection.close()
    return {row["id"]: row["seconds"] for row in rows}
