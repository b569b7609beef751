"""What answers say about a student: mastery per skill, trust in essays, needs."""

import pytest
from catalogs import essay, learner

from assay.domain.learner import STRONG, WEAK, TheoryResult
from assay.domain.mastery import infer, mean

PRIOR = mean(infer(()).general)


def test_one_answer_moves_mastery_but_does_not_settle_it() -> None:
    """A right answer makes a skill strong, a wrong one weak, and neither reaches the ends of the scale."""
    student = learner()
    assert STRONG <= student.mastery("sql") < 1
    assert 0 < student.mastery("caching") <= WEAK
    assert student.strong == ("sql",)
    assert student.weak == ("caching",)


def test_nothing_known_leaves_the_prior() -> None:
    """Without any answer every skill has the prior, and nothing was shown or missed."""
    nobody = learner(theory=())
    assert nobody.mastery("sql") == PRIOR
    assert (nobody.strong, nobody.weak, nobody.theory_percent, nobody.essay_percent) == ((), (), None, None)


def test_declared_experience_counts_less_than_an_answer() -> None:
    """What a student says of themselves moves mastery less than an answer to a hard question does, and shows nothing by itself."""
    said = learner(theory=(), signals={"experience:sql": 1.0})
    shown = learner(theory=(TheoryResult(skills=("sql",), credit=1, difficulty=3),))
    assert PRIOR < said.mastery("sql") < shown.mastery("sql")
    assert said.shown == {}


@pytest.mark.parametrize(
    ("changes", "least", "most"),
    [
        ({}, 1.0, 1.0),
        ({"flags": ("blank",)}, 0.0, 0.0),
        ({"flags": ("instruction_like",)}, 0.1, 0.4),
        ({"accuracy": 0}, 0.1, 0.3),
        ({"accuracy": None, "held": True}, 0.5, 0.5),
        ({"flags": ("too_short", "repetition")}, 0.1, 0.3),
    ],
)
def test_essays_are_trusted_by_flags_and_accuracy(changes: dict[str, object], least: float, most: float) -> None:
    """A flagged, held or off-topic essay counts less, a blank one not at all."""
    assert least <= essay(**changes).trust <= most


def test_a_blank_essay_says_nothing_about_its_skills() -> None:
    """It is no evidence against the student's testing, it is none at all."""
    student = learner(essays=(essay(percent=0, accuracy=0, flags=("blank",)),))
    assert "testing" not in student.shown
    assert student.mastery("testing") == student.overall


def test_an_essay_that_is_held_is_no_score_of_zero() -> None:
    """What waits for a person neither lowers the mean nor shows a gap; its words still count for the search."""
    judged, held = essay(percent=80), essay(percent=None, accuracy=None, held=True)
    student = learner(essays=(judged, held))
    assert student.essay_percent == 80
    assert student.overall == learner(essays=(judged,)).overall
    assert "testing" not in learner(essays=(held,)).shown
    assert learner(essays=(held,)).essay_percent is None
    assert held.trust == 0.5


def test_an_essay_off_its_topic_is_no_evidence() -> None:
    """Nothing right and hardly a clear sentence about the question: mastery stays as it was; nothing right but on the topic lowers it."""
    before = learner()
    elsewhere, wrong = (learner(essays=(essay(percent=percent, accuracy=0),)) for percent in (12, 31))
    assert (elsewhere.overall, elsewhere.shown) == (before.overall, before.shown)
    assert wrong.mastery("testing") < before.mastery("testing")


def test_mastery_follows_accuracy_not_style() -> None:
    """Of two essays with the same percentage the more accurate one shows more."""
    plain, smooth = (learner(essays=(essay(percent=50, accuracy=accuracy),)) for accuracy in (3, 1))
    assert plain.mastery("testing") > smooth.mastery("testing")


def test_need_follows_the_gap_and_the_focus() -> None:
    """A gap that showed weighs more than an unknown skill, that more than a shown one; outside the focus only a gap that showed counts."""
    student = learner(theory=(*learner().theory, TheoryResult(skills=("cobol",), credit=0)))
    assert student.need("caching") > student.need("http") > student.need("sql")
    assert 0 < student.need("cobol") < student.need("caching")
    assert student.need("photography") == 0


def test_percentages_are_those_of_the_result() -> None:
    """Theory is the mean credit, essays the mean percentage, each to one decimal."""
    student = learner(essays=(essay(percent=58.333), essay(percent=70)))
    assert (student.theory_percent, student.essay_percent) == (50.0, 64.2)


@pytest.mark.parametrize("credit", [1.0, 0.5, 0.0])
def test_the_harder_the_question_the_more_the_same_credit_shows(credit: float) -> None:
    """Right on a hard question shows more than on an easy one, wrong on an easy one tells more against the student than on a hard one."""
    easy, hard = (learner(theory=(TheoryResult(skills=("sql",), credit=credit, difficulty=level),)).mastery("sql") for level in (1, 3))
    assert easy < hard


def test_a_question_is_about_its_first_skill() -> None:
    """A skill that a question touches besides stays where the general level is."""
    student = learner(theory=(TheoryResult(skills=("sql", "caching"), credit=0),))
    assert student.mastery("caching") == student.overall
    assert set(student.shown) == {"sql"}


def test_a_clear_wish_is_worth_more_than_many_faint_ones() -> None:
    """Keenness keeps the sign and the ends of an interest, and makes little of what came along with another choice."""
    keen = learner(signals={"interest:sql": 1.0, "interest:http": 0.5, "interest:caching": -1.0}).keenness
    assert (keen["sql"], keen["caching"]) == (1.0, -1.0)
    assert 0 < keen["http"] < 0.25
