"""How an answer is judged, between form and value: a rule, a rubric or signals, by the question's type and format."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from assay.domain.questions import QuestionFormat, QuestionType
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
from assay.services.question_edits import QuestionWrite
from assay.web.admin import question_rubric, question_signals
from assay.web.admin.entries import Entries
from assay.web.admin.question_options import ReadOptions
from assay.web.admin.reading import Problems, attempt, given, number
from assay.web.answers import number_text

_F: Final = QuestionFormat


def put_blank(entries: Entries, kind: QuestionType, form: QuestionFormat) -> None:
    """The fields of a new question."""
    if kind is QuestionType.ESSAY:
        question_rubric.put_blank(entries)
    elif kind is QuestionType.PROFILE:
        question_signals.put_blank(entries, form)
    elif form is _F.MATCHING:
        for row in (1, 2, 3):
            entries.put(f"left-{row}-text", "")
            entries.put(f"partner-{row}-text", "")
    elif form is _F.SHORT_TEXT:
        entries.put("accepted-1-text", "")


def put(entries: Entries, question: QuestionWrite) -> None:
    """Write how `question` is judged into the form, whose options are in it already."""
    if question.rubric is not None:
        question_rubric.put(entries, question.rubric)
    if question.signals is not None:
        question_signals.put(entries, question.signals)
    if question.rule is not None:
        _put_rule(entries, question.rule)


def read(entries: Entries, options: ReadOptions, problems: Problems) -> dict[str, Any]:
    """The judge as the form says, under the name it has in a question; none while it does not fit."""
    match entries.get("type"):
        case QuestionType.ESSAY:
            return given(rubric=question_rubric.read(entries, problems))
        case QuestionType.PROFILE:
            return given(signals=question_signals.read(entries, options, problems))
        case _:
            return given(rule=_RULES.get(entries.get("format"), _nothing)(entries, options, problems))


def _put_rule(entries: Entries, rule: ScoringRule) -> None:
    rows = {entries.get(f"option-{row}-id"): row for row in entries.rows("option")}
    match rule:
        case SingleChoiceRule() | TrueFalseRule():
            entries.put("right", rows[rule.correct])
        case MultipleChoiceRule():
            entries.put("right", *(row for option, row in rows.items() if option in rule.correct))
        case OrderingRule():
            for place, option in enumerate(rule.correct, start=1):
                entries.put(f"option-{rows[option]}-place", place)
        case MatchingRule():
            _put_pairs(entries, rule)
        case NumericRule():
            entries.put("value", number_text(rule.value))
            entries.put("tolerance", number_text(rule.tolerance))
            entries.put("relative", number_text(rule.relative_tolerance))
        case ShortTextRule():
            for row, text in enumerate(rule.accepted, start=1):
                entries.put(f"accepted-{row}-text", text)
            entries.put("cases", *(["yes"] if rule.case_sensitive else []))


def _put_pairs(entries: Entries, rule: MatchingRule) -> None:
    partners = {entries.get(f"partner-{row}-id"): row for row in entries.rows("partner")}
    for row in entries.rows("left"):
        entries.put(f"left-{row}-partner", partners[rule.pairs[entries.get(f"left-{row}-id")]])


def _one_right(entries: Entries, options: ReadOptions, problems: Problems) -> SingleChoiceRule | TrueFalseRule | None:
    right = _right(entries, options)
    if len(right) != 1:
        problems.setdefault("option", "Mark which one is right.")
        return None
    if entries.get("format") == _F.TRUE_FALSE:
        return attempt(problems, TrueFalseRule, {"correct": right[0]}, _option)
    return attempt(problems, SingleChoiceRule, {"correct": right[0]}, _option)


def _several_right(entries: Entries, options: ReadOptions, problems: Problems) -> MultipleChoiceRule | None:
    right = _right(entries, options)
    if not right:
        problems.setdefault("option", "Mark at least one that is right.")
        return None
    return attempt(problems, MultipleChoiceRule, {"correct": right}, _option)


def _in_order(entries: Entries, options: ReadOptions, problems: Problems) -> OrderingRule | None:
    ids = options.ids["option"]
    said = {row: number(entries.get(f"option-{row}-place")) for row in ids}
    for row, place in said.items():
        if not isinstance(place, int) or not 1 <= place <= len(ids):
            problems[f"option-{row}-place"] = f"Write its place, 1 to {len(ids)}."
        elif list(said.values()).count(place) > 1:
            problems[f"option-{row}-place"] = f"Place {place} is given twice."
    if any(f"option-{row}-place" in problems for row in ids) or options.value is None:
        return None
    return attempt(problems, OrderingRule, {"correct": [ids[row] for row in sorted(ids, key=lambda row: str(said[row]).zfill(3))]}, _option)


def _in_pairs(entries: Entries, options: ReadOptions, problems: Problems) -> MatchingRule | None:
    left, partners = options.ids["left"], options.ids["partner"]
    pairs: dict[str, str] = {}
    for row, item in left.items():
        partner = number(entries.get(f"left-{row}-partner"))
        if isinstance(partner, int) and partner in partners:
            pairs[item] = partners[partner]
        else:
            problems[f"left-{row}-partner"] = "Choose its partner."
    if len(pairs) < len(left) or options.value is None:
        return None
    return attempt(problems, MatchingRule, {"pairs": pairs}, lambda _: "left")


def _within(entries: Entries, _options: ReadOptions, problems: Problems) -> NumericRule | None:
    relative = number(entries.get("relative"))
    raw = given(value=number(entries.get("value")), tolerance=number(entries.get("tolerance")), relative_tolerance=relative)
    return attempt(problems, NumericRule, raw, lambda place: "relative" if "relative" in str(place[0]) else str(place[0]))


def _accepted(entries: Entries, _options: ReadOptions, problems: Problems) -> ShortTextRule | None:
    said = [entries.get(f"accepted-{row}-text") for row in entries.rows("accepted")]
    raw = {"accepted": [text for text in said if text.strip()], "case_sensitive": entries.get("cases") == "yes"}
    return attempt(problems, ShortTextRule, raw, lambda _: "accepted")


def _nothing(_entries: Entries, _options: ReadOptions, _problems: Problems) -> None:
    return None


def _right(entries: Entries, options: ReadOptions) -> list[str]:
    ids = options.ids.get("option", {})
    return [option for row, option in ids.items() if str(row) in entries.every("right")]


def _option(_place: object) -> str:
    return "option"


_RULES: Final[Mapping[str, Callable[[Entries, ReadOptions, Problems], ScoringRule | None]]] = {
    _F.SINGLE_CHOICE: _one_right,
    _F.TRUE_FALSE: _one_right,
    _F.MULTIPLE_CHOICE: _several_right,
    _F.ORDERING: _in_order,
    _F.MATCHING: _in_pairs,
    _F.NUMERIC: _within,
    _F.SHORT_TEXT: _accepted,
}
