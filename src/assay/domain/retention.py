"""How long what is kept: kinds, periods, and the floors below which no installation may go. Pure."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from assay.kit.model import Value

ASSESSMENT_MONTHS: Final = 24
QUEUE_DAYS: Final = 30
AUDIT_MONTHS: Final = 36
"""Floors. The database itself refuses to let go of audit entries before."""


class Kind(StrEnum):
    """What retention removes, in this order: what hangs from something goes before it."""

    ASSESSMENTS = "assessments"
    """With answers, scores, recommendations, feedback, replies and everything else that hangs from them."""
    JOBS = "jobs"
    WEBHOOKS = "webhooks"
    """Events with their deliveries and tries, once none is under way."""
    SESSIONS = "sessions"
    """Refresh tokens past their time."""
    WEB_SESSIONS = "webSessions"
    """Sessions of the pages past their time."""
    MODEL_REPLIES = "modelReplies"
    """Replies that belong to no assessment, from before they were tied to one."""
    MODEL_CALLS = "modelCalls"
    INDEX_VERSIONS = "indexVersions"
    """Versions no longer searched, unless a recommendation names one or it is the way back."""
    SNAPSHOTS = "snapshots"
    """What was measured minute by minute."""
    AUDIT = "audit"
    RUNS = "runs"
    """Reports of earlier runs."""


class Policy(Value):
    """For how long things are kept."""

    assessment_months: int = Field(ASSESSMENT_MONTHS, ge=ASSESSMENT_MONTHS)
    queue_days: int = Field(QUEUE_DAYS, ge=QUEUE_DAYS)
    audit_months: int = Field(AUDIT_MONTHS, ge=AUDIT_MONTHS)

    def period(self, kind: Kind) -> tuple[int, str]:
        """For how long `kind` is kept, as a number and its unit (`months` or `days`)."""
        match kind:
            case Kind.ASSESSMENTS | Kind.MODEL_CALLS | Kind.MODEL_REPLIES:
                return self.assessment_months, "months"
            case Kind.AUDIT | Kind.RUNS:
                return self.audit_months, "months"
            case _:
                return self.queue_days, "days"


class Item(Value):
    """What one run did about one kind: `removed` rows (that would be, in a dry run), `held` back by legal holds.

    `more` says that a run took its share and left the rest to the next one.
    """

    kind: Kind
    keeps: str
    removed: int
    held: int = 0
    more: bool = False
