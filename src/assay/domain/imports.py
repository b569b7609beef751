"""An import into the catalog: what is asked for, its states, and what it counts."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, NonNegativeInt

from assay.domain.credentials import CredentialStatus
from assay.kit.model import Value


class CatalogFormat(StrEnum):
    """How a catalog is written down."""

    CSV = "csv"
    JSONL = "jsonl"
    CTDL = "ctdl"


class OnError(StrEnum):
    """What a row that is wrong brings about: nothing is imported, or all but that row."""

    ABORT = "abort"
    SKIP = "skip"


class ImportStatus(StrEnum):
    """States of an import. A refused one has changed nothing, because of its rows; a failed one, because of us."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class ImportOptions(Value):
    """How a file shall be imported."""

    dry_run: bool = False
    on_error: OnError = OnError.ABORT
    status: Annotated[CredentialStatus, Field(description="Of new credentials whose row does not say")] = CredentialStatus.DRAFT
    add_skills: Annotated[bool, Field(description="Add skills that the vocabulary lacks, instead of refusing the row")] = False


class ImportCounts(Value):
    """What became of the rows; together they are all rows of the file."""

    created: NonNegativeInt = 0
    updated: NonNegativeInt = 0
    unchanged: NonNegativeInt = 0
    refused: NonNegativeInt = 0

    @property
    def rows(self) -> int:
        """All of them."""
        return self.created + self.updated + self.unchanged + self.refused

    def __add__(self, other: "ImportCounts") -> "ImportCounts":
        return ImportCounts(
            created=self.created + other.created,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            refused=self.refused + other.refused,
        )
