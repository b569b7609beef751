"""What happens when in a storm: arrivals and strikes, decided by a seed alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from math import inf
from random import Random
from typing import Final, NamedTuple

QUIET_SHARE: Final = 0.05
"""Of the storm's time, at its beginning: the first strike meets a system at work."""


class Kind(StrEnum):
    """Everything a storm does to the system."""

    KILL_WORKER = "kill worker"
    FREEZE_WORKER = "freeze worker"
    STOP_WORKER = "deploy worker"
    KILL_API = "kill API"
    KILL_SWEEPER = "kill sweeper"
    FLUSH_REDIS = "flush Redis"
    KILL_REDIS = "kill Redis"
    FREEZE_REDIS = "freeze Redis"
    RESTART_POSTGRES = "restart Postgres"
    CRASH_POSTGRES = "crash Postgres"
    MODEL_FAILS = "model fails"
    MODEL_HANGS = "model hangs"
    MODEL_TRUNCATES = "model truncates"
    RECEIVER_DOWN = "receiver down"


SECONDS: Final[Mapping[Kind, tuple[float, float]]] = {
    Kind.FREEZE_WORKER: (10.5, 14.0),  # longer than a lease
    Kind.KILL_API: (0.0, 0.5),
    Kind.KILL_SWEEPER: (0.0, 3.0),
    Kind.KILL_REDIS: (0.0, 5.0),
    Kind.FREEZE_REDIS: (1.0, 5.0),
    Kind.RESTART_POSTGRES: (0.0, 2.0),
    Kind.MODEL_FAILS: (3.0, 8.0),
    Kind.MODEL_HANGS: (3.0, 8.0),
    Kind.MODEL_TRUNCATES: (3.0, 8.0),
    Kind.RECEIVER_DOWN: (6.0, 15.0),
}
"""How long each lasts, from and to; what is not listed is over at once."""
DECK: Final[Mapping[Kind, int]] = {
    **dict.fromkeys(Kind, 1),
    Kind.KILL_WORKER: 4,
    Kind.FREEZE_WORKER: 2,
    Kind.KILL_API: 2,
    Kind.FLUSH_REDIS: 2,
}
"""How often each comes before all have come anew: a storm that plays the whole deck has seen every kind."""


DEADLY: Final = frozenset({Kind.KILL_WORKER, Kind.STOP_WORKER, Kind.KILL_API, Kind.KILL_SWEEPER})
"""What ends a process of ours."""


class Strike(NamedTuple):
    """One fault: when it begins (seconds from the start), how long it lasts, and a draw in [0, 1) that picks its victim."""

    at: float
    kind: Kind
    seconds: float
    draw: float


class Arrival(NamedTuple):
    """One submission: when it begins, under how many keys it is sent at once, and how often under each."""

    at: float
    keys: int = 1
    copies: int = 1


def strikes(seed: int, seconds: float, every: float, *, deadly_until: float = inf) -> list[Strike]:
    """One strike about `every` seconds for so many `seconds`, in order; from `deadly_until` on none of them ends a process of ours."""
    random, deck, planned = Random(f"strikes/{seed}"), list[Kind](), list[Strike]()
    at = seconds * QUIET_SHARE
    while at < seconds:
        if not deck:
            deck = [kind for kind, count in DECK.items() for _ in range(count)]
            random.shuffle(deck)
        kind = deck.pop()
        if kind in DEADLY and at >= deadly_until:
            continue
        planned.append(Strike(at, kind, random.uniform(*SECONDS.get(kind, (0.0, 0.0))), random.random()))
        at += random.uniform(0.5, 1.5) * every
    return planned


def arrivals(seed: int, count: int, seconds: float) -> list[Arrival]:
    """So many submissions at times drawn evenly from `seconds` (a Poisson process, given its count), in order.

    A tenth of them come four times in parallel: half of those under one key, half under four.
    """
    random = Random(f"arrivals/{seed}")
    moments = sorted(random.uniform(0.0, seconds) for _ in range(count))
    tenth = set(random.sample(range(count), count // 10))
    shapes = {number: (1, 4) if place % 2 else (4, 1) for place, number in enumerate(sorted(tenth))}
    return [Arrival(at, *shapes.get(number, (1, 1))) for number, at in enumerate(moments)]


def counted(planned: Sequence[Strike]) -> dict[str, int]:
    """How often each kind is planned."""
    return {str(kind): count for kind, count in sorted(Counter(each.kind for each in planned).items())}
