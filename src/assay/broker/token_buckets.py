"""Token buckets in Redis: one for each subject and kind of route, shared by all processes, on Redis' own clock."""

import asyncio
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from assay.domain.quotas import Quota, Taken
from assay.kit.patience import answered
from assay.kit.transactions import assert_no_transaction

log = structlog.get_logger(__name__)

ANSWER_SECONDS: Final = 0.5
"""Redis is away when it takes longer: nobody's request waits for its own counting."""
AWAY_SECONDS: Final = 1.0
"""After Redis has not answered it is not asked again for so long."""
_TAKE: Final = """
    local burst, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
    local told = redis.call('TIME')
    local now = told[1] + told[2] / 1000000
    local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
    local tokens = burst
    if kept[1] then tokens = math.min(burst, kept[1] + math.max(0, now - kept[2]) * rate) end
    local allowed = tokens >= 1 and 1 or 0
    tokens = tokens - allowed
    redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', now)
    redis.call('PEXPIRE', KEYS[1], math.ceil(1000 * (burst - tokens) / rate) + 1000)
    return {allowed, tostring(tokens)}
"""
"""A bucket that would be full is forgotten: that is what one that nobody has asked for is, too."""


class RedisTokenBuckets:
    """All buckets of an installation, under `namespace`."""

    def __init__(self, redis: Redis, namespace: str = "") -> None:
        self._take = redis.register_script(_TAKE)
        self._prefix = f"{namespace}:rate" if namespace else "rate"
        self._asked_again_at = 0.0

    async def take(self, subject: str, quota: Quota) -> Taken | None:
        """Take one token from the bucket of `subject`; None when Redis is away."""
        assert_no_transaction()
        loop = asyncio.get_running_loop()
        if loop.time() < self._asked_again_at:
            return None
        try:
            taking = self._take(keys=[f"{self._prefix}:{subject}"], args=[quota.burst, quota.per_second])
            allowed, tokens = await answered(taking, ANSWER_SECONDS)
        except (RedisError, TimeoutError, OSError) as error:
            self._asked_again_at = loop.time() + AWAY_SECONDS
            log.warning("rate_limits_unshared", error=type(error).__name__)
            return None
        return Taken(quota, bool(allowed), float(tokens))
