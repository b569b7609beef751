"""Keys that personal data is encrypted with: what is under which of them, and what a rotation has done."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Self

from assay.kit.model import Value

_DAY: Final = re.compile(r"(?<![0-9])(20[0-9]{2})-?([0-9]{2})-?([0-9]{2})(?![0-9])")


def made_at(key_id: str) -> datetime | None:
    """The start of the day (UTC) that a key is named after, as in `t20261123-9f3a`; None where its id holds none."""
    found = _DAY.search(key_id)
    try:
        return datetime.strptime("".join(found.groups()), "%Y%m%d").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


class KeyPurpose(StrEnum):
    """What a key is for."""

    ENCRYPTION = "encryption"
    LOOK_UPS = "look-ups"


class KeyState(StrEnum):
    """What is to be thought of values under a key, in a format."""

    CURRENT = "current"
    """Written as everything is written now."""
    OLD = "old"
    """Readable; a rotation renews it."""
    MISSING = "missing"
    """The key is not configured: nobody can read this."""


class KeyCount(Value):
    """How many values of a column are in one format under one key."""

    table: str
    column: str
    key_id: str
    format: int
    """1: bound to table and column; 2: to the row as well."""
    values: int
    state: KeyState


class IndexCount(Value):
    """Look-ups by the key that their keyed hash was made with: the first, another that is configured, none of these."""

    current: int
    old: int
    missing: int

    def plus(self, other: Self) -> Self:
        """Both together."""
        return self.model_copy(update={name: getattr(self, name) + getattr(other, name) for name in ("current", "old", "missing")})


class KeyReport(Value):
    """What is encrypted under which key."""

    current: str
    keys: tuple[str, ...]
    counts: tuple[KeyCount, ...]
    look_ups: IndexCount

    def of_state(self, state: KeyState) -> int:
        """How many values are in this state, look-ups not counted."""
        return sum(count.values for count in self.counts if count.state is state)

    @property
    def readable(self) -> bool:
        """Whether every value is under a key that is configured, and every look-up finds its person."""
        return not self.of_state(KeyState.MISSING) and not self.look_ups.missing

    @property
    def rotated(self) -> bool:
        """Whether everything is under the first keys, in the newest format."""
        return self.readable and not self.of_state(KeyState.OLD) and not self.look_ups.old


class Progress(Value):
    """How far a rotation is in one table: rows looked at, renewed, impossible to read, and left because somebody else was writing them."""

    table: str
    seen: int = 0
    renewed: int = 0
    unreadable: int = 0
    busy: int = 0

    def plus(self, **more: int) -> Self:
        """The same with more of it."""
        return self.model_copy(update={name: getattr(self, name) + number for name, number in more.items()})


class Rotation(Value):
    """What a rotation has done, by table, and what stands now."""

    tables: tuple[Progress, ...]
    look_ups: int
    """Keyed hashes of e-mail addresses that were made anew."""
    report: KeyReport
