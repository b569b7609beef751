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
    """Everything that is recorded, as `noun:verb`, in the words of permissions."""

    ESSAY_SCORE_OVERRIDDEN = "essay_score:override"
    ESSAY_SCORE_CONFIRMED = "essay_score:confirm"
    ASSESSMENT_FLAGGED = "assessment:flag"
    ASSESSMENT_NOTED = "assessment:note"
    ASSESSMENT_INSPECTED = "assessment:inspect"
    """An admin has read what a student wrote, for the reason given."""
    ASSESSMENT_RELEASED = "assessment:release"
    ASSESSMENT_STARTED_FOR = "assessment:start_for"
    """A machine has started it for a student."""
    RECOMMENDATION_JUDGED = "recommendation:judge"
    """By an advisor; what students think of theirs is their own."""
    TRACK_CREATED = "track:create"
    TRACK_UPDATED = "track:update"
    TRACK_RETIRED = "track:retire"
    QUESTION_CREATED = "question:create"
    QUESTION_UPDATED = "question:update"
    QUESTION_ACTIVATED = "question:activate"
    QUESTION_DEACTIVATED = "question:deactivate"
    QUESTION_DELETED = "question:delete"
    QUESTION_TRIED = "question:try"
    CREDENTIAL_CREATED = "credential:create"
    CREDENTIAL_UPDATED = "credential:update"
    CREDENTIAL_PUBLISHED = "credential:publish"
    CREDENTIAL_RETIRED = "credential:retire"
    CATALOG_IMPORTED = "catalog:import"
    CATALOG_CONFIRMED = "catalog:confirm"
    INDEX_REQUESTED = "index:request"
    INDEX_SWITCHED = "index:switch"
    JOB_RESENT = "job:resend"
    RESULT_SENT_AGAIN = "result:resend"
    """By the healer, without anybody asking."""
    WEBHOOK_REGISTERED = "webhook:register"
    WEBHOOK_SECRET_ROTATED = "webhook:rotate_secret"  # noqa: S105 - a name, no secret
    WEBHOOK_ENABLED = "webhook:enable"
    WEBHOOK_DISABLED = "webhook:disable"
    WEBHOOK_REMOVED = "webhook:remove"
    WEBHOOK_RESENT = "webhook:resend"
    PERSON_CREATED = "person:create"
    PERSON_FOUND = "person:find"
    PERSON_ARRIVED = "person:arrive"
    """Somebody came for the first time by another provider's word."""
    PERSON_ROLE_CHANGED = "person:change_role"
    PERSON_LINKED = "person:make_password_link"
    PERSON_PASSWORD_SET = "person:set_password"  # noqa: S105 - a name, no secret
    PERSON_EXPORTED = "person:export"
    PERSON_ERASED = "person:erase"
    PERSON_HELD = "person:hold"
    PERSON_RELEASED = "person:release"
    SERVICE_ACCOUNT_CREATED = "service_account:create"
    SERVICE_ACCOUNT_CLOSED = "service_account:close"
    SERVICE_KEY_MADE = "service_account:make_key"
    SERVICE_KEY_REVOKED = "service_account:revoke_key"
    COHORT_CREATED = "cohort:create"
    COHORT_UPDATED = "cohort:update"
    COHORT_JOINED = "cohort:join"
    COHORT_LEFT = "cohort:leave"
    COHORT_IMPORTED = "cohort:import"
    RETENTION_RUN = "retention:run"
    AUDIT_EXPORTED = "audit:export"
    KEYS_ROTATED = "keys:rotate"
    DATABASE_BACKED_UP = "database:back_up"
    DATABASE_RESTORED = "database:restore"


FORMER: Final[dict[str, AuditAction]] = {
    "essay_score.overridden": AuditAction.ESSAY_SCORE_OVERRIDDEN,
    "essay_score.confirmed": AuditAction.ESSAY_SCORE_CONFIRMED,
    "assessment.flagged": AuditAction.ASSESSMENT_FLAGGED,
    "assessment.released": AuditAction.ASSESSMENT_RELEASED,
    "track.created": AuditAction.TRACK_CREATED,
    "track.updated": AuditAction.TRACK_UPDATED,
    "track.retired": AuditAction.TRACK_RETIRED,
    "question.created": AuditAction.QUESTION_CREATED,
    "question.updated": AuditAction.QUESTION_UPDATED,
    "question.activated": AuditAction.QUESTION_ACTIVATED,
    "question.deactivated": AuditAction.QUESTION_DEACTIVATED,
    "question.deleted": AuditAction.QUESTION_DELETED,
    "question.tried": AuditAction.QUESTION_TRIED,
    "credential.created": AuditAction.CREDENTIAL_CREATED,
    "credential.updated": AuditAction.CREDENTIAL_UPDATED,
    "credential.published": AuditAction.CREDENTIAL_PUBLISHED,
    "credential.retired": AuditAction.CREDENTIAL_RETIRED,
    "catalog.imported": AuditAction.CATALOG_IMPORTED,
    "index.requested": AuditAction.INDEX_REQUESTED,
    "index.switched": AuditAction.INDEX_SWITCHED,
    "job.resent": AuditAction.JOB_RESENT,
    "result.sent_again": AuditAction.RESULT_SENT_AGAIN,
    "webhook.registered": AuditAction.WEBHOOK_REGISTERED,
    "webhook.secret_rotated": AuditAction.WEBHOOK_SECRET_ROTATED,
    "webhook.enabled": AuditAction.WEBHOOK_ENABLED,
    "webhook.removed": AuditAction.WEBHOOK_REMOVED,
    "webhook.resent": AuditAction.WEBHOOK_RESENT,
}
"""How actions were called in entries of old. These stay as they were written, or their hashes would not fit."""


def spelled(action: str) -> str:
    """`action`, as an entry says it, in today's vocabulary."""
    return FORMER.get(action, action)


def spellings(action: AuditAction) -> tuple[str, ...]:
    """Every way in which entries say `action`."""
    return (action.value, *(former for former, now in FORMER.items() if now is action))


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


class Mark(Value):
    """A place in the chain: an entry's number and hash."""

    sequence: int
    hash: str


class ChainReport(Value):
    """Whether the chain holds: how many entries were read, and of the first that does not fit, its number and why."""

    holds: bool
    entries: int
    begins_after: int | None
    """The last entry that retention has removed; None when the chain is whole."""
    up_to: int | None = None
    """The newest entry that was read and fits; None when there is none."""
    broken_at: int | None = None
    why: str | None = None
