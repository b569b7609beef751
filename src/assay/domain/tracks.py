"""Tracks: the roles a student can aim for, and the mix of ten questions each asks."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, model_validator

from assay.domain.questions import QuestionType, Slug
from assay.domain.release import ReleasePolicy
from assay.kit.model import Value

BUNDLE_SIZE: Final = 10


class TrackStatus(StrEnum):
    """A track's life: only active ones can be started."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


class SkillLevel(StrEnum):
    """How far a credential takes, or a track asks, a learner."""

    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"

    @property
    def rank(self) -> int:
        """0 for beginner, 1 for intermediate, 2 for advanced."""
        return _RANKS[self]


_RANKS: Final = {level: rank for rank, level in enumerate(SkillLevel)}


class QuestionMix(Value):
    """How many questions of each type a bundle has; the sum is always ten."""

    theoretical: int = Field(default=3, ge=0, le=BUNDLE_SIZE)
    essay: int = Field(default=3, ge=0, le=BUNDLE_SIZE)
    profile: int = Field(default=4, ge=0, le=BUNDLE_SIZE)

    @model_validator(mode="after")
    def _sums_to_ten(self) -> "QuestionMix":
        if self.theoretical + self.essay + self.profile != BUNDLE_SIZE:
            msg = f"a question mix adds up to {BUNDLE_SIZE}"
            raise ValueError(msg)
        return self

    def count(self, question_type: QuestionType) -> int:
        """How many questions of `question_type` a bundle has."""
        return {
            QuestionType.THEORETICAL: self.theoretical,
            QuestionType.ESSAY: self.essay,
            QuestionType.PROFILE: self.profile,
        }[question_type]


class TrackContent(Value):
    """What a track is, without its identity and state."""

    name: Annotated[str, Field(min_length=3, max_length=120)]
    description: Annotated[str, Field(min_length=20, max_length=2_000)]
    skill_focus: tuple[Slug, ...] = Field(min_length=1, max_length=24)
    question_mix: QuestionMix = QuestionMix()
    target_level: SkillLevel = SkillLevel.INTERMEDIATE
    expiry_days: int = Field(default=7, ge=1, le=90)
    fallback_credentials: tuple[Slug, ...] = Field(default=(), max_length=10)
    """Slugs in curated order, recommended when retrieval cannot run."""
    release_policy: ReleasePolicy = ReleasePolicy()
    """When students see their results. An assessment keeps the one it was started under."""
