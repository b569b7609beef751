"""How often somebody may ask, by kind of route: token buckets, how large each is, and what it answers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import PositiveFloat, PositiveInt

from assay.kit.model import Value


class RouteClass(StrEnum):
    """Routes that cost alike."""

    SIGN_IN = "sign-in"
    """Each costs a slow hash. Counted by address, since nobody is known yet; a whole campus may share one."""
    GUESS = "guess"
    """Passwords tried on one account from browsers that are not known to it, from wherever."""
    GUESS_HERE = "guess-here"
    """The same from one address."""
    KNOWN_DEVICE = "known-device"
    """Passwords tried on one account from one browser in which it was signed in to before."""
    START = "start"
    SUBMIT = "submit"
    """What makes a model work."""
    BULK = "bulk"
    """Whole files, in and out."""
    WRITE = "write"
    READ = "read"
    STRANGER = "stranger"
    """Whatever comes without a token, by address."""


class Quota(Value):
    """A bucket: so many at once, and so many more a minute."""

    burst: PositiveInt
    per_minute: PositiveFloat

    @property
    def per_second(self) -> float:
        """How fast it fills."""
        return self.per_minute / 60

    @property
    def window(self) -> float:
        """Seconds in which an empty bucket is full again."""
        return self.burst / self.per_second

    def scaled(self, by: float) -> "Quota":
        """The same, `by` times as generous."""
        return Quota(burst=max(1, round(self.burst * by)), per_minute=self.per_minute * by)


class Taken(NamedTuple):
    """What a bucket answered: whether it held enough, and what is left, in tokens."""

    quota: Quota
    allowed: bool
    tokens: float

    @property
    def remaining(self) -> int:
        """How many requests may follow at once."""
        return int(self.tokens)

    @property
    def retry_after(self) -> float:
        """Seconds until one more is allowed."""
        return max(0.0, 1 - self.tokens) / self.quota.per_second

    @property
    def reset_after(self) -> float:
        """Seconds until the bucket is full."""
        return (self.quota.burst - self.tokens) / self.quota.per_second


QUOTAS: Final[Mapping[RouteClass, Quota]] = {
    RouteClass.SIGN_IN: Quota(burst=600, per_minute=300),
    RouteClass.GUESS: Quota(burst=60, per_minute=1),
    RouteClass.GUESS_HERE: Quota(burst=10, per_minute=2),
    RouteClass.KNOWN_DEVICE: Quota(burst=20, per_minute=4),
    RouteClass.START: Quota(burst=10, per_minute=10),
    RouteClass.SUBMIT: Quota(burst=20, per_minute=20),
    RouteClass.BULK: Quota(burst=20, per_minute=20),
    RouteClass.WRITE: Quota(burst=120, per_minute=240),
    RouteClass.READ: Quota(burst=300, per_minute=600),
    RouteClass.STRANGER: Quota(burst=1_200, per_minute=1_200),
}
"""A student who saves while typing and has the status told asks some 90 times a minute."""


class Bucket:
    """One bucket in this process, for a subject while the shared ones cannot be asked."""

    __slots__ = ("_at", "_tokens")

    def __init__(self, quota: Quota, now: float) -> None:
        self._tokens = float(quota.burst)
        self._at = now

    def take(self, quota: Quota, now: float) -> Taken:
        """Take one token at `now`, in seconds of a clock that never goes back."""
        self._tokens = min(quota.burst, self._tokens + (now - self._at) * quota.per_second)
        self._at = now
        if allowed := self._tokens >= 1:
            self._tokens -= 1
        return Taken(quota, allowed, self._tokens)
