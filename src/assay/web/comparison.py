"""A given answer beside the right one, line by line and in words, whatever the format."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from assay.domain.questions import MatchingOptions, NumericOptions, Option, QuestionContent, QuestionFormat
from assay.services.results import TheoryScore
from assay.web.answers import number_text


class Line(NamedTuple):
    """One thing that was asked: what was given for it and what is right; None is nothing."""

    what: str
    given: str | None
    right: str | None
    fits: bool


def lines(content: QuestionContent, score: TheoryScore) -> tuple[Line, ...]:
    """The answer of `score` beside the right one. `what` is empty where there is nothing to name but the answer itself."""
    match content.options:
        case MatchingOptions() as columns:
            return tuple(_pairs(columns, score.answer, score.correct))
        case tuple() as options if content.format in {QuestionFormat.ORDERING, QuestionFormat.RANKING}:
            return tuple(_places(options, score.answer, score.correct))
        case tuple() as options:
            return tuple(_choices(options, _ids(score.answer), _ids(score.correct)))
        case single:
            unit = single.unit if isinstance(single, NumericOptions) else None
            given, right = _value(score.answer, unit), _value(score.correct, unit)
            return (Line("", given, right, score.credit == 1),)


def _choices(options: tuple[Option, ...], given: set[str], right: set[str]) -> Iterator[Line]:
    for option in options:
        picked, wanted = option.id in given, option.id in right
        yield Line(option.text, "chosen" if picked else None, "right" if wanted else None, picked == wanted)


def _places(options: tuple[Option, ...], given: Any, right: Any) -> Iterator[Line]:
    texts = {option.id: option.text for option in options}
    order = given if isinstance(given, list) else []
    for place, wanted in enumerate(right or []):
        put = order[place] if place < len(order) else None
        yield Line(str(place + 1), texts.get(put or ""), texts.get(wanted), put == wanted)


def _pairs(columns: MatchingOptions, given: Any, right: Any) -> Iterator[Line]:
    texts = {option.id: option.text for option in columns.right}
    joined = given if isinstance(given, dict) else {}
    for left in columns.left:
        put, wanted = joined.get(left.id), (right or {}).get(left.id)
        yield Line(left.text, texts.get(put or ""), texts.get(wanted or ""), put == wanted)


def _ids(answer: Any) -> set[str]:
    return {answer} if isinstance(answer, str) else set(answer or ())


def _value(answer: Any, unit: str | None) -> str | None:
    if answer is None or answer == "":
        return None
    text = number_text(answer) if isinstance(answer, int | float) else str(answer)
    return f"{text} {unit}" if unit else text
