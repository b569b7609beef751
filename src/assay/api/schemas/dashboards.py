"""What a dashboard may be asked for."""

from typing import Annotated

from pydantic import Field

from assay.domain.periods import Period
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services.dashboards import Look


class DashboardQuery(Value):
    """How far back, and of which track; without one of all."""

    period: Period = Period.MONTH
    track: Annotated[StorableText, Field(max_length=100, description="A track's slug")] | None = None

    def look(self) -> Look:
        """The same as services take it."""
        return Look(self.period, self.track)
