"""The fit of the built-in grader: what it says of each question, and what it can never give a sign of order."""

import numpy as np

from evals.agreement import Scored
from evals.essays import GradedEssay
from evals.fitting import SIGNS, Case, by_question, fit_order
from evals.questions import Question, essay_questions

ONE, OTHER = list(essay_questions().values())[:2]
LEVELS = {"clarity": 2, "accuracy": 2, "coherence": 2}


def scored(name: str, question: Question, coherence: int, twin_of: str | None = None) -> Scored:
    """An essay that people gave a 2 throughout, and the grader too but for its coherence."""
    style = "shuffled" if twin_of else "plain"
    essay = GradedEssay(name, question, "Some words.", LEVELS, 0, 4, "good", style, twin_of)
    return Scored(essay, LEVELS | {"coherence": coherence})


def test_each_question_has_its_own_line() -> None:
    """Base essays are counted without twins, and a shuffled twin is noticed when its coherence is lower than that of its base."""
    table = by_question(
        [
            scored("a-01", ONE, 2),
            scored("a-01-shuffled", ONE, 1, "a-01"),
            scored("a-02", ONE, 1),
            scored("a-02-shuffled", ONE, 1, "a-02"),
            scored("b-01", OTHER, 3),
        ]
    )
    assert [(row[0], row[1], row[-1]) for row in table.rows] == [("a", 2, "1 of 2"), ("b", 1, "0 of 0")]


def test_a_sign_that_speaks_against_the_written_order_gets_no_weight() -> None:
    """Of two signs that vary, the one that is high in the order as written is used, the one that is low there is not turned round."""
    random = np.random.default_rng(0)
    essay = scored("a-01", ONE, 2).essay
    orders = np.zeros((50, len(SIGNS)))
    orders[:, :2] = random.normal(size=(50, 2))
    orders[0, :2] = 3, -3
    weights = fit_order([Case(essay, {}, 10, orders)] * 20)
    assert weights[0] > 0
    assert (weights[1:] == 0).all()
