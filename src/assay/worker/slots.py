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


class Slots:
    """Additive increase, multiplicative decrease, between 1 and `most` (Chiu and Jain, 1989); `now` is a clock in seconds.

    A refusal is for all: nothing is begun until the time is over that it asks for, else the next job would be refused in its place, and
    tries would be spent for nothing. Whoever is refused meanwhile was under way, and says nothing new. When not one job went well since
    the last pause there is no other: a provider that refuses everything is not waited for, so that substitutes can speak in time.
    """

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._capacity = float(most)
        self._now = now
        self._refused_at = float("-inf")
        self._rests_until = float("-inf")
        self._went_well = True

    def free(self, in_hand: int) -> int:
        """How many more jobs may be claimed with `in_hand` under way."""
        return 0 if self._now() < self._rests_until else max(0, int(self._capacity) - in_hand)

    def grow(self, *, well: bool = True) -> None:
        """A job was not refused: one more for each round of them, and one more for each job once no limit is heard of.

        It did not go `well` when the provider failed in another way, which says nothing of how much it can take.
        """
        self._went_well |= well
        heard_of = self._now() - self._refused_at < QUIET_SECONDS
        self._capacity = min(self._most, self._capacity + (1 / self._capacity if heard_of else 1))

    def shrink(self, in_hand: int, retry_after: float | None = None) -> None:
        """The provider asked for less, for `retry_after` seconds: half of the `in_hand` jobs, of which it was too much."""
        moment = self._now()
        if moment < self._rests_until:
            return
        self._capacity = max(1.0, min(self._capacity, in_hand) / 2)
        self._refused_at = moment
        pause = PAUSE_SECONDS if retry_after is None else retry_after
        if self._went_well and pause <= PAUSE_CAP_SECONDS:
            self._went_well = False
            self._rests_until = moment + pause
