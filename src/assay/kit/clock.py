"""Time as a dependency: services ask a `Clock`, never the system, so tests can hold it still."""

from collections.abc import Callable
from datetime import UTC, datetime

type Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The present moment, timezone-aware UTC."""
    return datetime.now(UTC)
