"""What the processes weigh over a long run: memory by life, the connections they hold, and whether either only grows."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from os import getpid
from statistics import linear_regression, median
from typing import Final, NamedTuple

import asyncpg
import psutil

from benchmarks.report import Figure
from benchmarks.watch import MEGABYTE
from faults.world import API, SWEEPER, VALKEY, WORKERS, World

WEIGHED: Final = (API, SWEEPER, *WORKERS, VALKEY)
CLIENT: Final = "the storm itself"
CLIENT_MEGABYTES: Final = 600
EVERY_SECONDS: Final = 5.0
WARM_UP_SECONDS: Final = 120.0
"""A process fills its caches first; what it weighs then is no sign of anything."""
LEAST_SECONDS: Final = 60.0
JUDGED_SECONDS: Final = 1_800.0
"""Of a run: in less, what an allocator does looks like growth of many megabytes an hour."""
GROWTH_PER_HOUR: Final = 1.0
MORE_CONNECTIONS: Final = 5
_CONNECTIONS: Final = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'assay%'"


class Weight(NamedTuple):
    """Megabytes at a moment of the loop's clock."""

    at: float
    megabytes: float


@dataclass(slots=True)
class Scales:
    """Weighs the product's processes, and this one."""

    world: World
    lives: dict[tuple[str, int], list[Weight]] = field(default_factory=lambda: defaultdict(list))
    """By name and process id."""
    connections: list[int] = field(default_factory=list)
    """Of the product to Postgres, each time it could be asked."""

    async def weigh(self) -> None:
        """Now."""
        at = asyncio.get_running_loop().time()
        for name, pid in [*((name, self.world.running[name].pid) for name in WEIGHED if name in self.world.running), (CLIENT, getpid())]:
            with suppress(psutil.Error):
                self.lives[name, pid].append(Weight(at, psutil.Process(pid).memory_info().rss / MEGABYTE))
        with suppress(OSError, asyncpg.PostgresError):
            self.connections.append(await self.world.value(_CONNECTIONS))

    def told(self) -> str:
        """What each weighs at present, in a line."""
        return ", ".join(f"{name} {weights[-1].megabytes:.0f} MB" for name in (*WEIGHED, CLIENT) if (weights := self._last_life(name)))

    def figures(self, seconds: float) -> list[Figure]:
        """Of a run of so many seconds."""
        judged = seconds >= JUDGED_SECONDS
        found: list[Figure] = []
        for name in WEIGHED:
            settled = settled_part(self._last_life(name))
            if settled:
                minutes = (settled[-1].at - settled[0].at) / 60
                limit = GROWTH_PER_HOUR if judged and name != VALKEY else None
                what = f"{name}: growth of memory over its last {minutes:.1f} min"
                found.append(Figure(what, (growth_per_hour(settled),), "MB/h", digits=1, at_most=limit))
        peak = max((weight.megabytes for weight in self._last_life(CLIENT)), default=0.0)
        return [*found, Figure(f"{CLIENT}: memory at most", (peak,), "MB", digits=0, at_most=CLIENT_MEGABYTES), *self._held(judged=judged)]

    def _held(self, *, judged: bool) -> list[Figure]:
        """Connections: how many at most, and whether there are more and more of them."""
        quarter = len(self.connections) // 4
        if not quarter:
            return []
        third, fourth = self.connections[2 * quarter : 3 * quarter], self.connections[3 * quarter :]
        settings = self.world.stack.settings
        bound = settings.database_pool_size * (len(WORKERS) + 3)  # API, sweeper, workers, and the services in this process
        return [
            Figure("connections to Postgres, at most", (max(self.connections),), digits=0, at_most=bound),
            Figure(
                "connections: more in the last quarter than in the one before",
                (median(fourth) - median(third),),
                digits=0,
                at_most=MORE_CONNECTIONS if judged else None,
            ),
        ]

    def _last_life(self, name: str) -> Sequence[Weight]:
        lives = [weights for (named, _), weights in self.lives.items() if named == name]
        return lives[-1] if lives else ()


def settled_part(life: Sequence[Weight]) -> Sequence[Weight]:
    """A life after its warm-up; nothing when that is too short to say anything."""
    settled = [weight for weight in life if weight.at - life[0].at >= WARM_UP_SECONDS]
    return settled if settled and settled[-1].at - settled[0].at >= LEAST_SECONDS else ()


def growth_per_hour(weights: Sequence[Weight]) -> float:
    """The slope of the line of least squares, in megabytes an hour."""
    slope, _ = linear_regression([weight.at for weight in weights], [weight.megabytes for weight in weights])
    return 3_600 * slope
