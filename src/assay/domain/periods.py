"""The stretches of time that dashboards look back over."""

from enum import StrEnum
from typing import Final


class Period(StrEnum):
    """How far back, from now."""

    DAY = "1d"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    ALL = "all"

    @property
    def days(self) -> int:
        """The same in days; all there is lies within a century."""
        return DAYS[self]


DAYS: Final[dict[Period, int]] = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 30, Period.QUARTER: 90, Period.ALL: 36_500}
