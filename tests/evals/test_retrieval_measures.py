"""The measures of a ranked list, against examples worked out by hand, and the baseline that only counts words."""

from math import log2

import pytest

from evals.ablation import paired
from evals.bm25 import Bm25
from evals.ranking_measures import Measured, measure, ndcg, precision, recall

GRADES = {"a": 3, "b": 2, "c": 1}


def test_precision_counts_missing_places() -> None:
    """Two of five places hold something relevant, though only three places are filled."""
    assert precision(["a", "x", "b"], {"a", "b"}, 5) == 0.4


def test_recall_is_of_all_that_is_relevant() -> None:
    """One of two is found; where nothing is relevant, nothing can be."""
    assert recall(["x", "b"], {"a", "b"}, 10) == 0.5
    assert recall(["x"], set(), 10) == 0


def test_ndcg_by_hand() -> None:
    """Gains 7, 3, 1: the best order is 1; with the best one second it is what the definition says."""
    assert ndcg(["a", "b", "c"], GRADES, 10) == 1
    ideal = 7 + 3 / log2(3) + 1 / 2
    assert ndcg(["x", "a"], GRADES, 10) == pytest.approx(7 / log2(3) / ideal)
    assert ndcg(["x"], {}, 10) == 0


def test_the_lowest_relevant_grade_is_given() -> None:
    """With 2 the third of three is not relevant, with 1 it is."""
    assert measure(["c"], GRADES, 2) == Measured(0.0, pytest.approx(1 / (7 + 3 / log2(3) + 1 / 2)), 0.0, 0.0)
    assert measure(["c"], GRADES, 1)[2:] == (pytest.approx(1 / 3), 1.0)


def test_bm25_prefers_rare_words_and_short_texts() -> None:
    """A word in one text weighs more than one in all; of two texts with the same word the shorter is first; none without a match."""
    texts = {"long": "a course about sql and many other things that take time", "short": "a course about sql", "other": "a course about go"}
    index = Bm25(texts)
    assert index.rank("sql course", 10) == ["short", "long", "other"]
    assert index.rank("pottery", 10) == []


def test_differences_are_paired() -> None:
    """Where every query gains the same, the interval is that gain, however different the queries are."""
    value, interval = paired([0.2, 0.6, 1.0], [0.0, 0.4, 0.8])
    assert (value, *interval) == pytest.approx((0.2, 0.2, 0.2))
