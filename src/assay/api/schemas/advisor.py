"""What an advisor may filter a cohort's assessments by."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from assay.db.repositories.cohorts import Sieve
from assay.domain.progress import AssessmentStatus
from assay.kit.model import Value
from assay.kit.text import StorableText


class AssessmentFilter(Value):
    """Conditions that must all hold; one that is left out is none."""

    state: AssessmentStatus | None = None
    track: Annotated[StorableText, Field(max_length=100, description="A track's slug")] | None = None
    degraded: bool | None = None
    held: Annotated[bool | None, Field(description="An essay waits for a person to give a level")] = None
    flagged: bool | None = None
    reviewed: Annotated[bool | None, Field(description="An advisor has spoken on the recommendation")] = None
    older_than_hours: (
        Annotated[float, Field(ge=0, le=1_000_000, description="Hours from the submission to the review, or to now")] | None
    ) = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: UUID | None = None

    def sieve(self) -> Sieve:
        """The conditions without the place in the list."""
        return Sieve(
            state=self.state,
            track=self.track,
            degraded=self.degraded,
            held=self.held,
            flagged=self.flagged,
            reviewed=self.reviewed,
            older=self.older_than_hours,
        )
