"""A question as a QTI 3 item (1EdTech Question and Test Interoperability 3.0), with notes on what the item cannot say.

Partial credit becomes a mapping where QTI's `mapResponse` gives the same points: multiple choice (right minus wrong over right, not below
0) and matching (share of right pairs). The credit for an order by Kendall's tau has no equivalent: there it is all or nothing.
"""

from decimal import Decimal
from typing import Any, Final, NamedTuple

from lxml import etree

from assay.domain.question_exchange import Carried, ExchangedQuestion, Note, NoteCode
from assay.domain.questions import MatchingOptions, NumericOptions, Option, QuestionContent, QuestionFormat, QuestionType, TextOptions
from assay.domain.rubric import MAX_LEVEL, Dimension, Rubric
from assay.domain.rules import MatchingRule, MultipleChoiceRule, NumericRule, OrderingRule, ShortTextRule
from assay.qti import identifiers, prose, xml

QTI: Final = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
RESPONSE: Final = "RESPONSE"
EXPLANATION: Final = "explanation"
UNIT: Final = "assay-unit"
_F = QuestionFormat
_BASE: Final = {_F.NUMERIC: "float", _F.MATCHING: "directedPair", _F.SHORT_TEXT: "string", _F.FREE_TEXT: "string", _F.ESSAY: "string"}
_CARDINALITY: Final = {_F.MULTIPLE_CHOICE: "multiple", _F.MATCHING: "multiple", _F.ORDERING: "ordered", _F.RANKING: "ordered"}
_MAPPED: Final = (MultipleChoiceRule, MatchingRule, ShortTextRule)


class Item(NamedTuple):
    """A question on its way out: the document, what is carried beside it, and what other systems do not get."""

    document: bytes
    carried: Carried
    notes: tuple[Note, ...]


def write(question: ExchangedQuestion) -> Item:
    """The item of a question."""
    content, characters = _without_forbidden(question.content)
    title = " ".join(content.prompt.split())
    root = etree.Element(f"{{{QTI}}}qti-assessment-item", nsmap={None: QTI})  # type: ignore[dict-item]  # None is the default namespace
    for name, value in (
        ("identifier", question.slug),
        ("title", f"{title[:79]}…" if len(title) > 80 else title),
        ("adaptive", "false"),
        ("time-dependent", "false"),
    ):
        root.set(name, value)
    _declare_response(root, content)
    _declare_outcomes(root, content)
    _write_body(root, content)
    _write_processing(root, content)
    if content.explanation:
        shown = {"outcome-identifier": "FEEDBACK", "identifier": EXPLANATION, "show-hide": "show"}
        prose.write(_add(_add(root, "qti-modal-feedback", **shown), "qti-content-body"), content.explanation)
    return Item(xml.serialise(root), Carried.of(content, question.difficulty, question.tracks), (*characters, *_notes(content)))


def _without_forbidden(content: QuestionContent) -> tuple[QuestionContent, tuple[Note, ...]]:
    said = content.model_dump(by_alias=False, exclude={"rubric", "signals"})  # which travel as JSON, where all can be told
    if (cleaned := _cleaned(said)) == said:
        return content, ()
    note = Note(code=NoteCode.CHARACTERS, message="Control characters, which XML cannot hold, are replaced.")
    return QuestionContent.model_validate({**cleaned, "rubric": content.rubric, "signals": content.signals}), (note,)


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return prose.allowed(value)
        case dict():
            return {name: _cleaned(each) for name, each in value.items()}
        case list() | tuple():
            return type(value)(_cleaned(each) for each in value)
        case _:
            return value


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{QTI}}}{name}", {key.replace("_", "-"): value for key, value in attributes.items()})
    child.text = text
    return child


def _declare_response(root: etree._Element, content: QuestionContent) -> None:
    declared = _add(
        root,
        "qti-response-declaration",
        identifier=RESPONSE,
        cardinality=_CARDINALITY.get(content.format, "single"),
        base_type=_BASE.get(content.format, "identifier"),
    )
    if right := _right(content):
        answer = _add(declared, "qti-correct-response")
        for value in right:
            _add(answer, "qti-value", value)
    _write_mapping(declared, content)


def _right(content: QuestionContent) -> list[str]:  # noqa: PLR0911 - one arm per rule
    match content.rule:
        case None:
            return []
        case MultipleChoiceRule(correct=correct):
            return [identifiers.written(option.id) for option in _choices(content) if option.id in correct]
        case OrderingRule(correct=order):
            return list(map(identifiers.written, order))
        case MatchingRule():
            return _pairs(content.rule)
        case NumericRule(value=value):
            return [repr(value)]
        case ShortTextRule(accepted=accepted):
            return [accepted[0]]
        case rule:
            return [identifiers.written(rule.correct)]


def _pairs(rule: MatchingRule) -> list[str]:
    return [f"{identifiers.written(left)} {identifiers.written(right)}" for left, right in rule.pairs.items()]


def _choices(content: QuestionContent) -> tuple[Option, ...]:
    return content.options if isinstance(content.options, tuple) else ()


def points(content: QuestionContent) -> dict[str, float]:
    """What `mapResponse` adds up for each value of a response, by identifier, where that gives the points of the question's rule."""
    match content.rule:
        case MultipleChoiceRule(correct=correct):
            share = 1 / len(correct)
            return {identifiers.written(each.id): share if each.id in correct else -share for each in _choices(content)}
        case MatchingRule() as rule:
            return dict.fromkeys(_pairs(rule), 1 / len(rule.pairs))
        case ShortTextRule(accepted=accepted):
            return dict.fromkeys(accepted, 1.0)
        case _:
            return {}


def _write_mapping(declared: etree._Element, content: QuestionContent) -> None:
    if not (mapped := points(content)):
        return
    mapping = _add(declared, "qti-mapping", lower_bound="0", upper_bound="1", default_value="0")
    exact = {} if not isinstance(content.rule, ShortTextRule) else {"case_sensitive": str(content.rule.case_sensitive).lower()}
    for key, value in mapped.items():
        _add(mapping, "qti-map-entry", map_key=key, mapped_value=repr(value), **exact)


def _declare_outcomes(root: etree._Element, content: QuestionContent) -> None:
    if content.rule is not None:
        score = _outcome(root, "SCORE", normal_minimum="0", normal_maximum="1")
        _add(_add(score, "qti-default-value"), "qti-value", "0")
    if content.rubric is not None:
        for dimension in Dimension:
            _outcome(root, dimension.upper(), normal_minimum="0", normal_maximum=str(MAX_LEVEL), external_scored="human")
    if content.explanation:
        _outcome(root, "FEEDBACK", base_type="identifier")


def _outcome(root: etree._Element, identifier: str, *, base_type: str = "float", **more: str) -> etree._Element:
    return _add(root, "qti-outcome-declaration", identifier=identifier, cardinality="single", base_type=base_type, **more)


def _write_body(root: etree._Element, content: QuestionContent) -> None:
    body = _add(root, "qti-item-body")
    prose.write(_add(body, "div"), content.prompt)
    match content.options:
        case MatchingOptions(left=left, right=right):
            match_ = _add(body, "qti-match-interaction", response_identifier=RESPONSE, shuffle="false", max_associations=str(len(left)))
            for column, times in ((left, "1"), (right, "0")):
                _write_choices(_add(match_, "qti-simple-match-set"), "qti-simple-associable-choice", column, match_max=times)
        case NumericOptions(unit=unit):
            line = _add(body, "p")
            _add(line, "qti-text-entry-interaction", response_identifier=RESPONSE).tail = " " if unit else None
            if unit:
                _add(line, "span", unit, **{"class": UNIT})
        case TextOptions(max_length=longest):
            entry = content.format is QuestionFormat.SHORT_TEXT
            name = "qti-text-entry-interaction" if entry else "qti-extended-text-interaction"
            _add(_add(body, "p") if entry else body, name, response_identifier=RESPONSE, expected_length=str(longest))
        case options:
            _write_choice(body, content, options)
    if content.rubric is not None:
        _write_rubric(body, content.rubric)


def _write_choice(body: etree._Element, content: QuestionContent, options: tuple[Option, ...]) -> None:
    if content.format in {QuestionFormat.ORDERING, QuestionFormat.RANKING}:
        interaction = _add(body, "qti-order-interaction", response_identifier=RESPONSE, shuffle="false")
    else:
        most = "0" if content.format is QuestionFormat.MULTIPLE_CHOICE else "1"
        shown = {"class": "qti-orientation-horizontal"} if content.format is QuestionFormat.LIKERT else {}
        interaction = _add(body, "qti-choice-interaction", response_identifier=RESPONSE, shuffle="false", max_choices=most, **shown)
    _write_choices(interaction, "qti-simple-choice", options)


def _write_choices(parent: etree._Element, name: str, options: tuple[Option, ...], **attributes: str) -> None:
    for option in options:
        prose.write(_add(parent, name, identifier=identifiers.written(option.id), **attributes), option.text, inline=True)


def _write_rubric(body: etree._Element, rubric: Rubric) -> None:
    """For the people who score elsewhere: in words, since QTI has no levels. `manifest` carries the rubric itself."""
    block = _add(_add(body, "qti-rubric-block", use="scoring", view="scorer"), "qti-content-body")
    _add(block, "p", "A good answer makes these points:")
    listed = _add(block, "ul")
    for point in rubric.key_points:
        _add(listed, "li", prose.allowed(point.text))
    for dimension in Dimension:
        described = rubric.dimension(dimension)
        _add(block, "p", f"{dimension.capitalize()}, weight {described.weight:g}:")
        for level, text in enumerate(described.levels):
            _add(block, "p", f"{level}: {prose.allowed(text)}")
    if rubric.grader_notes:
        _add(block, "p", prose.allowed(rubric.grader_notes))


def _write_processing(root: etree._Element, content: QuestionContent) -> None:
    if content.rule is None and not content.explanation:
        return
    processing = _add(root, "qti-response-processing")
    if isinstance(content.rule, _MAPPED):
        _add(_add(processing, "qti-set-outcome-value", identifier="SCORE"), "qti-map-response", identifier=RESPONSE)
    elif content.rule is not None:
        condition = _add(processing, "qti-response-condition")
        when = _add(condition, "qti-response-if")
        _write_test(when, content)
        _set(when, "SCORE", "float", "1")
        _set(_add(condition, "qti-response-else"), "SCORE", "float", "0")
    if content.explanation:
        _set(processing, "FEEDBACK", "identifier", EXPLANATION)


def _set(parent: etree._Element, outcome: str, base_type: str, value: str) -> None:
    _add(_add(parent, "qti-set-outcome-value", identifier=outcome), "qti-base-value", value, base_type=base_type)


def _write_test(when: etree._Element, content: QuestionContent) -> None:
    if not isinstance(content.rule, NumericRule):
        _compare(_add(when, "qti-match"))
        return
    rule = content.rule
    modes = {"absolute": _decimal(rule.tolerance), "relative": _decimal(rule.relative_tolerance, 100)}  # QTI counts in percent
    allowed = {mode: amount for mode, amount in modes.items() if amount != "0"}
    place = _add(when, "qti-or") if len(allowed) > 1 else when
    for mode, amount in allowed.items():
        _compare(_add(place, "qti-equal", tolerance_mode=mode, tolerance=f"{amount} {amount}"))
    if not allowed:
        _compare(_add(place, "qti-equal", tolerance_mode="exact"))


def _decimal(number: float, times: int = 1) -> str:
    return format((Decimal(repr(number)) * times).normalize(), "f")


def _compare(test: etree._Element) -> None:
    _add(test, "qti-variable", identifier=RESPONSE)
    _add(test, "qti-correct", identifier=RESPONSE)


_LOSSES: Final = {
    NoteCode.SIGNALS: "What the answers say of interests and experience has no equivalent; it is carried as Assay's own metadata.",
    NoteCode.RUBRIC: "Levels, weights, key points and caps of the rubric have no equivalent: scorers elsewhere read them as text. "
    "Assay's own metadata carries them whole.",
    NoteCode.ORDER_CREDIT: "Partial credit for an order that is nearly right has no equivalent: elsewhere it is all or nothing.",
    NoteCode.FOLDING: "Elsewhere spaces and punctuation around an answer may count.",
    NoteCode.MIN_WORDS: "The least number of words has no equivalent; it is carried as Assay's own metadata.",
}


def _notes(content: QuestionContent) -> list[Note]:
    found = {
        NoteCode.SIGNALS: content.type is QuestionType.PROFILE,
        NoteCode.RUBRIC: content.rubric is not None,
        NoteCode.ORDER_CREDIT: isinstance(content.rule, OrderingRule),
        NoteCode.FOLDING: isinstance(content.rule, ShortTextRule),
        NoteCode.MIN_WORDS: isinstance(content.options, TextOptions) and content.options.min_words is not None,
    }
    return [Note(code=code, message=_LOSSES[code]) for code, holds in found.items() if holds]
