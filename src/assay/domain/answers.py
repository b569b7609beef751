"""The shape of an answer: whether a given answer can be one to a given question, before anybody asks whether it is right."""

from typing import Any

from assay.domain.questions import MatchingOptions, QuestionContent, QuestionFormat, TextOptions
from assay.domain.rules import is_finite
from assay.kit.text import storable

_F = QuestionFormat


def objection(content: QuestionContent, answer: Any) -> str | None:  # noqa: PLR0911 - one arm per format
    """What is wrong with `answer` as an answer to `content`, in a sentence; None when it fits. `None` clears an answer and always fits."""
    if answer is None:
        return None
    match content.format:
        case _F.SINGLE_CHOICE | _F.TRUE_FALSE | _F.LIKERT:
            return _one_option(content.option_ids(), answer)
        case _F.MULTIPLE_CHOICE:
            return _options(content.option_ids(), answer)
        case _F.ORDERING | _F.RANKING:
            return _options(content.option_ids(), answer) or _all_of(content.option_ids(), answer)
        case _F.MATCHING:
            return _pairs(content.options, answer)
        case _F.NUMERIC:
            return _number(answer)
        case _F.SHORT_TEXT | _F.FREE_TEXT | _F.ESSAY:
            return _text(content.options, answer)


def is_blank(answer: Any) -> bool:
    """Whether the question counts as unanswered: nothing, no option, or only white space."""
    return answer is None or answer in ([], {}) or (isinstance(answer, str) and not answer.strip())


def _one_option(known: set[str], answer: object) -> str | None:
    if not isinstance(answer, str):
        return "expected the id of one option"
    return None if answer in known else "no such option"


def _options(known: set[str], answer: object) -> str | None:
    if not isinstance(answer, list) or not all(isinstance(item, str) for item in answer):
        return "expected a list of option ids"
    if not set(answer) <= known:
        return "no such option"
    return "an option is named twice" if len(set(answer)) != len(answer) else None


def _all_of(known: set[str], answer: list[str]) -> str | None:
    return None if not answer or set(answer) == known else "every option must be put in order"


def _pairs(options: object, answer: object) -> str | None:
    if not isinstance(options, MatchingOptions) or not isinstance(answer, dict):
        return "expected an object from left ids to right ids"
    left, right = {option.id for option in options.left}, {option.id for option in options.right}
    if not set(answer) <= left:
        return "no such item on the left"
    return None if all(isinstance(item, str) and item in right for item in answer.values()) else "no such item on the right"


def _number(answer: object) -> str | None:
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return "expected a number"
    return None if is_finite(answer) else "expected a finite number"


def _text(options: object, answer: object) -> str | None:
    if not isinstance(answer, str):
        return "expected text"
    limit = options.max_length if isinstance(options, TextOptions) else None
    if limit is not None and len(answer) > limit:
        return f"longer than {limit} characters ({len(answer)})"
    try:
        storable(answer)
    except ValueError as error:
        return str(error)
    return None
