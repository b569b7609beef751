"""Credentials: what the catalog offers, as one immutable content per version, cut into sections that can be cited."""

from functools import cached_property
from typing import Annotated

from pydantic import Field

from assay.domain.questions import Slug
from assay.domain.tracks import SkillLevel
from assay.kit.hashing import content_hash
from assay.kit.model import Value


class CredentialContent(Value):
    """A micro-credential as published in one version. Fields follow the EU elements of a micro-credential."""

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
