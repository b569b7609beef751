"""What pages of advisors call things: ages against the turnaround, flags, decisions, orders, figures."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from assay.db.repositories.caseload import Order
from assay.domain.flags import FlagCode
from assay.domain.notes import NoteAbout
from assay.domain.progress import AssessmentStatus
from assay.domain.retrieval import PartName
from assay.services.caseload import CaseRead, Standings
from assay.services.cohorts import TURNAROUND_HOURS
from assay.web import wording
from assay.web.wording import DIMENSIONS, LEVELS, STATUSES

SOON: Final = 0.75
"""From this share of the turnaround on, an age is a warning."""
_DAYS_FROM: Final = 72.0

FLAGS: Final[Mapping[FlagCode, str]] = {
    FlagCode.FOLLOW_UP: "Talk to the student",
    FlagCode.SCORING: "A score looks wrong",
    FlagCode.RECOMMENDATION: "A recommendation looks wrong",
    FlagCode.INTEGRITY: "The essay may not be the student's own work",
    FlagCode.DEGRADED: "Made with a substitute: look again",
}
"""Why an advisor flags an assessment."""
RESOLVED: Final = "Resolved"
ABOUT: Final[Mapping[NoteAbout, str]] = {
    NoteAbout.ASSESSMENT: "This assessment",
    NoteAbout.STUDENT: "The student, shown with all their assessments",
}
DECISIONS: Final[Mapping[str, str]] = {"accept": "Accepted", "reject": "Rejected"}
STATES: Final[Mapping[AssessmentStatus, tuple[str, str]]] = {
    AssessmentStatus.IN_PROGRESS: (STATUSES[AssessmentStatus.IN_PROGRESS], "info"),
    AssessmentStatus.PROCESSING: (STATUSES[AssessmentStatus.PROCESSING], "info"),
    AssessmentStatus.COMPLETED: (STATUSES[AssessmentStatus.COMPLETED], "good"),
    AssessmentStatus.EXPIRED: (STATUSES[AssessmentStatus.EXPIRED], ""),
}
"""A state's name and kind."""
ORDERS: Final[Mapping[Order, str]] = {
    Order.LONGEST_WAIT: "Longest waiting first",
    Order.SHORTEST_WAIT: "Shortest waiting first",
    Order.LAST_SUBMITTED: "Last submitted first",
    Order.FIRST_SUBMITTED: "First submitted first",
    Order.STUDENT: "Student, A to Z",
    Order.STUDENT_DOWN: "Student, Z to A",
}
PARTS: Final[Mapping[str, str]] = {
    **{part.value: name for part, name in wording.PARTS.items()},
    PartName.INTERESTS.value: "The student's interests",
    PartName.ESSAYS.value: "The student's essays",
}


class Age(NamedTuple):
    """An age in words, its kind (good, warn, bad or nothing) and a sign."""

    text: str
    kind: str
    sign: str


def hours(count: float) -> str:
    """Hours in words; days from the third on."""
    if count < 1:
        return "under 1 h"
    return f"{count:.0f} h" if count < _DAYS_FROM else f"{count / 24:.0f} days"


def waited(count: float) -> Age:
    """How long a result waits for an advisor, against the turnaround."""
    if count > TURNAROUND_HOURS:
        return Age(f"overdue by {hours(count - TURNAROUND_HOURS)}", "bad", "alert")
    return Age(f"{hours(count)} of {TURNAROUND_HOURS:.0f}", "warn" if count >= SOON * TURNAROUND_HOURS else "", "clock")


def age(case: CaseRead) -> Age | None:
    """An assessment's age; None before the submission."""
    if case.age_hours is None:
        return None
    if case.reviewed_at is not None:
        return Age(f"reviewed after {hours(case.age_hours)}", "good", "check")
    return waited(case.age_hours)


def marks(case: CaseRead) -> list[tuple[str, str]]:
    """What is to be known of an assessment at a glance, each with its kind."""
    told = [
        (case.flagged, "Flagged", "bad"),
        (case.held, "Held for a person", "warn"),
        (case.degraded, "With a substitute", "warn"),
        (case.withheld, "Not released", "info"),
        (case.released_at is not None, "Released", ""),
    ]
    return [(text, kind) for holds, text, kind in told if holds]


def where(case: CaseRead) -> str:
    """The page an assessment is looked at on: its result, or where it stands."""
    done = case.state is AssessmentStatus.COMPLETED
    return f"/assessments/{case.assessment_id}/{'result' if done else 'status'}"


def scores(found: Standings) -> list[tuple[str, str]]:
    """Scores as name and words: theory in percent, each dimension as the level its mean is nearest to."""
    told = [("Theory", share(found.theory))]
    for name in DIMENSIONS:
        mean = found.levels.get(name)
        told.append((name.value.capitalize(), "held for a person" if mean is None else f"{LEVELS[round(mean)]} ({mean:.1f} of 4)"))
    return told


def share(value: float | None) -> str:
    """A share of 1 in percent; a dash where it is not defined."""
    return "\u2013" if value is None else f"{100 * value:.0f}%"


def figure(value: float | None) -> str:
    """A figure with two digits; a dash where it is not defined."""
    return "\u2013" if value is None else f"{value:.2f}"


def shift(value: float | None) -> str:
    """How much higher or lower advisors judge, in words."""
    if value is None:
        return "\u2013"
    if abs(value) < 0.05:
        return "as high as the model"
    return f"{abs(value):.1f} levels {'above' if value > 0 else 'below'} the model"
