"""A provider's circuit: which faults speak of its health, when they open the circuit, who may try again and after what pause.

    closed ──failures in a row──▶ open ──pause over──▶ half open ──the one probe answered──▶ closed
                                   ▲                       │
                                   └── it failed: longer ◀─┘

Nothing here knows a clock: moments are seconds of whatever clock the caller keeps to. After Nygard, Release It! (2007).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from assay.domain.errors import Fault, ProviderError
from assay.domain.jobs import RETRY_AFTER_CAP_SECONDS
from assay.kit.model import Value

HEALER_FIRST_SECONDS: Final = 3.0
"""After the pause a question of the healer's own is the probe; when none came by then, a student's call is."""


class Phase(StrEnum):
    """The states of a circuit."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class Health(StrEnum):
    """What the end of a call says of the provider; nothing, where it says something of this one request."""

    WELL = "well"
    ILL = "ill"
    UNKNOWN = "unknown"


class Policy(Value):
    """When a circuit opens and for how long. No failures (0): it never opens."""

    failures: int = 5
    """In a row, and none of the calls in between answered."""
    failing_seconds: float = 0.5
    """Between the start of the first of them and the end of the last: a moment's interruption is the business of the next try."""
    pause_seconds: float = 1.0
    """Before the first probe; doubled with each that fails."""
    pause_cap_seconds: float = 8.0
    patience_seconds: float = 10.0
    """A provider that asks to be left alone for so long is as good as away: a result cannot wait for it."""


class Opening(Value):
    """Why a circuit is open, and since when; `times` counts the pauses, `pause` is the present one's length in seconds."""

    fault: Fault
    since: datetime
    pause: float
    times: int = 1


_HEALTH: Final[Mapping[Fault, Health]] = {
    Fault.TIMEOUT: Health.ILL,
    Fault.UNAVAILABLE: Health.ILL,
    Fault.QUOTA_EXHAUSTED: Health.ILL,
    Fault.MISCONFIGURED: Health.ILL,
    Fault.RATE_LIMITED: Health.UNKNOWN,
    Fault.REFUSED: Health.WELL,
    Fault.TRUNCATED: Health.WELL,
    Fault.INVALID_REPLY: Health.WELL,
    Fault.OUT_OF_RANGE: Health.WELL,
}


def health(error: ProviderError | None, policy: Policy) -> Health:
    """What a call that ended so (None: it was answered) says of the provider.

    An odd answer is an answer. A request that was refused as such (`about_request`) says nothing of the next one. A limit that soon ends
    is what slots and `Retry-After` are for.
    """
    if error is None:
        return Health.WELL
    if error.about_request:
        return Health.UNKNOWN
    if error.fault is Fault.RATE_LIMITED and (error.retry_after or 0.0) >= policy.patience_seconds:
        return Health.ILL
    return _HEALTH[error.fault]


class Run(NamedTuple):
    """Failures in a row, as one process has seen them, and when the first of these calls began."""

    failures: int = 0
    began: float = 0.0

    def after(self, said: Health, began: float) -> "Run":
        """The run after a call that began at `began`."""
        if said is Health.UNKNOWN:
            return self
        if said is Health.WELL:
            return Run()
        return Run(self.failures + 1, min(self.began, began) if self.failures else began)

    def opens(self, policy: Policy, now: float) -> bool:
        """Whether this is enough to ask the provider no more."""
        return bool(policy.failures) and self.failures >= policy.failures and now - self.began >= policy.failing_seconds


def opening(error: ProviderError, policy: Policy, at: datetime, before: Opening | None = None) -> Opening:
    """Why the circuit opens now, or (with the opening `before` that a probe has not ended) stays open, and for how long.

    The reason and its time stay those of the first failure; a `Retry-After` is waited for, within bounds.
    """
    times = before.times + 1 if before else 1
    doubled = policy.pause_seconds * 2.0 ** min(times - 1, 16)  # far past any cap, and no power overflows
    pause = max(min(policy.pause_cap_seconds, doubled), min(error.retry_after or 0.0, RETRY_AFTER_CAP_SECONDS))
    return Opening(fault=before.fault if before else error.fault, since=before.since if before else at, pause=pause, times=times)


class Circuit(NamedTuple):
    """What is known of a provider at one place."""

    opening: Opening | None = None
    rests_until: float = 0.0
    """Nobody asks before."""
    probed_until: float = 0.0
    """Somebody is asking, or has vanished while doing so, in which case another may from then on."""

    def phase(self, now: float) -> Phase:
        """The state at this moment."""
        if self.opening is None:
            return Phase.CLOSED
        return Phase.OPEN if now < self.rests_until else Phase.HALF_OPEN

    def opened(self, because: Opening, now: float) -> "Circuit":
        """Open. One that is open already stays as it is: calls that were under way say nothing new."""
        return self if self.opening else Circuit(because, now + because.pause)

    def reopened(self, because: Opening, now: float) -> "Circuit":
        """The probe failed: another pause."""
        return Circuit(because, now + because.pause)

    def probed(self, now: float, lease: float, *, healer: bool) -> "Circuit | None":
        """The circuit with the one probe under way for at most `lease` seconds; None when the caller may not ask now."""
        waits = 0.0 if healer else HEALER_FIRST_SECONDS
        if self.opening is None or now < self.rests_until + waits or now < self.probed_until:
            return None
        return self._replace(probed_until=now + lease)

    def released(self) -> "Circuit":
        """The probe ended without an answer to its question: another may ask."""
        return self._replace(probed_until=0.0)


class CircuitRead(NamedTuple):
    """A provider's circuit, to be shown."""

    provider: str
    phase: Phase
    opening: Opening | None
