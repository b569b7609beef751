"""The fit of the built-in grader: what it says of each question, and what it can never give a sign of order."""

from collections.abc import Sequence

import numpy as np
import pytest

from evals.agreement import Scored
from evals.essays import GradedEssay
from evals.fitting import FITTED, SIGNS, Case, Fit, by_question, fit_order, left_out
from evals.questions import Question, essay_questions
from evals.statistics import Array

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
    assert [(row[0], row[1], row[-2]) for row in table.rows] == [("a", 2, "1 of 2"), ("b", 1, "0 of 0")]


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


def test_nobody_is_judged_by_a_fit_on_the_own_essays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of signs, weights of signals and cut points for one author's essays come from the other author's alone."""
    cases = [Case(_essay(author, place), {name: {} for name in FITTED}, 0, None) for author in ("first", "second") for place in range(3)]
    fitted_on: list[set[str]] = []

    def seen(chosen: Sequence[Case], *_: object) -> None:
        fitted_on.append({case.author for case in chosen})

    def fake(chosen: Sequence[Case], name: str, rows: Array) -> Fit:
        seen(chosen)
        return Fit([name], np.ones(rows.shape[1]), 0.0, [2.0] * 4 if {case.author for case in chosen} == {"first"} else [-2.0] * 4)

    monkeypatch.setattr("evals.fitting.fit_order", seen)
    monkeypatch.setattr("evals.fitting.fit", fake)
    alone = left_out(cases, lambda case: case.author)
    assert all(authors in ({"first"}, {"second"}) for authors in fitted_on)
    assert {(one.essay.author, one.given["accuracy"]) for one in alone} == {("first", 4), ("second", 0)}


def _essay(author: str, place: int) -> GradedEssay:
    return GradedEssay(f"{author}-{place}", ONE, "Some words.", LEVELS, 0, 4, "good", "plain", None, author)
