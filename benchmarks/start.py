"""`POST /assessments/start` with a hundred clients, beside what the server does bare and what Postgres does without it."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from rich.console import Console

from assay.embedded import programs
from assay.embedded.ports import LOOPBACK
from assay.runtime import Runtime, open_runtime
from assay.services.question_bank import BankTrack
from benchmarks import load, machine, people, raw_sql
from benchmarks.load import Outcome
from benchmarks.report import Figure, Report, percentile
from benchmarks.stack import Stack, bare_stack
from benchmarks.watch import Watched

WARM_UP = 300
"""Starts before the first round, unmeasured: connections are opened, statements prepared, the question bank read."""

type Start = tuple[dict[str, str], UUID, BankTrack]
"""A student's header and id, and a track this student has not begun."""


class Round(NamedTuple):
    """What one round gave."""

    bare: Outcome
    sql: Outcome
    start: Outcome
    burst: Outcome
    api_cpu: float
    """Seconds of the API process for `start`."""


def run(console: Console, *, clients: int, requests: int, repeats: int, durable: bool) -> Report:
    """Measure `requests` starts by `clients` clients, `repeats` times."""
    with bare_stack(console, durable=durable) as stack:
        (api,) = stack.product(programs.API)
        facts, rounds = asyncio.run(_measure(stack, api.pid, clients, requests, repeats))
        pool = stack.settings.database_pool_size
    return Report(
        name="start",
        what=f"POST /assessments/start: {clients} clients, {requests} requests a round, each a new assessment; pool of {pool}",
        machine=facts,
        figures=_figures(rounds, requests, clients),
        notes=(
            f"Bare: GET /healthz through the same server and middleware. SQL: the same statement through asyncpg, {pool} connections.",
            "Burst: each client sends one request at the same moment. Client, server and Postgres share the processors.",
        ),
    )


def _figures(rounds: Sequence[Round], requests: int, clients: int) -> list[Figure]:
    def rates(kind: str) -> list[float]:
        return [getattr(each, kind).rate for each in rounds]

    def over(name: str, values: Sequence[float], unit: str = "", digits: int = 0, **target: Any) -> Figure:
        return Figure(name, tuple(values), unit, digits, **target)

    def latencies(kind: str, share: float) -> list[float]:
        return [1000 * percentile(getattr(each, kind).latencies, share) for each in rounds]

    def shares(kind: str) -> list[float]:
        return [start / other for start, other in zip(rates("start"), rates(kind), strict=True)]

    kinds = (("bare", "bare reply"), ("sql", "raw SQL"), ("start", "start"))
    return [
        over("start answered 201", [each.start.statuses.get("201", 0) for each in rounds], at_least=requests),
        *(over(f"{name} rate", rates(kind), "/s") for kind, name in kinds),
        *(
            over(f"{name} {label}", latencies(kind, share), "ms", below=400 if (kind, label) == ("start", "p95") else None)
            for kind, name in kinds
            for label, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        ),
        over(f"burst of {clients} p95", latencies("burst", 0.95), "ms"),
        over("start / raw SQL, rate", shares("sql"), digits=2),
        over("start / bare reply, rate", shares("bare"), digits=2),
        over("API CPU per start", [1000 * each.api_cpu / requests for each in rounds], "ms", digits=2),
    ]


async def _measure(stack: Stack, api: int, clients: int, requests: int, repeats: int) -> tuple[dict[str, str], list[Round]]:
    facts = await machine.facts(stack.database_url)
    async with open_runtime(stack.settings) as runtime:
        await people.tracks(runtime)
        starts = await _starts(runtime, WARM_UP + repeats * (2 * requests + clients))
        _post(stack, clients, [starts.pop() for _ in range(WARM_UP)])
        rounds: list[Round] = []
        for number in range(repeats):
            stack.console.print(f"[dim]round {number + 1} of {repeats}[/]", highlight=False)
            rounds.append(_round(stack, runtime, api, clients, starts, requests))
    return facts, rounds


async def _starts(runtime: Runtime, count: int) -> list[Start]:
    """As many as `count`; a student takes each track once, and one student's starts are far apart."""
    known = list(runtime.bank.tracks.values())
    actors = await people.enrol(runtime, -(-count // len(known)))
    headers = {actor.id: people.authorization(runtime, actor) for actor in actors}
    return [(headers[actor.id], actor.id, track) for track in known for actor in actors]


def _round(stack: Stack, runtime: Runtime, api: int, clients: int, starts: list[Start], requests: int) -> Round:
    def some(count: int) -> list[Start]:
        return [starts.pop() for _ in range(count)]

    bare = load.in_another_process(load.Job(LOOPBACK, stack.port, clients, [load.request("GET", "/healthz", {})] * requests))
    pairs = [(student, track) for _, student, track in some(requests)]
    pool = stack.settings.database_pool_size
    sql = raw_sql.in_another_process(raw_sql.job(stack.database_url, clients, pool, runtime.bank.version, pairs))
    watch = Watched(api)
    start = _post(stack, clients, some(requests))
    return Round(bare, sql, start, api_cpu=watch.cpu_seconds, burst=_post(stack, clients, some(clients)))


def _post(stack: Stack, clients: int, starts: Sequence[Start]) -> Outcome:
    path = "/api/v1/assessments/start"
    requests = [load.request("POST", path, headers, {"trackId": str(track.id)}) for headers, _, track in starts]
    return load.in_another_process(load.Job(LOOPBACK, stack.port, clients, requests))
