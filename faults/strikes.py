"""What a storm does, kind by kind: each strike ends with its victim whole again."""

import asyncio
import os
import signal
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import asyncpg
from redis import Redis

from faults.receivers import Receiver
from faults.schedule import Kind, Strike
from faults.world import API, POSTGRES, SWEEPER, VALKEY, WORKERS, World, until

_MODEL: Final = "model"
_SERVERS: Final[Mapping[Kind, str]] = {
    Kind.KILL_API: API,
    Kind.KILL_SWEEPER: SWEEPER,
    **dict.fromkeys((Kind.FLUSH_REDIS, Kind.KILL_REDIS, Kind.FREEZE_REDIS), VALKEY),
    **dict.fromkeys((Kind.RESTART_POSTGRES, Kind.CRASH_POSTGRES), POSTGRES),
    **dict.fromkeys((Kind.MODEL_FAILS, Kind.MODEL_HANGS, Kind.MODEL_TRUNCATES), _MODEL),
    Kind.RECEIVER_DOWN: "receiver",
}
"""Whom a strike hits; of workers there are several."""
_CONTENT_FAULTS: Final = {
    Kind.MODEL_FAILS: ["server_error@0.5", "rate_limit@0.3", "unavailable@0.5", "disconnect@0.3"],
    Kind.MODEL_HANGS: ["hang@0.4", "slow_drip@0.3"],
    Kind.MODEL_TRUNCATES: ["truncation@0.4", "invalid_json@0.3", "wrong_schema@0.3", "out_of_range@0.3/grade"],
}
# Calls that a worker's jobs in hand have open, or are about to open: three for essays, one for a summary, less what was answered.
_OPEN_CALLS: Final = """
    SELECT coalesce(sum(greatest(CASE job_type WHEN 'score_essay' THEN 3 ELSE 1 END - (
        SELECT count(*) FROM model_calls c WHERE c.assessment_id = j.assessment_id AND c.outcome = 'ok' AND c.producer = 'openai'
        AND (c.purpose = 'narrate') = (j.job_type = 'generate_recommendations')), 0)), 0)::int
    FROM async_jobs j WHERE lease_owner = $1 AND status = 'leased' AND delivery_id IS NULL
"""


@dataclass(slots=True)
class Storm:
    """What is being broken, and what was."""

    world: World
    receiver: Receiver
    struck: Counter[str] = field(default_factory=Counter)
    open_calls: int = 0
    """Calls open in the hands of workers when they were killed or frozen."""
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def strike(self, strike: Strike) -> None:
        """Do it, once whatever it concerns is whole again."""
        victim = _victim(strike)
        async with self._turns[victim]:
            await STRIKES[strike.kind](self, strike, victim)
            self.struck[str(strike.kind)] += 1

    async def calls_open_with(self, owner: str) -> None:
        """Count what a worker that was just hit had open; the ledger remembers for a lease."""
        for _ in range(20):
            try:
                self.open_calls += await self.world.value(_OPEN_CALLS, owner)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.3)
            else:
                return


def _victim(strike: Strike) -> str:
    return _SERVERS.get(strike.kind) or WORKERS[int(strike.draw * len(WORKERS))]


async def _kill(storm: Storm, strike: Strike, name: str, number: signal.Signals = signal.SIGKILL) -> None:
    owner = storm.world.owner(name)
    await storm.world.kill(name, number)
    if name in WORKERS:
        await storm.calls_open_with(owner)
    await storm.world.revive(name, strike.seconds)


async def _freeze_worker(storm: Storm, strike: Strike, name: str) -> None:
    storm.world.freeze(name)
    await storm.calls_open_with(storm.world.owner(name))
    await asyncio.sleep(strike.seconds)
    storm.world.thaw(name)


async def _freeze_redis(storm: Storm, strike: Strike, name: str) -> None:
    storm.world.freeze(name)
    await asyncio.sleep(strike.seconds)
    storm.world.thaw(name)


async def _stop_worker(storm: Storm, strike: Strike, name: str) -> None:
    await storm.world.kill(name, signal.SIGTERM)
    await storm.world.revive(name, strike.seconds)


async def _flush_redis(storm: Storm, _strike: Strike, _name: str) -> None:
    await asyncio.to_thread(flush, storm.world)


async def _crash_postgres(storm: Storm, _strike: Strike, _name: str) -> None:
    """Kill one of its processes, that of a connection of ours: the server ends all others, recovers, and goes on under the same id."""
    connection = await asyncpg.connect(storm.world.database_url)
    os.kill(connection.get_server_pid(), signal.SIGKILL)
    connection.terminate()
    await until(storm.world.answers)


async def _model(storm: Storm, strike: Strike, _name: str) -> None:
    await storm.world.model(faults=_CONTENT_FAULTS[strike.kind])
    await asyncio.sleep(strike.seconds)
    await storm.world.model(faults=[])


async def _receiver_down(storm: Storm, strike: Strike, _name: str) -> None:
    await storm.receiver.close()
    await asyncio.sleep(strike.seconds)
    await storm.receiver.open()


def flush(world: World) -> None:
    """Forget everything that Redis knows."""
    with Redis.from_url(world.stack.settings.redis_url.get_secret_value(), socket_timeout=2) as redis:
        redis.flushall()


type Striker = Callable[[Storm, Strike, str], Awaitable[None]]
STRIKES: Final[Mapping[Kind, Striker]] = {
    Kind.KILL_WORKER: _kill,
    Kind.FREEZE_WORKER: _freeze_worker,
    Kind.STOP_WORKER: _stop_worker,
    Kind.KILL_API: _kill,
    Kind.KILL_SWEEPER: _kill,
    Kind.FLUSH_REDIS: _flush_redis,
    Kind.KILL_REDIS: _kill,
    Kind.FREEZE_REDIS: _freeze_redis,
    Kind.RESTART_POSTGRES: partial(_kill, number=signal.SIGQUIT),
    Kind.CRASH_POSTGRES: _crash_postgres,
    Kind.MODEL_FAILS: _model,
    Kind.MODEL_HANGS: _model,
    Kind.MODEL_TRUNCATES: _model,
    Kind.RECEIVER_DOWN: _receiver_down,
}
