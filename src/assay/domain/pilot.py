"""The pilot's criteria: what each figure is, what is aimed at, whether it is met or there is not enough yet, and what follows. Pure."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from assay.kit.model import Value

PEOPLE_HEARD: Final = 20
"""Below, one person more or less moves a share by over five percentage points."""
RESULT_SECONDS: Final = 10.0
DAY_MINUTES: Final = 1_440

type Unit = Literal["share", "count", "seconds"]


class CriterionName(StrEnum):
    """Every criterion of the pilot."""

    STUDENT_SATISFACTION = "studentSatisfaction"
    ADVISOR_TRUST = "advisorTrust"
    RELEVANCE = "relevance"
    TURNAROUND = "turnaround"
    RESULT_LATENCY = "resultLatency"
    DEGRADED_RUNS = "degradedRuns"
    COMPLETION = "completion"
    AVAILABILITY = "availability"
    STUDENTS = "students"
    ADVISORS = "advisors"
    PROGRAMMES = "programmes"


class Definition(NamedTuple):
    """How a criterion is judged: its name, target and unit, how many observations of what it takes, and what is counted."""

    title: str
    target: float
    unit: Unit
    needed: int
    noun: str
    counted: str
    rises: bool = True
    """Whether more is better. Where less is, the target itself is already too much for a share, and still good for seconds."""


_N: Final = CriterionName
CRITERIA: Final[Mapping[CriterionName, Definition]] = {
    _N.STUDENT_SATISFACTION: Definition(
        "Student satisfaction", 0.70, "share", PEOPLE_HEARD, "students' ratings",
        "Of the recommendations that students rated in this period: the share of which they gave both relevance and fit 4 or 5 of 5. "
        "Each student counts once for each assessment, with what was said last.",
    ),
    _N.ADVISOR_TRUST: Definition(
        "Advisor trust", 0.80, "share", PEOPLE_HEARD, "advisors' words",
        "Of the recommendations on which advisors spoke in this period: the share that they accepted as a whole or, where they decided "
        "neither way, gave both relevance and fit 4 or 5 of 5. Decisions on single credentials are kept encrypted and are not counted.",
    ),
    _N.RELEVANCE: Definition(
        "Relevance", 0.85, "share", PEOPLE_HEARD, "ratings",
        "The share of all ratings, by students and advisors, that gave relevance 4 or 5 of 5. This is what people said; how well the "
        "search finds what experts marked as relevant is validated apart, with ./dev eval retrieval.",
    ),
    _N.TURNAROUND: Definition(
        "Turnaround within 48 hours", 1.0, "share", PEOPLE_HEARD, "assessments",
        "From submission to an advisor's first word on the recommendation. Counted are assessments submitted in this period on which an "
        "advisor has spoken, or that have waited for more than 48 hours. The aim is every assessment.",
    ),
    _N.RESULT_LATENCY: Definition(
        "Result within 10 seconds", RESULT_SECONDS, "seconds", PEOPLE_HEARD, "results",
        "95th percentile of the time from submission to the first result, of assessments submitted in this period.",
        rises=False,
    ),
    _N.DEGRADED_RUNS: Definition(
        "Degraded runs", 0.10, "share", PEOPLE_HEARD, "results",
        "Of the assessments submitted in this period that have a result: the share of which a stage ran on a substitute, also where that "
        "was healed later. After thirty days the ledger forgets, and only what is still degraded counts.",
        rises=False,
    ),
    _N.COMPLETION: Definition(
        "Completion of background work", 0.99, "share", 100, "jobs",
        "Of the jobs that ended in this period (essays, recommendations): the share that ended without a dead letter. "
        "The ledger goes back thirty days.",
    ),
    _N.AVAILABILITY: Definition(
        "Availability", 0.99, "share", DAY_MINUTES, "minutes",
        "Of the minutes since the first snapshot of this period: the share in which one was written, which takes a database and a "
        "reconciler that work. Snapshots go back thirty days. Of all tracks, whichever is chosen.",
    ),
    _N.STUDENTS: Definition(
        "Students who took part", 30, "count", 0, "students", "Students with a result for an assessment submitted in this period."
    ),
    _N.ADVISORS: Definition(
        "Advisors who took part", 5, "count", 0, "advisors", "Advisors who have spoken on a recommendation in this period."
    ),
    _N.PROGRAMMES: Definition(
        "Academic programmes", 2, "count", 0, "programmes",
        "Cohorts with a student who has a result for an assessment submitted in this period; a cohort stands for a programme.",
    ),
}  # fmt: skip


class Reading(NamedTuple):
    """What was found for a criterion, and on how many observations it rests; the value is None where there are none."""

    value: float | None
    observed: int


class Verdict(StrEnum):
    """How a criterion stands."""

    MET = "met"
    MISSED = "missed"
    NOT_ENOUGH = "notEnough"


class Criterion(Value):
    """One criterion with its live figure."""

    name: CriterionName
    title: str
    value: float | None
    target: float
    unit: Unit
    rises: bool
    """Whether the value should be at least the target; otherwise below it."""
    verdict: Verdict
    observed: int
    missing: int
    """How many more are needed before there is a verdict, or, of a count, before it is met."""
    noun: str
    counted: str


class Outcome(StrEnum):
    """What the criteria say together."""

    GO = "go"
    NO_GO = "noGo"
    UNDECIDED = "undecided"


class Decision(Value):
    """What the criteria say together, and in a sentence."""

    outcome: Outcome
    sentence: str


def judge(name: CriterionName, reading: Reading) -> Criterion:
    """The criterion `name` as `reading` has it."""
    told = CRITERIA[name]
    return Criterion(
        name=name,
        title=told.title,
        value=reading.value,
        target=told.target,
        unit=told.unit,
        rises=told.rises,
        verdict=_verdict(told, reading),
        observed=reading.observed,
        missing=_missing(told, reading),
        noun=told.noun,
        counted=told.counted,
    )


def decide(criteria: Iterable[Criterion]) -> Decision:
    """Go when all are met; a criterion that is missed is a no; as long as one has too little to go by, nothing is decided."""
    every = list(criteria)
    missed = [each.title for each in every if each.verdict is Verdict.MISSED]
    open_ones = [each.title for each in every if each.verdict is Verdict.NOT_ENOUGH]
    met = f"{len(every) - len(missed) - len(open_ones)} of {len(every)} criteria are met"
    if missed:
        rest = f" Not enough is known yet of: {', '.join(open_ones)}." if open_ones else ""
        return Decision(outcome=Outcome.NO_GO, sentence=f"No-go as things stand: {met}. Missed: {', '.join(missed)}.{rest}")
    if open_ones or not every:
        return Decision(outcome=Outcome.UNDECIDED, sentence=f"Not decided yet: {met}. Not enough is known of: {', '.join(open_ones)}.")
    return Decision(outcome=Outcome.GO, sentence=f"Go: all {len(every)} criteria are met, if no serious incident is open.")


def _verdict(told: Definition, reading: Reading) -> Verdict:
    if reading.value is None or _missing(told, reading):
        return Verdict.NOT_ENOUGH
    if told.rises:
        return Verdict.MET if reading.value >= told.target else Verdict.MISSED
    fits = reading.value < told.target if told.unit == "share" else reading.value <= told.target
    return Verdict.MET if fits else Verdict.MISSED


def _missing(told: Definition, reading: Reading) -> int:
    needed = int(told.target) if told.unit == "count" else told.needed
    return max(0, needed - reading.observed)
