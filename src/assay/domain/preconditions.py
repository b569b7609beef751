"""Optimistic concurrency: whoever edits says which state they have seen, and a state that has changed since is not overwritten."""

from typing import Final

from assay.domain.errors import PreconditionFailed, PreconditionRequired
from assay.kit.hashing import content_hash
from assay.kit.model import Value

ANY: Final = "*"
"""Whatever state there is."""


def tag(state: Value) -> str:
    """What names a state as it is shown: 16 hexadecimal digits of its content address."""
    return content_hash(state)[:16]


def require_seen(state: Value, seen: frozenset[str]) -> None:
    """Raises `PreconditionRequired` when nothing was named as `seen`, `PreconditionFailed` when `state` is none of it."""
    if not seen:
        raise PreconditionRequired("Say which state you are editing: send If-Match with the ETag that reading it gave you.")
    if not seen & {ANY, tag(state)}:
        raise PreconditionFailed("Somebody has changed it since you read it. Read it again, then repeat your change.")
