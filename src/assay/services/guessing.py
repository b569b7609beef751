"""Against guessing passwords: what counts is the account, and whether the browser has signed in to it before.

Whoever guesses uses up buckets for unknown devices alone. A browser that has signed in keeps a signed note (OWASP device cookies) and a
bucket of its own with it, so nobody can be locked out of their own devices by somebody else's guesses.
"""

from datetime import timedelta
from typing import Final

from assay.db.types import key_ring
from assay.domain.actors import Actor
from assay.domain.errors import Unauthenticated
from assay.domain.quotas import RouteClass
from assay.kit.clock import Clock
from assay.security.tokens import Tokens, new_secret
from assay.services.rate_limits import RateLimits

KNOWN_FOR: Final = timedelta(days=180)
"""How long a browser is known after somebody has signed in with it."""
_KIND: Final = "device"


class Guessing:
    """Decides, before anything slow is done, whether a password may be tried."""

    def __init__(self, limits: RateLimits, tokens: Tokens, clock: Clock) -> None:
        self._limits = limits
        self._tokens = tokens
        self._clock = clock

    async def admit(self, email: str, address: str, *notes: str) -> None:
        """Count a try on the account with this e-mail, whether there is one or not, from this address (hashed).

        A note of a browser in which somebody has signed in to it has a bucket of its own.

        Raises `RateLimited`, and `Unavailable` while the buckets are away.
        """
        account = _account(email)
        if device := next(filter(None, (self._device(account, note) for note in notes)), None):
            await self._limits.take(RouteClass.KNOWN_DEVICE, f"{account}:{device}")
            return
        await self._limits.take(RouteClass.GUESS_HERE, f"{account}:{address}")
        await self._limits.take(RouteClass.GUESS, account)

    async def admit_again(self, actor: Actor) -> None:
        """Count a try by somebody who is signed in and has to show that they know the password. Raises as `admit`."""
        await self._limits.take(RouteClass.KNOWN_DEVICE, f"{actor.id}")

    def remember(self, email: str) -> str:
        """The note for a browser in which somebody has just signed in with this e-mail."""
        return self._tokens.note(_KIND, _account(email), self._clock(), KNOWN_FOR, device=new_secret()[:16])

    def _device(self, account: str, note: str) -> str | None:
        try:
            noted = self._tokens.noted(_KIND, note, self._clock())
        except Unauthenticated:
            return None
        return str(noted["device"]) if noted["sub"] == account else None


def _account(email: str) -> str:
    """A keyed hash: neither buckets nor notes tell an address."""
    return key_ring().blind_index(email).hex()[:32]
