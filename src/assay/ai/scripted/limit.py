"""A limit as providers keep it: so many requests a second, and a second's worth of them at once (a token bucket)."""

import time
from collections.abc import Callable


class Limit:
    """Lets `per_second` requests through each second, 0 meaning all; `now` is a clock in seconds."""

    def __init__(self, per_second: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self._now = now
        self._left = self._most = max(1.0, per_second)
        self._seen = now()

    def lets_through(self) -> bool:
        """Whether one more request is within the limit; one that is not costs nothing."""
        if not self.per_second:
            return True
        moment = self._now()
        self._left = min(self._most, self._left + (moment - self._seen) * self.per_second)
        self._seen = moment
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
