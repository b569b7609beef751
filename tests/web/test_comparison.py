"""A given answer beside the right one."""

from typing import Any
from uuid import uuid4

import pytest

from assay.domain.questions import QuestionContent
from assay.services.results import TheoryScore
from assay.web.comparison import Line, lines

OPTIONS = [{"id": "a", "text": "Alpha"}, {"id": "b", "text": "Beta"}]
COLUMNS = {
    "left": [{"id": "l1", "text": "One"}, {"id": "l2", "text": "Two"}],
    "right": [{"id": "r1", "text": "x"}, {"id": "r2", "text": "y"}],
}


def compared(asked: str, options: Any, rule: dict[str, Any], answer: Any, correct: Any, credit: float = 0.0) -> tuple[Line, ...]:
    """The lines for an answer."""
    content = QuestionContent.model_validate(
        {"type": "theoretical", "format": asked, "prompt": "A prompt of some length", "options": options, "rule": {"kind": asked, **rule}}
    )
    score = TheoryScore(
        question_id=uuid4(),
        position=1,
        prompt="p",
        answer=answer,
        credit=credit,
        answered=answer is not None,
        correct=correct,
        explanation="",
    )
    return lines(content, score)


def test_choices_show_what_was_picked_and_what_is_right() -> None:
    """Each option says whether it was chosen and whether it is right."""
    assert compared("singleChoice", OPTIONS, {"correct": "a"}, "b", "a") == (
        Line("Alpha", None, "right", fits=False),
        Line("Beta", "chosen", None, fits=False),
    )
    assert compared("multipleChoice", OPTIONS, {"correct": ["a"]}, ["a"], ["a"])[0] == Line("Alpha", "chosen", "right", fits=True)


def test_orders_are_compared_place_by_place() -> None:
    """Each place names what was put there and what belongs there; an unanswered one has nothing."""
    rule = {"correct": ["a", "b"]}
    assert compared("ordering", OPTIONS, rule, ["b", "a"], ("a", "b"))[0] == Line("1", "Beta", "Alpha", fits=False)
    assert compared("ordering", OPTIONS, rule, None, ("a", "b"))[1] == Line("2", None, "Beta", fits=False)


def test_pairs_are_compared_item_by_item() -> None:
    """Each item on the left names both partners."""
    rule = {"pairs": {"l1": "r1", "l2": "r2"}}
    assert compared("matching", COLUMNS, rule, {"l1": "r1"}, rule["pairs"]) == (
        Line("One", "x", "x", fits=True),
        Line("Two", None, "y", fits=False),
    )


@pytest.mark.parametrize(("answer", "given"), [(250, "250 ms"), (None, None)])
def test_numbers_carry_their_unit(answer: int | None, given: str | None) -> None:
    """A number stands with its unit, nothing stands as nothing."""
    assert compared("numeric", {"unit": "ms"}, {"value": 250}, answer, 250.0, 1.0) == (Line("", given, "250 ms", fits=True),)


def test_texts_stand_as_written() -> None:
    """A short text is shown as it was given."""
    options = {"maxLength": 80}
    assert compared("shortText", options, {"accepted": ["If-Match"]}, "Etag", "If-Match") == (Line("", "Etag", "If-Match", fits=False),)
