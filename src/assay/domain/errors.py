"""What can go wrong, in the words of the business. No HTTP here; `edge/errors.py` holds the one map to status codes.

AssayError
├── DomainError             an answer for the caller: a stable `code`, a sentence, optional pointers to fields
│   ├── NotFound            does not exist, or is none of the caller's business
│   ├── Conflict            the state of things does not allow it
│   ├── PreconditionFailed  it is not any more what the caller has seen
│   ├── PreconditionRequired  the caller has to say what they have seen
│   ├── Forbidden           the role may not do this at all
│   ├── Unauthenticated     who is asking is not known
│   ├── Invalid             the input is wrong, and where
│   ├── Expired             it was possible once; says how to start again
│   ├── RateLimited         too often; says when to come back
│   └── Unavailable         a dependency is away; says when to come back
└── ProviderError           a model, embedder or index did not deliver; carries a named cause, never reaches a caller
    └── CircuitOpen         it was not even asked: others have just found it away
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Self


class FieldProblem(NamedTuple):
    """One wrong field: a JSON pointer (RFC 6901) into the input and what is wrong there."""

    pointer: str
    message: str

    @classmethod
    def at(cls, path: Iterable[object], message: str) -> Self:
        """The problem with the field that is reached by `path`, name by name."""
        return cls("/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in path), message)


class AssayError(Exception):
    """The root of this tree."""


class DomainError(AssayError):
    """An error the caller can understand and act on."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str, *, code: str | None = None, problems: tuple[FieldProblem, ...] = (), **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.error_code = code or self.code
        self.problems = problems
        self.facts = facts


class NotFound(DomainError):
    """Does not exist for this caller."""

    code = "not_found"


class Conflict(DomainError):
    """The present state refuses it."""

    code = "conflict"


class PreconditionFailed(DomainError):
    """The caller has seen another state than there is."""

    code = "precondition_failed"


class PreconditionRequired(DomainError):
    """Without saying which state is meant this is not done."""

    code = "precondition_required"


class Forbidden(DomainError):
    """This role may not do it."""

    code = "forbidden"


class Unauthenticated(DomainError):
    """No valid identity was shown."""

    code = "unauthenticated"


class Invalid(DomainError):
    """The input is wrong; `problems` say where."""

    code = "invalid"


class Expired(DomainError):
    """Too late; `facts` say how to begin again."""

    code = "expired"


class RateLimited(DomainError):
    """Too many; `retry_after` is in seconds."""

    code = "rate_limited"

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """A dependency is away; `retry_after` is in seconds."""

    code = "unavailable"

    def __init__(self, detail: str, *, retry_after: float = 2.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Fault(StrEnum):
    """Why a provider did not deliver: the named causes stored with a degraded stage."""

    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    INVALID_REPLY = "invalid_reply"
    QUOTA_EXHAUSTED = "quota_exhausted"
    MISCONFIGURED = "misconfigured"
    OUT_OF_RANGE = "out_of_range"


PERMANENT_FAULTS = frozenset({Fault.REFUSED, Fault.QUOTA_EXHAUSTED, Fault.MISCONFIGURED})
"""Asking again cannot help: the fallback speaks at once."""


class ProviderError(AssayError):
    """A provider failed; `retry_after` in seconds when it said so, `about_request` when it found fault with this one request alone."""

    def __init__(self, fault: Fault, detail: str, *, retry_after: float | None = None, about_request: bool = False) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
        self.detail = detail
        self.retry_after = retry_after
        self.about_request = about_request


class CircuitOpen(ProviderError):
    """No call was made: the provider's circuit is open, for the fault named. Asking again within seconds cannot help."""

    def __init__(self, fault: Fault, provider: str) -> None:
        super().__init__(fault, f"{provider} is left alone until it answers again")
