"""A question as its fields in words: what versions are compared by."""

from collections.abc import Iterator, Mapping

from assay.domain.questions import MatchingOptions, NumericOptions, Option, QuestionContent, TextOptions
from assay.domain.rubric import Dimension, Rubric
from assay.domain.rules import (
    MatchingRule,
    MultipleChoiceRule,
    NumericRule,
    OrderingRule,
    ScoringRule,
    ShortTextRule,
    SingleChoiceRule,
    TrueFalseRule,
)
from assay.domain.signals import SignalRule, TextSignals
from assay.services.question_edits import QuestionRead
from assay.web.admin import words
from assay.web.admin.differences import Labelled
from assay.web.answers import number_text


def of_content(content: QuestionContent) -> Labelled:
    """What is asked and how it is judged."""
    return [pair for pair in _content(content) if pair[1]]


def of_question(question: QuestionRead) -> Labelled:
    """The same with its place in the bank."""
    return [
        *of_content(question.content),
        ("Difficulty", words.DIFFICULTIES[question.difficulty]),
        ("Tracks", ", ".join(question.tracks)),
        ("Asked", "yes" if question.is_active else "no"),
    ]


def _content(content: QuestionContent) -> Iterator[tuple[str, str]]:
    yield "Prompt", content.prompt
    yield from _options(content)
    texts = option_texts(content)
    if content.rule is not None:
        yield from _rule(content.rule, texts)
    if content.rubric is not None:
        yield from _rubric(content.rubric)
    if content.signals is not None:
        yield "What an answer says", _signals(content.signals, texts)
    yield "Skills", ", ".join(content.skills)
    yield "Explanation", content.explanation


def _options(content: QuestionContent) -> Iterator[tuple[str, str]]:
    match content.options:
        case MatchingOptions(left=left, right=right):
            yield "Items", _listed(left)
            yield "Partners", _listed(right)
        case NumericOptions(unit=unit):
            yield "Unit", unit or ""
        case TextOptions(max_length=most, min_words=least):
            yield "Characters at most", str(most)
            yield "Words at least", "" if least is None else str(least)
        case options:
            yield "Options", _listed(options)


def _rule(rule: ScoringRule, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    match rule:
        case SingleChoiceRule(correct=one) | TrueFalseRule(correct=one):
            yield "Right", texts[one]
        case MultipleChoiceRule(correct=several):
            yield "Right", "\n".join(text for option, text in texts.items() if option in several)
        case OrderingRule(correct=order):
            yield "Right order", "\n".join(f"{place}. {texts[option]}" for place, option in enumerate(order, start=1))
        case MatchingRule(pairs=pairs):
            yield "Right pairs", "\n".join(f"{texts[left]} → {texts[right]}" for left, right in pairs.items())
        case ShortTextRule(accepted=accepted, case_sensitive=strict):
            yield "Accepted answers", "\n".join(accepted)
            yield "Capital and small letters", "must be the same" if strict else "do not matter"
        case NumericRule():
            yield "Right value", number_text(rule.value)
            yield "Tolerance", number_text(rule.tolerance)
            yield "Tolerance as a share", number_text(rule.relative_tolerance)


def _rubric(rubric: Rubric) -> Iterator[tuple[str, str]]:
    for dimension in Dimension:
        part, name = rubric.dimension(dimension), words.DIMENSIONS[dimension]
        for level, text in enumerate(part.levels):
            yield f"{name}, level {level}", text
        yield f"{name}, weight", number_text(part.weight)
    yield "Key points", "\n".join(f"{point.text} (weight {number_text(point.weight)})" for point in rubric.key_points)
    yield "Notes for the grader", rubric.grader_notes


def _signals(rule: SignalRule, texts: Mapping[str, str]) -> str:
    said = rule.phrases if isinstance(rule, TextSignals) else rule.options
    return "\n".join(
        f"{texts.get(cause, cause)}: {', '.join(f'{signal(tag)} {number_text(weight)}' for tag, weight in tags.items()) or 'nothing'}"
        for cause, tags in said.items()
    )


def signal(tag: str) -> str:
    """A signal's tag in words: `Interest in data-modelling`."""
    kind, _, name = tag.partition(":")
    return f"{words.SIGNAL_KINDS.get(kind, kind)} {name}"


def option_texts(content: QuestionContent) -> dict[str, str]:
    """What each option says, both columns of a matching question included."""
    match content.options:
        case MatchingOptions(left=left, right=right):
            return {option.id: option.text for option in (*left, *right)}
        case tuple() as options:
            return {option.id: option.text for option in options}
        case _:
            return {}


def _listed(options: tuple[Option, ...]) -> str:
    return "\n".join(option.text for option in options)
