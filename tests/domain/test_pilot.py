"""The pilot's criteria: verdicts at and around the targets, what is missing, and what follows from all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.periods import DAYS, Period
from assay.domain.pilot import CRITERIA, CriterionName, Outcome, Reading, Verdict, decide, judge

N = CriterionName
TARGETS = {
    "studentSatisfaction": (0.70, True),
    "advisorTrust": (0.80, True),
    "relevance": (0.85, True),
    "turnaround": (1.0, True),
    "resultLatency": (10.0, False),
    "degradedRuns": (0.10, False),
    "completion": (0.99, True),
    "availability": (0.99, True),
    "students": (30, True),
    "advisors": (5, True),
    "programmes": (2, True),
}


def test_targets_are_those_of_the_requirements() -> None:
    """Every criterion with its target and its direction, and a sentence about what is counted."""
    assert {name.value: (told.target, told.rises) for name, told in CRITERIA.items()} == TARGETS
    assert all(told.counted.endswith(".") for told in CRITERIA.values())
    assert set(DAYS) == set(Period)


@pytest.mark.parametrize(
    ("name", "value", "observed", "verdict"),
    [
        (N.STUDENT_SATISFACTION, 0.70, 20, Verdict.MET),
        (N.STUDENT_SATISFACTION, 0.69, 20, Verdict.MISSED),
        (N.STUDENT_SATISFACTION, 1.0, 19, Verdict.NOT_ENOUGH),
        (N.DEGRADED_RUNS, 0.10, 100, Verdict.MISSED),
        (N.DEGRADED_RUNS, 0.099, 100, Verdict.MET),
        (N.RESULT_LATENCY, 10.0, 100, Verdict.MET),
        (N.RESULT_LATENCY, 10.1, 100, Verdict.MISSED),
        (N.COMPLETION, 1.0, 99, Verdict.NOT_ENOUGH),
        (N.STUDENTS, 30, 30, Verdict.MET),
        (N.STUDENTS, 29, 29, Verdict.NOT_ENOUGH),
        (N.RELEVANCE, None, 0, Verdict.NOT_ENOUGH),
    ],
)
def test_a_figure_is_held_against_its_target(name: CriterionName, value: float | None, observed: int, verdict: Verdict) -> None:
    """At the target, just beside it, and with too little to go by."""
    assert judge(name, Reading(value, observed)).verdict is verdict


def test_what_is_missing_is_counted() -> None:
    """How many more ratings, students or minutes are needed."""
    assert judge(N.STUDENT_SATISFACTION, Reading(1.0, 8)).missing == 12
    assert judge(N.STUDENTS, Reading(12, 12)).missing == 18
    assert judge(N.AVAILABILITY, Reading(1.0, 1_440)).missing == 0


@given(st.dictionaries(st.sampled_from(list(N)), st.floats(0, 1)), st.integers(0, 3_000))
def test_go_only_if_all_are_met(values: dict[CriterionName, float], observed: int) -> None:
    """One that is missed is a no, one that is not known leaves it open, and the sentence names each of them."""
    criteria = [judge(name, Reading(values.get(name), observed)) for name in N]
    verdicts = {each.verdict for each in criteria}
    decision = decide(criteria)
    wanted = Outcome.NO_GO if Verdict.MISSED in verdicts else Outcome.UNDECIDED if Verdict.NOT_ENOUGH in verdicts else Outcome.GO
    assert decision.outcome is wanted
    assert all(each.title in decision.sentence for each in criteria if each.verdict is not Verdict.MET)


def test_all_met_is_go() -> None:
    """With a word on what no service can know."""
    counts = {N.STUDENTS: 40, N.ADVISORS: 6, N.PROGRAMMES: 2}
    shares = dict.fromkeys(N, Reading(1.0, 2_000)) | {N.DEGRADED_RUNS: Reading(0.0, 40), N.RESULT_LATENCY: Reading(3.0, 40)}
    criteria = [judge(name, Reading(counts[name], counts[name]) if name in counts else shares[name]) for name in N]
    decision = decide(criteria)
    assert (decision.outcome, decision.sentence) == (Outcome.GO, "Go: all 11 criteria are met, if no serious incident is open.")
