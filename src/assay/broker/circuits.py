"""Circuits in Redis: why one is open, its pause and its one probe, as keys that end by themselves on Redis' own clock.

Redis may lose them: a circuit that is forgotten is closed, and opened anew by the next failures.
"""

import asyncio
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from assay.domain.circuit import HEALER_FIRST_SECONDS, Opening
from assay.domain.ports import SharedView
from assay.kit.patience import answered
from assay.kit.transactions import assert_no_transaction

log = structlog.get_logger(__name__)

ANSWER_SECONDS: Final = 1.0
"""Redis is away when it takes longer."""
AWAY_SECONDS: Final = 2.0
"""After Redis has not answered it is not asked again for so long: the process goes by what it has seen itself."""
SOCKET_SECONDS: Final = 10.0
"""What the client itself waits, by the clock: a stop behind `answered`, which knows when this process stood still."""
KEPT_SECONDS: Final = 86_400
"""An opening of which nobody has spoken for so long is of a provider that is not configured any more."""

_VIEW: Final = "return {redis.call('GET', KEYS[1]) or '', redis.call('PTTL', KEYS[2]), redis.call('PTTL', KEYS[3])}"
# an opening that stands is left alone; a failed probe prolongs it, unless its lease ran out and another has the word by now
_OPEN: Final = f"""
    local standing, token = redis.call('EXISTS', KEYS[1]) == 1, ARGV[2]
    if token == '' and not standing or token ~= '' and redis.call('GET', KEYS[3]) == token then
        redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[4])
        redis.call('SET', KEYS[2], '1', 'PX', ARGV[3])
        redis.call('DEL', KEYS[3])
    end
    {_VIEW}
"""
# the pause is kept until students' calls may be the probe; the healer's may be that much sooner
_PROBE: Final = """
    if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('PTTL', KEYS[2]) > tonumber(ARGV[3]) then return 0 end
    return redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
"""
_RELEASE: Final = "if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end"
_CLOSE: Final = "redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])"


def connect_circuits(url: str) -> Redis:
    """A client that gives up at once: nothing waits for it."""
    return Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=SOCKET_SECONDS,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
        decode_responses=True,
    )


class RedisCircuit:
    """The circuit of one provider, under `name`."""

    def __init__(self, redis: Redis, name: str) -> None:
        self._redis = redis
        self._keys = [f"{{{name}}}:{part}" for part in ("open", "pause", "probe")]
        self._asked_again_at = 0.0

    async def read(self) -> SharedView | None:
        """The circuit as it stands; None when Redis is away."""
        return _view(await self._run(_VIEW))

    async def open(self, because: Opening, token: str = "") -> SharedView | None:
        """Open it, unless it is open; with the `token` of a probe that failed, for another pause."""
        pause = round(1000 * (because.pause + HEALER_FIRST_SECONDS))
        return _view(await self._run(_OPEN, because.model_dump_json(), token, pause, KEPT_SECONDS))

    async def probe(self, token: str, lease: float, *, healer: bool) -> bool | None:
        """Take the one probe for `lease` seconds; False when it is not the time or somebody has it, None when Redis is away."""
        early = round(1000 * HEALER_FIRST_SECONDS) if healer else 0
        taken = await self._run(_PROBE, token, round(1000 * lease), early)
        return None if taken is None else bool(taken)

    async def release(self, token: str) -> None:
        """Give a probe back that has found nothing out."""
        await self._run(_RELEASE, token)

    async def close(self) -> None:
        """The provider has answered: forget everything."""
        await self._run(_CLOSE)

    async def _run(self, script: str, *values: str | int) -> Any:
        """What the script answers; None when Redis is away, and for a while it is not asked then."""
        assert_no_transaction()
        loop = asyncio.get_running_loop()
        if loop.time() < self._asked_again_at:
            return None
        try:
            return await answered(self._redis.eval(script, len(self._keys), *self._keys, *values), ANSWER_SECONDS)
        except (RedisError, TimeoutError, OSError) as error:
            self._asked_again_at = loop.time() + AWAY_SECONDS
            log.warning("circuits_unreachable", error=type(error).__name__)
            return None


def _view(said: Any) -> SharedView | None:
    if said is None:
        return None
    document, pause, probe = said
    if not document:
        return SharedView()
    rests = max(0, pause) / 1000 - HEALER_FIRST_SECONDS
    return SharedView(Opening.model_validate_json(document), rests, max(0, probe) / 1000)
