"""What an advisor notes about an assessment, for the advisors of the student alone."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

MAX_NOTE: Final = 2_000


class FlagCode(StrEnum):
    """Why somebody should look again. `resolved` closes all that was noted before it."""

    DEGRADED = "degraded"
    SCORING = "scoring"
    RECOMMENDATION = "recommendation"
    INTEGRITY = "integrity"
    FOLLOW_UP = "followUp"
    RESOLVED = "resolved"


def is_open(codes: Iterable[FlagCode]) -> bool:
    """Whether anything is still to be looked at, given all codes from the oldest on."""
    return next(reversed([*codes]), FlagCode.RESOLVED) is not FlagCode.RESOLVED
