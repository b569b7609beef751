"""A value from elsewhere that is kept for a while, and kept on while nobody answers there."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

import structlog

log = structlog.get_logger(__name__)

PAUSE_SECONDS: Final = 60.0
"""At most so often is something fetched that is there already, whoever asks for it anew: strangers can make us ask."""


class Kept[T]:
    """What `fetch` gave last; good for `seconds`, and longer while fetching fails."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], *, seconds: float, now: Callable[[], float] = monotonic) -> None:
        self._fetch = fetch
        self._seconds = seconds
        self._now = now
        self._value: T | None = None
        self._fetched_at = self._tried_at = float("-inf")
        self._alone = asyncio.Lock()

    async def get(self, *, anew: bool = False) -> T:
        """The value; fetched `anew` when asked, at most once in `PAUSE_SECONDS`. Raises what `fetch` raises while there is none yet."""
        if self._value is not None and not self._is_due(anew=anew):
            return self._value
        async with self._alone:
            if self._value is None or self._is_due(anew=anew):
                await self._try()
            if self._value is None:  # _try has raised
                raise AssertionError
            return self._value

    def _is_due(self, *, anew: bool) -> bool:
        now = self._now()
        return (anew or now - self._fetched_at >= self._seconds) and now - self._tried_at >= PAUSE_SECONDS

    async def _try(self) -> None:
        self._tried_at = self._now()
        try:
            self._value = await self._fetch()
        except Exception as error:
            if self._value is None:
                raise
            log.warning("kept_stale", error=type(error).__name__)
        else:
            self._fetched_at = self._now()
