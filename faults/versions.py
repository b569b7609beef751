"""Two versions side by side: the code of an older commit and that of today on one database, each in turn instead of the other."""

import asyncio
import signal
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import Final
from uuid import uuid4

from benchmarks.report import Figure
from benchmarks.stack import PROJECT
from faults.clients import Clients
from faults.scenes import Scene, scene
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, NotPossible, World, until

SECOND_API: Final = "API 2"
ROUNDS: Final = 10
"""Of each of the two workers."""
SERVING_SECONDS: Final = 4.0
"""Of a worker before it is told to end, if it has jobs in hand then; a process that starts takes seconds of a processor by itself."""
STUDENTS: Final = 150
EVERY_SECONDS: Final = 2.0
"""Between two submissions, which go on as long as anything is replaced."""
OUTAGE_SECONDS: Final = 4.0
"""Results that have to be healed, by workers of which some have never heard of that."""
HEALED_WITHIN: Final = 120.0
GRACE: Final = {"ASSAY_SHUTDOWN_GRACE_SECONDS": "2"}
"""Shorter than calls take, so that some are handed back."""
READABLE: Final = {"ASSAY_BIND_CIPHERTEXTS_TO_ROWS": "0"}
"""What a version before revision 0020 needs beside it: ciphertexts that it can read."""
_HANDED_BACK: Final = "SELECT coalesce(sum(fence - attempt), 0)::int FROM async_jobs"


@dataclass(frozen=True, slots=True)
class Older:
    """The code of an older commit, and how many migrations came since."""

    folder: Path
    commit: str
    migrations: int


@dataclass(slots=True)
class _Fleet:
    """Processes of two versions, each replaced by the other one in turn."""

    world: World
    old: Path
    now: dict[str, bool] = field(default_factory=dict)
    """Whether the process of that name runs the old code."""
    emptied: list[float] = field(default_factory=list)
    """Seconds from telling a worker to end until nothing was in its hands any more."""

    async def begin(self, *names: str, old: bool) -> None:
        """Start processes of one version."""
        await (self.world.launch_from(self.old, *names, **GRACE) if old else self.world.launch(*names, **GRACE))
        self.now |= dict.fromkeys(names, old)

    async def replace(self, name: str, *, old: bool) -> None:
        """Tell it to end, and start the given version in its place."""
        await self.world.kill(name, signal.SIGTERM)
        await self.begin(name, old=old)

    async def turn_over(self, worker: str) -> None:
        """Replace a worker again and again, each time with jobs in its hands."""
        for _ in range(ROUNDS):
            await asyncio.sleep(SERVING_SECONDS)
            owner = self.world.owner(worker)
            await until(partial(self._has_jobs, owner), within=20)
            emptying = asyncio.create_task(self._emptied(owner))
            await self.replace(worker, old=not self.now[worker])
            self.emptied.append(await emptying)

    async def turn_over_the_others(self) -> None:
        """Replace APIs and sweeper in turn, until cancelled."""
        for name in cycle((API, SECOND_API, SWEEPER)):
            await asyncio.sleep(2 * SERVING_SECONDS)
            await self.replace(name, old=not self.now[name])

    async def _emptied(self, owner: str) -> float:
        """Wait until nothing is in these hands any more; the seconds it took."""
        begun = asyncio.get_running_loop().time()
        while await self._has_jobs(owner):
            await asyncio.sleep(0.1)
        return asyncio.get_running_loop().time() - begun

    async def _has_jobs(self, owner: str) -> bool:
        return bool(await self.world.value("SELECT count(*) > 0 FROM async_jobs WHERE status = 'leased' AND lease_owner = $1", owner))


async def side_by_side(world: World, older: Older) -> list[Figure]:
    """Workers, APIs and sweeper of both versions serve one ledger; each worker is replaced ten times, with jobs in its hands."""
    async with scene(world, STUDENTS, latency="uniform:1,4") as on:
        fleet = _Fleet(world, older.folder)
        await fleet.begin(API, WORKERS[0], SWEEPER, old=True)
        await fleet.begin(SECOND_API, WORKERS[1], old=False)
        second = Clients(world.url(SECOND_API), on.runtime, world.session, on.clients.journal)
        arriving = asyncio.create_task(_one_after_the_other(on, second))
        others = asyncio.create_task(fleet.turn_over_the_others())
        outage = asyncio.create_task(_outage(world))
        await asyncio.gather(*(fleet.turn_over(worker) for worker in WORKERS))
        for each in (others, arriving):
            each.cancel()
        await asyncio.wait([others, arriving, outage])
        for name, is_old in fleet.now.items():
            if is_old:
                await fleet.replace(name, old=False)
        healed = await on.healed(on.taken, HEALED_WITHIN)
        cut = await on.cut()
        verdict = await on.verdict(excused=cut)
        return [
            Figure(f"workers replaced while busy, {older.commit} and today's", (len(fleet.emptied),), digits=0, at_least=2 * ROUNDS),
            Figure("migrations between the two", (older.migrations,), digits=0),
            Figure("calls cut at the end of their time", (sum(cut.values()),), digits=0),
            Figure("jobs handed back", (await world.value(_HANDED_BACK),), digits=0, at_least=1),
            Figure("longest until all of a worker's jobs were done or handed back", (max(fleet.emptied),), "s", at_most=8),
            none("counted as crashes", await world.value("SELECT sum(crashes) FROM async_jobs")),
            Figure("all healed after the last was replaced", (healed,), "s", at_most=HEALED_WITHIN),
            none("results still degraded", await on.degraded(on.taken)),
            *verdict,
        ]


@contextmanager
def older_code() -> Iterator[Older]:
    """The last commit before the newest migration, unpacked as long as the block lasts. Raises `NotPossible` where there is no history."""
    try:
        newest = _git("log", "-1", "--format=%H", "--diff-filter=A", "--", "migrations/versions").decode().strip()
        before = _git("rev-parse", "--short", f"{newest}^").decode().strip()
        archive = _git("archive", before, "src", "alembic.ini", "migrations", "seeds")
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotPossible("no older commit: this is no clone, or one without its history") from error
    with tempfile.TemporaryDirectory(prefix="assay-older-") as folder, tarfile.open(fileobj=BytesIO(archive)) as packed:
        packed.extractall(folder, filter="data")
        migrations = [len(list((root / "migrations" / "versions").glob("*.py"))) for root in (PROJECT, Path(folder))]
        yield Older(Path(folder), before, migrations[0] - migrations[1])


def _git(*words: str) -> bytes:
    return subprocess.run(("git", *words), cwd=PROJECT, check=True, capture_output=True).stdout


async def _one_after_the_other(on: Scene, second: Clients) -> None:
    """Each student submits through the other API than the one before; whoever has begun is answered even if this is cancelled."""
    begun: set[asyncio.Task[int]] = set()
    try:
        for taken, clients in zip(on.taken, cycle((on.clients, second)), strict=False):
            begun.add(asyncio.create_task(clients.submit(taken, str(uuid4()))))
            await asyncio.sleep(EVERY_SECONDS)
    finally:
        await asyncio.wait(begun)


async def _outage(world: World) -> None:
    await asyncio.sleep(10)
    await world.model(faults=["unavailable"])
    await asyncio.sleep(OUTAGE_SECONDS)
    await world.model(faults=[])
