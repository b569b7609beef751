"""What an operator may ask of the ledger."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from assay.db.repositories.job_records import JobSieve
from assay.domain.degradation import Cause
from assay.domain.jobs import JobStatus, JobType
from assay.kit.model import Value
from assay.kit.text import StorableText


class JobFilter(Value):
    """Conditions that must all hold; one that is left out is none."""

    status: JobStatus | None = None
    cause: Cause | None = None
    type: JobType | None = None
    track: Annotated[StorableText, Field(max_length=100, description="A track's slug")] | None = None
    older_than_hours: Annotated[float, Field(ge=0, le=1_000_000, description="Hours since it was written")] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: UUID | None = None

    def sieve(self) -> JobSieve:
        """The conditions without the place in the list."""
        return JobSieve(self.status, self.cause, self.type, self.track, self.older_than_hours)


class ResendRequest(Value):
    """Which dead jobs: those of one cause."""

    cause: Cause
