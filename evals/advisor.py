"""How well a credential suits a student, by the written rules of evals/retrieval/README.md: from what is true of the student.

Knows nothing of how Assay ranks: mastery is a fact of the profile here, not an estimate from answers.
"""

from collections.abc import Collection, Iterator, Mapping
from math import inf
from typing import Final

from pydantic import Field

from assay.domain.credentials import CredentialContent
from assay.domain.questions import Slug
from assay.domain.tracks import TrackContent
from assay.kit.model import Value
from evals.essays import Half

BEST: Final = 3
WISHED: Final = 0.5
"""Interest from which on a student wishes for a skill; below its negative, avoids it."""
WEEKS: Final = 12
WEEKLY_HOURS: Final[Mapping[str, float]] = {"light": 2, "steady": 5, "brisk": 10, "intensive": 20, "flexible": inf}
"""Whose hours change from week to week has named no limit."""
TOO_LONG: Final = 1.5
"""Share of the hours there are from which a workload is too much."""


class Student(Value):
    """What is true of a student. Mastery counts the levels whose content is known: 0 nothing, 1 beginner's, 2 intermediate, 3 advanced."""

    id: str
    half: Half
    """Whether one may look at the student while tuning."""
    track: Slug
    who: str
    base: int = Field(ge=0, le=2)
    """Mastery of what `mastery` does not name."""
    mastery: dict[Slug, int]
    interests: dict[Slug, float]
    pace: str
    goal: str
    wish: str
    """What the student answers to an open question about plans."""

    def knows(self, skill: str) -> int:
        """Mastery of `skill`, 0 to 3."""
        return self.mastery.get(skill, self.base)

    def as_far_as(self, skills: Collection[str], wishes: Collection[str]) -> "Student":
        """The student as known to somebody who asked about mastery of `skills` and interest in `wishes`: the rest is as the base is."""
        mastery = {skill: level for skill, level in self.mastery.items() if skill in skills}
        interests = {skill: weight for skill, weight in self.interests.items() if skill in wishes}
        return self.model_copy(update={"mastery": mastery, "interests": interests})

    def wishes(self, skill: str) -> bool:
        """Whether the student wants to learn `skill`."""
        return self.interests.get(skill, 0.0) >= WISHED


def grade(student: Student, track: TrackContent, credential: CredentialContent, catalog: Mapping[Slug, CredentialContent]) -> int:
    """0 (not to be recommended) to 3 (what an advisor would name first); `catalog` holds the prerequisites by slug."""
    if any(_ruled_out(student, track, credential, catalog)):
        return 0
    return max(0, BEST - sum(_drawbacks(student, track, credential, catalog)))


def _ruled_out(
    student: Student, track: TrackContent, credential: CredentialContent, catalog: Mapping[Slug, CredentialContent]
) -> Iterator[bool]:
    main, level = credential.skills[0], credential.level.rank
    known = student.knows(main)
    yield credential.language != "en"
    yield not (main in track.skill_focus or student.wishes(main) or _mostly_of_the_role(track, credential))
    yield abs(level - known) > 1  # nothing new, or out of reach
    yield _steps_before(student, credential, catalog) > 1


def _drawbacks(
    student: Student, track: TrackContent, credential: CredentialContent, catalog: Mapping[Slug, CredentialContent]
) -> Iterator[bool]:
    main = credential.skills[0]
    known, wished = student.knows(main), student.wishes(main)
    yield credential.level.rank != known  # a stretch, or partly a repetition
    yield _steps_before(student, credential, catalog) == 1
    yield main not in track.skill_focus
    yield main in track.skill_focus and known > track.target_level.rank and not wished  # the role asks for no more
    yield student.interests.get(main, 0.0) <= -WISHED
    yield credential.workload_hours > TOO_LONG * WEEKS * WEEKLY_HOURS[student.pace]


def _mostly_of_the_role(track: TrackContent, credential: CredentialContent) -> bool:
    return 2 * sum(skill in track.skill_focus for skill in credential.skills) >= len(credential.skills)


def _steps_before(student: Student, credential: CredentialContent, catalog: Mapping[Slug, CredentialContent]) -> int:
    """Levels to be climbed before `credential` can be begun, over its prerequisites: credentials, and skills of which basics are asked."""
    before = [catalog[slug] for slug in credential.prerequisites if slug in catalog]
    missing = [first.level.rank + 1 - student.knows(first.skills[0]) for first in before]
    missing += [1 - student.knows(skill) for skill in credential.prerequisite_skills]
    return sum(max(0, steps) for steps in missing)
