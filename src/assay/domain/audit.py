"""The audit chain: which actions are recorded, and how each entry carries the hash of the one before it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from assay.kit.hashing import content_hash
from assay.kit.model import Value

GENESIS: Final = ""
"""What the first entry carries in place of a hash."""


class AuditAction(StrEnum):
    """Everything that is recorded, as `noun.verb`."""

    ESSAY_SCORE_OVERRIDDEN = "essay_score.overridden"
    ESSAY_SCORE_CONFIRMED = "essay_score.confirmed"
    ASSESSMENT_FLAGGED = "assessment.flagged"
    ASSESSMENT_RELEASED = "assessment.released"
    TRACK_CREATED = "track.created"
    TRACK_UPDATED = "track.updated"
    TRACK_RETIRED = "track.retired"
    QUESTION_CREATED = "question.created"
    QUESTION_UPDATED = "question.updated"
    QUESTION_ACTIVATED = "question.activated"
    QUESTION_DEACTIVATED = "question.deactivated"
    QUESTION_DELETED = "question.deleted"
    QUESTION_TRIED = "question.tried"
    CREDENTIAL_CREATED = "credential.created"
    CREDENTIAL_UPDATED = "credential.updated"
    CREDENTIAL_PUBLISHED = "credential.published"
    CREDENTIAL_RETIRED = "credential.retired"
    CATALOG_IMPORTED = "catalog.imported"
    INDEX_REQUESTED = "index.requested"
    INDEX_SWITCHED = "index.switched"
    JOB_RESENT = "job.resent"
    RESULT_SENT_AGAIN = "result.sent_again"
    """By the healer, without anybody asking."""
    WEBHOOK_REGISTERED = "webhook.registered"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"  # noqa: S105 - a name, no secret
    WEBHOOK_ENABLED = "webhook.enabled"
    WEBHOOK_REMOVED = "webhook.removed"
    WEBHOOK_RESENT = "webhook.resent"


class AuditEntry(Value):
    """Who did what to what. `changes` hold no words of a person: entries are kept longer than people's data."""

    at: datetime
    actor_id: UUID | None
    action: str
    target_type: str
    target_id: str
    changes: dict[str, Any]
    correlation_id: str

    def hash(self, previous: str) -> str:
        """The address of this entry behind `previous`, 64 hexadecimal digits."""
        moment = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return content_hash([previous, {**self.model_dump(mode="json"), "at": moment}])


class ChainLink(Value):
    """An entry as stored."""

    sequence: int
    entry: AuditEntry
    previous_hash: str
    hash: str


def first_broken(links: Iterable[ChainLink], previous: str | None = None) -> int | None:
    """The sequence number of the first entry that was altered, or whose predecessor is missing; None when the chain holds.

    `previous` is the hash before the first of `links`; without it that one is taken as it is, since retention removes the oldest.
    """
    for link in links:
        if previous is not None and link.previous_hash != previous:
            return link.sequence
        if link.entry.hash(link.previous_hash) != link.hash:
            return link.sequence
        previous = link.hash
    return None
