"""The life of an index version: its states, the phases of its build, and how the catalog has moved away from it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from assay.kit.hashing import content_hash
from assay.kit.model import Value


class IndexStatus(StrEnum):
    """States of an index version. One at most is active; ready and retired ones can be switched to."""

    QUEUED = "queued"
    BUILDING = "building"
    READY = "ready"
    ACTIVE = "active"
    RETIRED = "retired"
    FAILED = "failed"


class BuildPhase(StrEnum):
    """What a build is at."""

    WAITING = "waiting"
    EMBEDDING = "embedding"
    INDEXING = "indexing"
    DONE = "done"


SWITCHABLE: Final = frozenset({IndexStatus.READY, IndexStatus.RETIRED})


class Offered(NamedTuple):
    """A credential version: what is published now, or what an index was built over."""

    credential_id: UUID
    slug: str
    version_id: UUID
    content_hash: str


class Drift(Value):
    """The catalog beside an index: slugs of credentials that are new, edited, or no longer offered since it was built."""

    added: tuple[str, ...]
    edited: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many credentials differ."""
        return len(self.added) + len(self.edited) + len(self.removed)


def drift(indexed: Iterable[Offered], published: Iterable[Offered]) -> Drift:
    """How `published` differs from what was `indexed`, each list by slug."""
    before = {each.credential_id: each for each in indexed}
    now = {each.credential_id: each for each in published}
    return Drift(
        added=tuple(sorted(each.slug for key, each in now.items() if key not in before)),
        edited=tuple(sorted(each.slug for key, each in now.items() if key in before and each.version_id != before[key].version_id)),
        removed=tuple(sorted(each.slug for key, each in before.items() if key not in now)),
    )


def catalog_hash(published: Iterable[Offered]) -> str:
    """What an index is built over: the published credentials in their current versions."""
    return content_hash(sorted((each.slug, each.content_hash) for each in published))
