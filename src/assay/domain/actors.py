"""Who is asking, and the permissions each role holds. Routes name a permission; services check ownership."""

from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from assay.kit.model import Value


class Role(StrEnum):
    """The role claim of a token."""

    STUDENT = "student"
    ADVISOR = "advisor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a route demands. Vocabulary `noun:verb`."""

    TRACK_READ = "track:read"
    TRACK_WRITE = "track:write"
    QUESTION_WRITE = "question:write"
    CREDENTIAL_WRITE = "credential:write"
    ASSESSMENT_TAKE = "assessment:take"
    ASSESSMENT_READ = "assessment:read"
    FEEDBACK_GIVE = "feedback:give"
    FEEDBACK_READ = "feedback:read"
    """In figures: of the own cohorts, or of all."""
    COHORT_READ = "cohort:read"
    ESSAY_OVERRIDE = "essay:override"
    ASSESSMENT_FLAG = "assessment:flag"
    ASSESSMENT_RELEASE = "assessment:release"
    AGREEMENT_READ = "agreement:read"
    JOB_MANAGE = "job:manage"
    OPERATIONS_READ = "operations:read"
    INDEX_MANAGE = "index:manage"
    WEBHOOK_MANAGE = "webhook:manage"
    PERSON_MANAGE = "person:manage"
    AUDIT_READ = "audit:read"
    RETENTION_READ = "retention:read"
    COHORT_MANAGE = "cohort:manage"
    ASSESSMENT_INSPECT = "assessment:inspect"
    """To read what a student wrote, each time for a reason that is kept."""
    ASSESSMENT_START_FOR = "assessment:start_for"
    """To start an assessment for a student and hand them the link to it; nobody's but machines'."""
    SERVICE_ACCOUNT_MANAGE = "service_account:manage"


_P = Permission
PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.STUDENT: frozenset({_P.TRACK_READ, _P.ASSESSMENT_TAKE, _P.ASSESSMENT_READ, _P.FEEDBACK_GIVE}),
    Role.ADVISOR: frozenset(
        {
            _P.TRACK_READ,
            _P.ASSESSMENT_READ,
            _P.FEEDBACK_GIVE,
            _P.FEEDBACK_READ,
            _P.COHORT_READ,
            _P.ESSAY_OVERRIDE,
            _P.ASSESSMENT_FLAG,
            _P.ASSESSMENT_RELEASE,
            _P.AGREEMENT_READ,
        }
    ),
    Role.ADMIN: frozenset(
        {
            _P.TRACK_READ,
            _P.TRACK_WRITE,
            _P.QUESTION_WRITE,
            _P.CREDENTIAL_WRITE,
            _P.JOB_MANAGE,
            _P.OPERATIONS_READ,
            _P.FEEDBACK_READ,
            _P.AGREEMENT_READ,
            _P.INDEX_MANAGE,
            _P.WEBHOOK_MANAGE,
            _P.PERSON_MANAGE,
            _P.AUDIT_READ,
            _P.RETENTION_READ,
            _P.COHORT_MANAGE,
            _P.ASSESSMENT_INSPECT,
            _P.SERVICE_ACCOUNT_MANAGE,
        }
    ),
}
FOR_PEOPLE: Final = frozenset({_P.PERSON_MANAGE, _P.ASSESSMENT_INSPECT, _P.SERVICE_ACCOUNT_MANAGE})
"""What an admin may and no machine: to decide about people, to read what one wrote for a reason, to let in another machine."""
FOR_MACHINES: Final = PERMISSIONS[Role.ADMIN] - FOR_PEOPLE | {_P.ASSESSMENT_START_FOR}
"""What the key of a service account may open, if its scope says so."""
WITHIN_COHORTS: Final = frozenset({_P.ASSESSMENT_START_FOR})
"""What can be confined to cohorts; a key that is confined holds nothing else."""


class Actor(Value):
    """The authenticated caller."""

    id: UUID
    role: Role
    assessment_id: UUID | None = None
    """Set when the caller came with a resume token: nothing else than this assessment is open to them."""
    scope: frozenset[Permission] | None = None
    """Set for a service account, instead of what its role holds: it sees what an admin sees, as far as this lets it."""
    cohorts: frozenset[UUID] = frozenset()
    """Of a service account that is confined to them."""

    @property
    def is_machine(self) -> bool:
        """Whether this is a service account, nobody's own."""
        return self.scope is not None

    def may(self, permission: Permission) -> bool:
        """Whether the role, or the key of a service account, holds `permission`."""
        return permission in (PERMISSIONS[self.role] if self.scope is None else self.scope)


class Author(Value):
    """Who wrote something, as told to a reader: never by name."""

    role: Role
    pseudonym: UUID | None
    """None for a student, who needs to know no more than that it was an advisor."""

    @classmethod
    def shown_to(cls, reader: Actor, role: str, pseudonym: UUID) -> Self:
        """The author with this role and pseudonym as `reader` may know them."""
        return cls(role=Role(role), pseudonym=None if reader.role is Role.STUDENT else pseudonym)
