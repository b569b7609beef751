"""What an operator may ask of the ledger."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from assay.domain.degradation import Cause
from assay.domain.jobs import JobStatus
from assay.kit.model import Value


class JobFilter(Value):
    """Conditions that must all hold; one that is left out is none."""

    status: JobStatus | None = None
    cause: Cause | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: UUID | None = None


class ResendRequest(Value):
    """Which dead jobs: those of one cause."""

    cause: Cause
