"""Faults of the provider: every kind of failure at once, and a minute in which nothing comes back."""

from collections import Counter
from typing import Final

from assay.ai.scripted import ScriptedFault
from benchmarks.report import Figure
from faults.scenes import scene
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, World

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
    AND NOT EXISTS (SELECT FROM degraded_stages d WHERE d.assessment_id = e.assessment_id)
"""


async def every_fault(world: World) -> list[Figure]:
    """Three calls of four go wrong, each in one of twenty-one ways: every student has a result in time that says what it is."""
    async with scene(world, 60, API, SWEEPER, *WORKERS, latency="0.5") as on:
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


def _conditional(count: int) -> list[float]:
    """Rates of rules that are asked in turn, each with a draw of its own, such that each strikes `SHARE` of all calls."""
    return [SHARE / (1 - SHARE * before) for before in range(count)]
