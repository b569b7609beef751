"""Words for the catalog and its index: fields, states, formats. One table each, for all their pages."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from assay.domain.credentials import CredentialStatus, Participation, Supervision
from assay.domain.imports import CatalogFormat, ImportStatus, OnError
from assay.domain.indexing import BuildPhase, IndexStatus
from assay.domain.interchange.rows import COLUMNS
from assay.domain.tracks import SkillLevel


class State(NamedTuple):
    """A state in a word, and whether it is good, warn, bad, info or nothing."""

    word: str
    kind: str = ""


FIELDS: Final[Mapping[str, str]] = {
    "title": "Title",
    "provider": "Provider",
    "level": "Level",
    "workload_hours": "Workload in hours",
    "language": "Language",
    "description": "Description",
    "outcomes": "Learning outcomes",
    "skills": "Skills",
    "prerequisites": "Credentials to take before",
    "prerequisite_skills": "Skills to bring along",
    "assessment": "How it is assessed",
    "awarding_body": "Awarding body",
    "country": "Country of the awarding body",
    "ects": "ECTS credits",
    "eqf_level": "EQF level",
    "participation": "Participation",
    "supervision": "Supervision of the assessment",
    "quality_assurance": "Quality assurance",
    "stackability": "Stackability",
    "homepage": "Homepage",
}
"""The fields of a credential, in the order in which they are shown."""

STATUSES: Final[Mapping[str, State]] = {
    CredentialStatus.PUBLISHED: State("Published", "good"),
    CredentialStatus.DRAFT: State("Draft", "info"),
    CredentialStatus.RETIRED: State("Retired"),
}
LEVELS: Final[Mapping[str, str]] = {
    SkillLevel.BEGINNER: "Beginner",
    SkillLevel.INTERMEDIATE: "Intermediate",
    SkillLevel.ADVANCED: "Advanced",
}
PARTICIPATION: Final[Mapping[str, str]] = {
    Participation.ONLINE: "Online",
    Participation.ON_SITE: "On site",
    Participation.BLENDED: "Partly online",
}
SUPERVISION: Final[Mapping[str, str]] = {
    Supervision.NONE: "None",
    Supervision.SUPERVISED: "Supervised",
    Supervision.IDENTITY_VERIFIED: "Supervised, identity checked",
}
FORMATS: Final[Mapping[str, str]] = {
    CatalogFormat.CSV: "CSV",
    CatalogFormat.JSONL: "JSON Lines",
    CatalogFormat.CTDL: "CTDL (JSON-LD)",
}
IMPORTS: Final[Mapping[str, State]] = {
    ImportStatus.QUEUED: State("Waiting", "info"),
    ImportStatus.RUNNING: State("Under way", "info"),
    ImportStatus.DONE: State("Done", "good"),
    ImportStatus.REFUSED: State("Refused", "warn"),
    ImportStatus.FAILED: State("Failed", "bad"),
}
ON_ERROR: Final[Mapping[str, str]] = {
    OnError.ABORT: "Import nothing",
    OnError.SKIP: "Leave that row out and import the others",
}
INDEXES: Final[Mapping[str, State]] = {
    IndexStatus.QUEUED: State("Waiting", "info"),
    IndexStatus.BUILDING: State("Being built", "info"),
    IndexStatus.READY: State("Ready", "info"),
    IndexStatus.ACTIVE: State("Searched", "good"),
    IndexStatus.RETIRED: State("Searched before"),
    IndexStatus.FAILED: State("Failed", "bad"),
}
PHASES: Final[Mapping[str, str]] = {
    BuildPhase.WAITING: "Waiting for its turn",
    BuildPhase.EMBEDDING: "Reading the credentials",
    BuildPhase.INDEXING: "Making it searchable",
    BuildPhase.DONE: "Done",
}


def state(table: Mapping[str, State], code: str) -> State:
    """The state that `code` names; its own name for one that a newer version has written."""
    return table.get(code, State(code))


def options(table: Mapping[str, State] | Mapping[str, str]) -> list[tuple[str, str]]:
    """Code and word of each, to choose from."""
    return [(str(code), told.word if isinstance(told, State) else told) for code, told in table.items()]


def value(field: str, given: Any, skills: Mapping[str, str]) -> str:
    """A single value of a field in words; empty for none."""
    tables = {"level": LEVELS, "participation": PARTICIPATION, "supervision": SUPERVISION}
    if given is None or given == "":
        return ""
    if field in {"skills", "prerequisite_skills"}:
        return skills.get(given, str(given))
    if field in tables:
        return tables[field].get(given, str(given))
    return f"{given:g}" if isinstance(given, float) else str(given)


def size(count: int) -> str:
    """A number of bytes: `12 KB`, `3.4 MB`."""
    if count < 1024:
        return f"{count} bytes"
    megabytes = f"{count / 1024**2:.1f}".removesuffix(".0")
    return f"{count / 1024:.0f} KB" if count < 1024**2 else f"{megabytes} MB"


def place(pointer: str) -> str:
    """Where in a row something does not fit, as its column is called; a pointer into another format's record stays as it is."""
    column, _, item = pointer.removeprefix("/").partition("/")
    if not pointer:
        return "The whole row"
    if column not in COLUMNS:
        return pointer
    label = FIELDS.get(COLUMNS[column], column)
    return f"{label}, item {int(item) + 1}" if item.isdecimal() else label


def number(count: int) -> str:
    """A number with its thousands apart."""
    return f"{count:,}"
