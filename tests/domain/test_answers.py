"""The shape of an answer, format by format: what fits, what is objected to and in which words."""

import math
import re
from typing import Any

import pytest
from factories import JUDGED, question
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.answers import is_blank, objection
from assay.domain.rules import score

EVERY = list(JUDGED)
FITTING: list[tuple[str, str, Any]] = [
    ("theoretical", "singleChoice", "a"),
    ("theoretical", "trueFalse", "false"),
    ("theoretical", "multipleChoice", ["d", "a"]),
    ("theoretical", "multipleChoice", []),
    ("theoretical", "ordering", ["b", "a", "c"]),
    ("theoretical", "ordering", []),
    ("theoretical", "matching", {"l1": "r3", "l2": "r3"}),
    ("theoretical", "matching", {"l1": "r1"}),
    ("theoretical", "matching", {}),
    ("theoretical", "numeric", 12),
    ("theoretical", "numeric", -0.5),
    ("theoretical", "numeric", 1e308),
    ("theoretical", "shortText", "x" * 80),
    ("theoretical", "shortText", ""),
    ("profile", "likert", "p3"),
    ("profile", "ranking", ["c", "b", "a"]),
    ("profile", "freeText", "Zeilen\nund 🙂 \u202e"),
    ("essay", "essay", "x" * 8_000),
]
REFUSED: list[tuple[str, str, Any, str]] = [
    ("theoretical", "singleChoice", "z", "no such option"),
    ("theoretical", "singleChoice", "A", "no such option"),
    ("theoretical", "singleChoice", ["a"], "one option"),
    ("theoretical", "singleChoice", 1, "one option"),
    ("theoretical", "trueFalse", True, "one option"),
    ("theoretical", "trueFalse", "yes", "no such option"),
    ("profile", "likert", 3, "one option"),
    ("theoretical", "multipleChoice", "a", "list"),
    ("theoretical", "multipleChoice", {"a": True}, "list"),
    ("theoretical", "multipleChoice", ["a", 1], "list"),
    ("theoretical", "multipleChoice", [["a"]], "list"),
    ("theoretical", "multipleChoice", ["a", None], "list"),
    ("theoretical", "multipleChoice", ["a", "z"], "no such option"),
    ("theoretical", "multipleChoice", ["a", "a"], "twice"),
    ("theoretical", "ordering", ["a", "b"], "every option"),
    ("theoretical", "ordering", ["a", "b", "b"], "twice"),
    ("theoretical", "ordering", ["a", "b", "z"], "no such option"),
    ("profile", "ranking", ["a"], "every option"),
    ("profile", "ranking", "abc", "list"),
    ("theoretical", "matching", ["l1", "r1"], "object"),
    ("theoretical", "matching", "l1", "object"),
    ("theoretical", "matching", {"z": "r1"}, "on the left"),
    ("theoretical", "matching", {"r1": "l1"}, "on the left"),
    ("theoretical", "matching", {"l1": "l2"}, "on the right"),
    ("theoretical", "matching", {"l1": None}, "on the right"),
    ("theoretical", "matching", {"l1": ["r1"]}, "on the right"),
    ("theoretical", "matching", {"l1": {"r1": 1}}, "on the right"),
    ("theoretical", "numeric", True, "a number"),
    ("theoretical", "numeric", False, "a number"),
    ("theoretical", "numeric", "12", "a number"),
    ("theoretical", "numeric", [12], "a number"),
    ("theoretical", "numeric", math.nan, "finite"),
    ("theoretical", "numeric", math.inf, "finite"),
    ("theoretical", "numeric", -math.inf, "finite"),
    ("theoretical", "numeric", 10**400, "finite"),
    ("theoretical", "numeric", -(10**400), "finite"),
    ("theoretical", "shortText", 5, "text"),
    ("theoretical", "shortText", ["text"], "text"),
    ("theoretical", "shortText", "x" * 81, "longer than 80 characters \\(81\\)"),
    ("theoretical", "shortText", "nul\x00", "NUL"),
    ("profile", "freeText", "half \ud83d", "surrogate"),
    ("profile", "freeText", "x" * 501, "longer than 500"),
    ("essay", "essay", {"text": "essay"}, "text"),
    ("essay", "essay", "x" * 8_001, "longer than 8000"),
    ("essay", "essay", "\x00", "NUL"),
    ("essay", "essay", "\udfff\ud800", "surrogate"),
]
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["a", "l1", "r1", "true", 10**400])
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3))


@pytest.mark.parametrize(("kind", "form", "answer"), FITTING)
def test_a_fitting_answer_meets_no_objection(kind: str, form: str, answer: Any) -> None:
    """What a page or a client sends in earnest is taken, the bounds included."""
    assert objection(question(kind, form), answer) is None


@pytest.mark.parametrize(("kind", "form", "answer", "words"), REFUSED)
def test_a_misfit_is_objected_to_in_words(kind: str, form: str, answer: Any, words: str) -> None:
    """Wrong types, foreign and repeated ids, numbers that are none, text that cannot be stored: each is named."""
    found = objection(question(kind, form), answer)
    assert found is not None
    assert re.search(words, found)


@pytest.mark.parametrize(("kind", "form"), EVERY)
def test_null_clears_any_answer(kind: str, form: str) -> None:
    """Every format takes null, which counts as unanswered."""
    assert objection(question(kind, form), None) is None
    assert is_blank(None)


@given(st.sampled_from(EVERY), anything)
def test_any_answer_is_judged_without_an_exception(place: tuple[str, str], answer: Any) -> None:
    """Whatever arrives, the reply is a sentence or nothing; what is accepted can be stored and scored."""
    content = question(*place)
    found = objection(content, answer)
    assert found is None or found.strip()
    if found is None and content.rule is not None:
        assert 0.0 <= score(content.rule, answer) <= 1.0


@pytest.mark.parametrize(("kind", "form", "answer"), FITTING)
def test_an_objection_never_repeats_the_answer(kind: str, form: str, answer: Any) -> None:
    """A refusal is logged and shown: it holds nothing of what the student wrote."""
    found = objection(question(kind, form), {"canary-7f": answer})
    assert found is None or "canary-7f" not in found


@pytest.mark.parametrize("answer", [None, "", "  \n\t", [], {}])
def test_blank_answers(answer: Any) -> None:
    """Nothing, white space and empty collections are no answers."""
    assert is_blank(answer)


@pytest.mark.parametrize("answer", [0, 0.0, False, "0", "a", ["a"], {"l1": "r1"}, " x "])
def test_answers_that_are_not_blank(answer: Any) -> None:
    """Zero is an answer."""
    assert not is_blank(answer)
