"""Credentials: what the catalog offers, as one immutable content per version, cut into sections that can be cited."""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field

from assay.domain.questions import Slug
from assay.domain.tracks import SkillLevel
from assay.kit.hashing import content_hash
from assay.kit.model import Value


class CredentialStatus(StrEnum):
    """A credential's life: only published ones are shown and recommended."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class Participation(StrEnum):
    """Where learning takes place."""

    ONLINE = "online"
    ON_SITE = "onSite"
    BLENDED = "blended"


class Supervision(StrEnum):
    """How an assessment is watched over, and whether it is known who takes it."""

    NONE = "none"
    SUPERVISED = "supervised"
    IDENTITY_VERIFIED = "identityVerified"


class CredentialContent(Value):
    """A micro-credential as published in one version: what is searched, cited and weighed."""

    title: Annotated[str, Field(min_length=3, max_length=200)]
    provider: Annotated[str, Field(min_length=2, max_length=200)]
    description: Annotated[str, Field(min_length=40, max_length=4_000)]
    outcomes: tuple[Annotated[str, Field(min_length=10, max_length=400)], ...] = Field(min_length=1, max_length=12)
    skills: tuple[Slug, ...] = Field(min_length=1, max_length=12)
    level: SkillLevel
    workload_hours: int = Field(ge=1, le=2_000)
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "en"
    assessment: Annotated[str, Field(max_length=400)] = ""
    prerequisites: tuple[Slug, ...] = Field(default=(), max_length=8)
    """Slugs of credentials to be completed before this one."""
    prerequisite_skills: tuple[Slug, ...] = Field(default=(), max_length=8)

    @cached_property
    def hash(self) -> str:
        """The content address of this version."""
        return content_hash(self)

    def sections(self) -> dict[str, str]:
        """The texts that can be cited, by section name; offsets of a source count characters in these."""
        return {
            "title": self.title,
            "description": self.description,
            "outcomes": "\n".join(self.outcomes),
            "skills": ", ".join(self.skills),
        }


class CredentialDetails(Value):
    """The other elements by which the EU describes a micro-credential (Council Recommendation 2022/C 243/02, annex I).

    They are shown, not searched, and stored beside the content: a program that does not know them reads the content as before.
    """

    awarding_body: Annotated[str, Field(max_length=200)] = ""
    """Who certifies it, where that is not the provider."""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="Of the awarding body, ISO 3166-1")] | None = None
    ects: Annotated[float, Field(gt=0, le=300, allow_inf_nan=False)] | None = None
    eqf_level: Annotated[int, Field(ge=1, le=8)] | None = None
    participation: Participation | None = None
    supervision: Supervision | None = None
    quality_assurance: Annotated[str, Field(max_length=400)] = ""
    stackability: Annotated[str, Field(max_length=400)] = ""
    """Whether it counts towards a larger one, or stands alone."""
    homepage: Annotated[str, Field(max_length=2_048)] = ""
    """Where its provider tells more. Kept as it was given: `assay catalog report` tells which cannot be followed."""


class CredentialRecord(CredentialContent, CredentialDetails):
    """All that one version of a credential says."""

    @cached_property
    def content(self) -> CredentialContent:
        """What is searched, cited and weighed."""
        return CredentialContent.model_validate(self.model_dump(by_alias=False, include=set(CredentialContent.model_fields)))

    @cached_property
    def details(self) -> dict[str, Any]:
        """The other elements as they are stored, those that say nothing left out."""
        told = set(CredentialDetails.model_fields)
        return self.model_dump(mode="json", include=told, exclude_defaults=True)

    @cached_property
    def hash(self) -> str:
        """The content address of the whole: that of the content alone where there are no details."""
        return content_hash([self.content.hash, self.details]) if self.details else self.content.hash
