"""Rate limits: a bucket for each subject and kind of route, shared through Redis; what happens while Redis is away."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import ceil
from time import monotonic
from typing import Final

from assay.domain.errors import RateLimited, Unavailable
from assay.domain.ports import TokenBuckets
from assay.domain.quotas import Bucket, Quota, RouteClass, Taken
from assay.observability import metrics

CLOSED_WITHOUT_REDIS: Final = frozenset({RouteClass.SIGN_IN, RouteClass.GUESS, RouteClass.GUESS_HERE, RouteClass.KNOWN_DEVICE})
"""Guessing passwords is what must not go uncounted. Whoever is signed in goes on."""
KEPT_SUBJECTS: Final = 20_000
RETRY_SECONDS: Final = 2.0


class RateLimits:
    """Counts requests. Without Redis each process counts by itself, which is `processes` times as generous, and says so in a metric."""

    def __init__(
        self, shared: TokenBuckets, quotas: Mapping[RouteClass, Quota], *, now: Callable[[], float] = monotonic, kept: int = KEPT_SUBJECTS
    ) -> None:
        """`quotas` lacks the kinds of routes that are not limited; `kept` is how many subjects this process counts by itself at most."""
        self._shared = shared
        self._quotas = quotas
        self._now = now
        self._kept = kept
        self._own: OrderedDict[str, Bucket] = OrderedDict()

    async def take(self, kind: RouteClass, subject: str) -> Taken | None:
        """Count one request of `subject`; None where nothing is limited.

        Raises `RateLimited` when there are too many, and `Unavailable` for signing in while Redis is away.
        """
        quota = self._quotas.get(kind)
        if quota is None:
            return None
        taken = await self._shared.take(f"{kind}:{subject}", quota)
        if taken is None:
            metrics.RATE_LIMITS_UNSHARED.labels(route_class=kind).inc()
            if kind in CLOSED_WITHOUT_REDIS:
                raise Unavailable("Signing in is not possible at the moment. Try again in a few seconds.", retry_after=RETRY_SECONDS)
            taken = self._take_own(f"{kind}:{subject}", quota)
        if not taken.allowed:
            metrics.RATE_LIMITED.labels(route_class=kind).inc()
            told = f"Too many requests of this kind. Try again in {ceil(taken.retry_after)} s."
            raise RateLimited(told, retry_after=taken.retry_after)
        return taken

    def _take_own(self, key: str, quota: Quota) -> Taken:
        now = self._now()
        bucket = self._own.pop(key, None) or Bucket(quota, now)
        self._own[key] = bucket
        if len(self._own) > self._kept:
            self._own.popitem(last=False)
        return bucket.take(quota, now)
