"""What requests about the audit trail look like."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from assay.db.repositories.audit import AuditSieve
from assay.domain.audit import AuditAction
from assay.kit.model import Moment, Value
from assay.services.audit_reading import FileFormat

type Word = Annotated[str, Field(max_length=200)]


class AuditFilter(Value):
    """Conditions that must all hold; `from` is included, `to` is not."""

    actor_id: UUID | None = None
    action: AuditAction | None = None
    target_type: Word | None = None
    target_id: Word | None = None
    correlation_id: Word | None = None
    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")

    def sieve(self) -> AuditSieve:
        """The same for the trail itself."""
        since: datetime | None = self.since
        return AuditSieve(self.actor_id, self.action, self.target_type, self.target_id, self.correlation_id, since, self.until)


class AuditQuery(AuditFilter):
    """A page of entries."""

    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=1)


class AuditExportQuery(AuditFilter):
    """A file of entries."""

    format: FileFormat = FileFormat.JSON_LINES
