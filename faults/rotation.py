"""Keys are rotated while students submit and read, and the rotation is killed twice on its way."""

import asyncio
import json
import sys
from typing import Any, Final

from assay.security.encryption import KeyRing, new_key
from benchmarks import people
from benchmarks.report import Figure
from benchmarks.stack import PROJECT
from faults.scenes import Scene, scene
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, World, until

STUDENTS: Final = 40
SECONDS: Final = 45.0
"""Over which they submit; the rotation takes less."""
PEOPLE: Final = 10_000
"""Accounts beside them, so that there is something to rotate."""
KILLS: Final = 2
AT_ONCE: Final = 1_000
"""Enrolled in one transaction, and renewed at least before a rotation is killed."""
_OLD: Final = " UNION ALL ".join(
    f"SELECT count(*) FROM {name} WHERE substr({column}, 1, $2) <> $1"
    for name, column in (
        ("users", "name"),
        ("assessment_responses", "answer"),
        ("essay_scores", "verdict"),
        ("recommendations", "summary"),
        ("rag_traces", "query"),
        ("model_replies", "reply"),
        ("idempotency_keys", "response"),
    )
)
_ENTRIES: Final = "SELECT count(*) FROM audit_logs WHERE action = 'keys:rotate' AND changes ->> 'state' = $1"


def keys() -> tuple[dict[str, str], dict[str, str]]:
    """Settings before, as everything was written, and after, with the other keys first."""
    (before, after), (one, other) = (f"before={new_key()}", f"after={new_key()}"), (new_key(), new_key())
    return _settings(before, after, one, other), _settings(after, before, other, one)


async def under_load(world: World, changes: dict[str, str]) -> list[Figure]:
    """All processes have the new keys; `assay keys rotate` is killed twice with rows renewed and rows to come, then left to end."""
    async with scene(world, STUDENTS, API, SWEEPER, *WORKERS, latency="uniform:0.5,2", **changes) as on:
        for _ in range(PEOPLE // AT_ONCE):
            await people.enrol(on.runtime, AT_ONCE)
        key_id, _, key = changes["ASSAY_ENCRYPTION_KEYS"].partition(",")[0].partition("=")
        header = KeyRing({key_id: key}, new_key()).header
        before = await _old(world, header)
        begun = asyncio.get_running_loop().time()
        looking = asyncio.create_task(on.clients.look(on.taken, 0.2))
        arriving = asyncio.create_task(on.load(on.taken, SECONDS))
        killed = [await _killed(world, changes, header) for _ in range(KILLS)]
        status, report = await _ended(world, changes)
        took = asyncio.get_running_loop().time() - begun
        meanwhile = sum(not task.done() for task in (arriving, looking))
        await arriving
        looking.cancel()
        figures = await _verdict(on, header)
        rows = sum(each["renewed"] for each in report.get("tables", ()))
        return [
            Figure("rows to rotate", (before,), digits=0, at_least=PEOPLE),
            Figure("rotations killed by SIGKILL", (len(killed),), digits=0, at_least=KILLS),
            Figure("rows left after the last kill", (killed[-1],), digits=0, at_least=1),
            Figure("rows renewed by the last run", (rows,), digits=0, at_least=1),
            Figure("all three runs", (took,), "s"),
            Figure("clients still at it when the last run ended", (meanwhile,), digits=0, at_least=1),
            none("exit code of the last run", status),
            *figures,
        ]


async def _verdict(on: Scene, header: bytes) -> list[Figure]:
    verdict = await on.verdict()
    told = on.clients.journal
    return [
        Figure("answers of 200 and 202", (told.statuses[200] + told.statuses[202],), digits=0, at_least=STUDENTS),
        none("reads and writes that failed (500)", told.statuses[500]),
        none("rows under the old key, or in the old format", await _old(on.world, header)),
        Figure("audit entries: begun", (await on.world.value(_ENTRIES, "begun"),), digits=0, at_least=KILLS + 1),
        Figure("audit entries: ended", (await on.world.value(_ENTRIES, "ended"),), digits=0, at_least=1, at_most=1),
        *verdict,
    ]


async def _old(world: World, header: bytes) -> int:
    return sum(row[0] for row in await world.query(_OLD, header, len(header)))


async def _killed(world: World, changes: dict[str, str], header: bytes) -> int:
    """Start a rotation, kill it once it has renewed some; rows that are left."""
    begun = await _old(world, header)
    running = await _rotate(world, changes)

    async def some() -> bool:
        return begun - await _old(world, header) >= AT_ONCE

    await until(some)
    running.kill()
    await running.wait()
    return await _old(world, header)


async def _ended(world: World, changes: dict[str, str]) -> tuple[int, dict[str, Any]]:
    running = await _rotate(world, changes)
    output, _ = await running.communicate()
    return running.returncode or 0, json.loads(output or b"{}")


async def _rotate(world: World, changes: dict[str, str]) -> asyncio.subprocess.Process:
    words = ("-m", "assay", "keys", "rotate", "--json")
    environment = {**world.stack.environment, **changes}
    return await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=PROJECT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )


def _settings(first: str, second: str, look_ups: str, other: str) -> dict[str, str]:
    return {"ASSAY_ENCRYPTION_KEYS": f"{first},{second}", "ASSAY_BLIND_INDEX_KEY": f"{look_ups},{other}"}
