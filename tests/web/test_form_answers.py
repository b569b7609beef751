"""Forms into answers and back."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from starlette.datastructures import FormData

from assay.domain.questions import QuestionContent
from assay.web.answers import Draft, drafts, field_of_answer, fingerprint, number_text

QUESTION = uuid4()
OPTIONS = [{"id": "a", "text": "Alpha"}, {"id": "b", "text": "Beta"}, {"id": "c", "text": "Gamma"}]
COLUMNS = {"left": [{"id": "l1", "text": "1"}, {"id": "l2", "text": "2"}], "right": [{"id": "r1", "text": "x"}, {"id": "r2", "text": "y"}]}
RULES: dict[str, dict[str, Any]] = {
    "singleChoice": {"options": OPTIONS, "rule": {"kind": "singleChoice", "correct": "a"}},
    "multipleChoice": {"options": OPTIONS, "rule": {"kind": "multipleChoice", "correct": ["a"]}},
    "ordering": {"options": OPTIONS, "rule": {"kind": "ordering", "correct": ["a", "b", "c"]}},
    "matching": {"options": COLUMNS, "rule": {"kind": "matching", "pairs": {"l1": "r1", "l2": "r2"}}},
    "numeric": {"options": {"unit": "ms"}, "rule": {"kind": "numeric", "value": 1}},
    "shortText": {"options": {"maxLength": 8}, "rule": {"kind": "shortText", "accepted": ["x"]}},
}


def content(asked: str) -> QuestionContent:
    """A theoretical question of a format."""
    return QuestionContent.model_validate({"type": "theoretical", "format": asked, "prompt": "A prompt of some length", **RULES[asked]})


def draft(asked: str, *pairs: tuple[str, str], shown: str = "") -> Draft:
    """What a form says about one question; names are given without the question's id."""
    named = [(f"answer-{QUESTION}{name}", value) for name, value in pairs]
    return next(drafts(FormData([(f"shown-{QUESTION}", shown), *named]), {QUESTION: content(asked)}))


@pytest.mark.parametrize(
    ("asked", "pairs", "answer"),
    [
        ("singleChoice", [("", "b")], "b"),
        ("singleChoice", [], None),
        ("multipleChoice", [("", "c"), ("", "a")], ["a", "c"]),
        ("multipleChoice", [], None),
        ("ordering", [("-1", "c"), ("-2", "a"), ("-3", "b")], ["c", "a", "b"]),
        ("ordering", [("-1", ""), ("-2", ""), ("-3", "")], None),
        ("matching", [("-l1", "r2"), ("-l2", "")], {"l1": "r2"}),
        ("numeric", [("", " 1 250 ")], 1250),
        ("numeric", [("", "0,5")], 0.5),
        ("numeric", [("", "-2")], -2),
        ("numeric", [("", "")], None),
        ("shortText", [("", "a\r\nb")], "a\nb"),
    ],
)
def test_a_form_becomes_an_answer(asked: str, pairs: list[tuple[str, str]], answer: object) -> None:
    """Every format is read from plain form fields; empty fields are no answer."""
    said = draft(asked, *pairs)
    assert (said.answer, said.problem) == (answer, None)


@pytest.mark.parametrize(
    ("asked", "pairs", "words"),
    [
        ("singleChoice", [("", "z")], "no such option"),
        ("multipleChoice", [("", "z")], "no such option"),
        ("ordering", [("-1", "c"), ("-2", ""), ("-3", "b")], "Fill every place"),
        ("ordering", [("-1", "c"), ("-2", "c"), ("-3", "b")], "“Gamma” stands in more than one place"),
        ("matching", [("-l1", "zz")], "no such item on the right"),
        ("numeric", [("", "about ten")], "Write a number"),
        ("numeric", [("", "1e999")], "finite"),
        ("numeric", [("", "²")], "Write a number"),
        ("shortText", [("", "x" * 9)], "longer than 8"),
        ("shortText", [("", "a\x00b")], "NUL"),
    ],
)
def test_what_is_no_answer_is_named_and_kept(asked: str, pairs: list[tuple[str, str]], words: str) -> None:
    """A field that holds no answer says why, and still holds what was entered."""
    said = draft(asked, *pairs)
    assert said.problem is not None
    assert words in said.problem
    assert said.field.chosen or said.field.text or said.field.pairs or any(said.field.places)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("singleChoice", "b"),
        ("multipleChoice", ["a", "c"]),
        ("ordering", ["c", "a", "b"]),
        ("matching", {"l1": "r2"}),
        ("numeric", 0.25),
        ("numeric", 7),
        ("shortText", "index"),
    ],
)
def test_a_saved_answer_comes_back_unchanged(asked: str, answer: Any) -> None:
    """What a page shows for a saved answer is read as that answer again, and known not to have changed."""
    shown = field_of_answer(content(asked).format, answer)
    pairs = [("", value) for value in sorted(shown.chosen)] + ([("", shown.text)] if shown.text else [])
    pairs += [(f"-{place}", value) for place, value in enumerate(shown.places, start=1)]
    pairs += [(f"-{left}", right) for left, right in (shown.pairs or {}).items()]
    said = draft(asked, *pairs, shown=fingerprint(answer))
    assert (said.answer, said.changed) == (answer, False)


def test_only_questions_that_a_form_shows_are_read() -> None:
    """A form about one question says nothing about the others."""
    form = FormData([(f"answer-{QUESTION}", "a")])
    assert not list(drafts(form, {QUESTION: content("singleChoice")}))


@pytest.mark.parametrize(("text", "known"), [("2026-11-22T10:00:00.000Z", True), ("2026-11-22T10:00:00", False), ("soon", False)])
def test_a_moment_needs_a_zone(text: str, known: bool) -> None:  # noqa: FBT001 - a table of cases
    """The time of an answer is believed when it is a time with a zone, and otherwise left to the server."""
    form = FormData([(f"shown-{QUESTION}", ""), (f"at-{QUESTION}", text), (f"answer-{QUESTION}", "a")])
    said: Draft = next(drafts(form, {UUID(str(QUESTION)): content("singleChoice")}))
    assert (said.answered_at is not None) is known
    assert said.write().answer == "a"


@pytest.mark.parametrize(("number", "text"), [(10.0, "10"), (0.1, "0.1"), (-3, "-3"), (1e21, "1e+21")])
def test_numbers_are_written_plainly(number: float, text: str) -> None:
    """No `.0` and no exponent where none is needed."""
    assert number_text(number) == text
