"""How many jobs may be in hand: fewer when the provider says it is too much, more again as calls succeed (AIMD)."""

import time
from collections.abc import Callable
from typing import Final

PAUSE_SECONDS: Final = 1.0
"""After a refusal that does not say how long it wants to be left alone."""
PAUSE_CAP_SECONDS: Final = 5.0
"""Who asks for more is not waited for: substitutes speak at once."""
QUIET_SECONDS: Final = 5.0
"""A limit that has not been heard of for so long is taken to be over."""
_WEIGHT: Final = 0.2
"""Of the newest job in the share of those that were refused (an exponential moving average)."""
_LIMIT_SHARE: Final = 0.25
"""From which refusals are a limit, and not one odd answer among others."""


class Slots:
    """Additive increase, multiplicative decrease, between 1 and `most` (Chiu and Jain, 1989); `now` is a clock in seconds.

    A refusal is for all: nothing is begun until the time is over that it asks for, else the next job would be refused in its place, and
    tries would be spent for nothing. One among many jobs that are not refused only halves. Whoever is refused meanwhile was under way, and
    says nothing new. When not one job went well since the last pause there is no other: a provider that refuses everything is not waited
    for, so that substitutes can speak in time.
    """

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._capacity = float(most)
        self._now = now
        self._refused_at = float("-inf")
        self._rests_until = float("-inf")
        self._went_well = True
        self._refused_share = 1.0

    def free(self, in_hand: int) -> int:
        """How many more jobs may be claimed with `in_hand` under way."""
        return 0 if self._now() < self._rests_until else max(0, int(self._capacity) - in_hand)

    def grow(self, *, well: bool = True) -> None:
        """A job was not refused: one more for each round of them, and one more for each job once no limit is heard of.

        It did not go `well` when the provider failed in another way, which says nothing of how much it can take.
        """
        self._went_well |= well
        self._refused_share *= 1 - _WEIGHT
        heard_of = self._now() - self._refused_at < QUIET_SECONDS
        self._capacity = min(self._most, self._capacity + (1 / self._capacity if heard_of else 1))

    def shrink(self, in_hand: int, retry_after: float | None = None) -> None:
        """The provider asked for less, for `retry_after` seconds: half of the `in_hand` jobs, of which it was too much."""
        moment = self._now()
        if moment < self._rests_until:
            return
        self._capacity = max(1.0, min(self._capacity, in_hand) / 2)
        self._refused_at = moment
        self._refused_share += _WEIGHT * (1 - self._refused_share)
        pause = PAUSE_SECONDS if retry_after is None else retry_after
        if self._went_well and pause <= PAUSE_CAP_SECONDS and self._refused_share >= _LIMIT_SHARE:
            self._went_well = False
            self._rests_until = moment + pause
