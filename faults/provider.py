"""Faults of the provider: every kind of failure at once, some calls that fail, and all of them, at once or after a while."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from assay.ai.scripted import ScriptedFault
from benchmarks.report import Figure
from faults.scenes import scene
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, World, until

SHARE: Final = 0.04
"""Of calls, for each of the faults: with all of them, three calls of four go wrong."""
HARMLESS: Final = frozenset({ScriptedFault.GULLIBLE, ScriptedFault.NAN_EMBEDDING, ScriptedFault.WRONG_DIMENSION})
"""What strikes only where this scenario asks for nothing."""
RESULT_SECONDS: Final = 30.0
_IMPOSSIBLE: Final = """
    SELECT count(*) FROM essay_scores WHERE NOT (coalesce(clarity, 0) BETWEEN 0 AND 5 AND coalesce(accuracy, 0) BETWEEN 0 AND 5
    AND coalesce(coherence, 0) BETWEEN 0 AND 5 AND coalesce(percent, 0) BETWEEN 0 AND 100)
"""
_SILENT: Final = """
    SELECT count(DISTINCT e.assessment_id) FROM essay_scores e WHERE e.provenance ->> 'producer' <> 'openai'
    AND NOT EXISTS (SELECT FROM essay_scores later WHERE later.assessment_id = e.assessment_id AND later.version > e.version)
    AND NOT EXISTS (SELECT FROM degraded_stages d WHERE d.assessment_id = e.assessment_id)
"""
STUDENTS: Final = 100
SUBMITTING_SECONDS: Final = 25.0
"""All at once would measure how fast one processor grades three hundred essays by itself."""
ARRIVE_SECONDS: Final = 40.0
"""All at once would measure how fast the processor gives as many built-in verdicts."""
DEGRADED_SECONDS: Final = 3.0
HEALED_WITHIN: Final = 180.0
"""A hundred and twenty a minute at most, by the settings."""
ERRORS_PER_SECOND: Final = 2
"""Submissions, while calls fail."""
SOME_SECONDS: Final = 20.0
OUTAGE_SECONDS: Final = 60.0
OPEN_WITHIN: Final = 5.0
CLOSED_WITHIN: Final = 15.0
AT_FIRST: Final = "SELECT count(DISTINCT assessment_id) FROM async_jobs WHERE parent_job_id IS NULL AND status IN ('degraded', 'dead')"
"""Results that had a substitute when they were new, healed since or not."""


async def every_fault(world: World) -> list[Figure]:
    """Three calls of four go wrong, each in one of twenty-one ways: every student has a result in time that says what it is."""
    patient = {"ASSAY_BREAKER_FAILURES": "0", "ASSAY_HEAL_AT_ONCE": "0"}  # a provider left alone would not show all its faults
    async with scene(world, 60, API, SWEEPER, *WORKERS, latency="0.5", **patient) as on:
        kinds = [fault for fault in ScriptedFault if fault not in HARMLESS]
        await world.model(faults=[f"{fault}@{share:.4f}" for fault, share in zip(kinds, _conditional(len(kinds)), strict=True)])
        await on.load(on.taken, 15)
        verdict = await on.verdict()
        struck = Counter(entry["fault"] for entry in await on.journal() if entry["fault"])
        degraded = await world.value("SELECT count(DISTINCT assessment_id) FROM degraded_stages")
        return [
            Figure("kinds of faults that struck", (len(struck),), digits=0, at_least=len(kinds)),
            Figure("calls that went wrong", (struck.total(),), digits=0),
            Figure("results on a substitute", (degraded,), digits=0),
            none("substitutes that do not say so", await world.value(_SILENT)),
            none("scores that cannot be", await world.value(_IMPOSSIBLE)),
            Figure("slowest result", (await on.slowest(on.taken, 1.0),), "s", at_most=RESULT_SECONDS),
            *verdict,
        ]


async def dead(world: World) -> list[Figure]:
    """Nothing is answered from the start, while a hundred submit; then it is back, and their results are made again by themselves."""
    async with scene(world, STUDENTS, API, SWEEPER, *WORKERS) as on:
        await world.model(faults=["unavailable"])
        await on.load(on.taken, SUBMITTING_SECONDS)
        await until(lambda: complete(world, STUDENTS), within=120)
        slowest = await on.slowest(on.taken)
        labelled = await world.value("SELECT count(DISTINCT assessment_id) FROM degraded_stages WHERE stage = 'essayScoring'")
        silent = await world.value(_SILENT)
        await world.model(faults=[])
        healed = await on.healed(on.taken, HEALED_WITHIN)
        verdict = await on.verdict()
        told = [await on.clients.result(each) for each in on.taken]
        return [
            Figure("results while it was dead", (STUDENTS,), digits=0),
            Figure("of them degraded and labelled", (labelled,), digits=0, at_least=STUDENTS),
            none("substitutes that do not say so", silent),
            Figure("result p95 while it was dead", (slowest,), "s", at_most=DEGRADED_SECONDS),
            Figure("all healed after it was back", (healed,), "s", at_most=HEALED_WITHIN),
            Figure("students told what has changed", (sum(bool(each.get("changes")) for each in told),), digits=0, at_least=STUDENTS),
            none("results still degraded", sum(each["degraded"] for each in told)),
            *verdict,
        ]


async def failing(world: World) -> list[Figure]:
    """One call of ten fails for a while; then every one does, for a minute under the same load; then the provider is back."""
    some, many = int(SOME_SECONDS * ERRORS_PER_SECOND), int(OUTAGE_SECONDS * ERRORS_PER_SECOND)
    async with scene(world, some + many, API, SWEEPER, *WORKERS, latency="0.5") as on:
        await world.model(faults=["server_error@0.05", "unavailable@0.0526"])
        await on.load(on.taken[:some], SOME_SECONDS)
        await world.drained(60)
        failed = sum(entry["fault"] is not None for entry in await on.journal())
        replaced = await world.value(AT_FIRST)
        await world.model(faults=["server_error@0.5", "unavailable"])
        arriving = asyncio.create_task(on.load(on.taken[some:], OUTAGE_SECONDS))
        opened, _ = await asyncio.gather(_circuit(world, "open"), asyncio.sleep(OUTAGE_SECONDS))
        await until(lambda: complete(world, some + many), within=60)
        await arriving
        told = [await on.clients.result(each) for each in on.taken[some:]]
        slowest = await on.slowest(on.taken[some:], 1.0)
        await world.model(faults=[])
        closed = await _circuit(world, "closed")
        healed = await on.healed(on.taken, HEALED_WITHIN)
        verdict = await on.verdict()
        return [
            Figure("one of ten: calls that failed", (failed,), digits=0, at_least=1),
            Figure("one of ten: scored in full at first", (100 * (1 - replaced / some),), "%", digits=0, at_least=95),
            Figure("all: circuit open after", (opened,), "s", at_most=OPEN_WITHIN),
            Figure("all: results meanwhile", (len(told),), digits=0),
            none("all: of them without stage, cause, substitute or time", sum(not _is_dated(each) for each in told)),
            Figure("all: slowest result", (slowest,), "s", at_most=world.stack.settings.grading_budget_seconds),
            Figure("back: circuit closed after", (closed,), "s", at_most=CLOSED_WITHIN),
            Figure("back: all healed after", (healed,), "s", at_most=HEALED_WITHIN),
            none("back: results still degraded", await on.degraded(on.taken)),
            *verdict,
        ]


async def _circuit(world: World, state: str) -> float:
    """Wait until the language model's circuit is in that state, as `/readyz` tells; the seconds it took. Raises `TimeoutError`."""
    begun = asyncio.get_running_loop().time()

    async def so() -> bool:
        async with world.session.get(f"{world.stack.url}/readyz") as answer:
            return bool((await answer.json())["providers"]["language"]["state"] == state)

    await until(so)
    return asyncio.get_running_loop().time() - begun


def _is_dated(result: Mapping[str, Any]) -> bool:
    """Whether each degraded stage, the essays' among them, names its cause, its substitute and a time between submission and result."""
    first, last = (datetime.fromisoformat(result[name]) for name in ("submittedAt", "generatedAt"))
    stages = {each["stage"]: each for each in result["degradations"]}
    return "essayScoring" in stages and all(
        each["cause"] and each["replacedBy"] and first <= datetime.fromisoformat(each["since"]) <= last for each in stages.values()
    )


async def complete(world: World, count: int) -> bool:
    """Whether so many results are there."""
    return bool(await world.value("SELECT count(*) FROM assessments WHERE completed_at IS NOT NULL") == count)


def _conditional(count: int) -> list[float]:
    """Rates of rules that are asked in turn, each with a draw of its own, such that each strikes `SHARE` of all calls."""
    return [SHARE / (1 - SHARE * before) for before in range(count)]
