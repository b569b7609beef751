"""A QTI item, version 3 or 2, as far as Assay has a question for it: one interaction with its right answer, options and texts."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from lxml import etree

from assay.domain.question_exchange import Note, NoteCode, Unreadable
from assay.domain.questions import QuestionFormat
from assay.qti import identifiers, prose, xml
from assay.qti.item_writing import EXPLANATION, UNIT

_F = QuestionFormat
_INTERACTION: Final = "-interaction"
_SHORTEST_POINT: Final = 10
_PROCESSED: Final = frozenset(
    {
        "qti-response-processing",
        "qti-response-condition",
        "qti-response-if",
        "qti-response-else-if",
        "qti-response-else",
        "qti-set-outcome-value",
        "qti-base-value",
        "qti-variable",
        "qti-correct",
        "qti-match",
        "qti-equal",
        "qti-map-response",
        "qti-is-null",
        "qti-not",
        "qti-and",
        "qti-or",
    }
)
"""What response processing may be made of without a note that points are counted otherwise there."""


class ReadItem(NamedTuple):
    """What an item says. `formats` are those its interaction can be; `rule` lacks its `kind` and is None without a right answer."""

    slug: str
    formats: frozenset[QuestionFormat]
    prompt: str
    options: Any
    rule: dict[str, Any] | None
    explanation: str
    points: tuple[str, ...] | None
    """What a rubric for scorers lists; None without one."""
    notes: tuple[Note, ...]


class _Source(NamedTuple):
    """An item while it is read."""

    root: etree._Element
    body: etree._Element
    interaction: etree._Element
    declaration: etree._Element | None
    notes: list[Note]

    def note(self, code: NoteCode, message: str) -> None:
        self.notes.append(Note(code=code, message=message))

    def right(self) -> list[str]:
        """The values of the correct response."""
        answers = [] if self.declaration is None else list(xml.children(self.declaration, "qti-correct-response"))
        return [_said(value) for answer in answers for value in xml.children(answer, "qti-value")]

    def mapped(self) -> dict[str, float]:
        """Points by value."""
        entries = [] if self.declaration is None else list(xml.within(self.declaration, "qti-map-entry"))
        return {xml.attribute(entry, "map-key"): float(_number(xml.attribute(entry, "mapped-value"))) for entry in entries}


def read(document: bytes) -> ReadItem:
    """The item in `document`. Raises `Unreadable`, saying what Assay has no question for."""
    root = xml.parse(document)
    if "imsqti" not in xml.namespace(root) or xml.name(root) != "qti-assessment-item":
        raise Unreadable("is not a QTI item")
    identifier = xml.attribute(root, "identifier")
    if not (slug := identifiers.slug(identifier)):
        raise Unreadable("has no identifier to be called by")
    source = _source(root)
    if slug != identifier:
        source.note(NoteCode.RENAMED, f"Is called {slug} here.")
    formats, options, rule = _READERS[xml.name(source.interaction)](source)
    _note_losses(source)
    return ReadItem(
        slug=slug,
        formats=formats,
        prompt=_prompt(source),
        options=options,
        rule=rule,
        explanation=_explanation(source),
        points=_points(source.body),
        notes=tuple(source.notes),
    )


def _source(root: etree._Element) -> _Source:
    body = next(xml.children(root, "qti-item-body"), None)
    found = [] if body is None else [each for each in body.iterdescendants() if xml.name(each).endswith(_INTERACTION)]
    if body is None or len(found) != 1:
        raise Unreadable(f"has {len(found)} interactions, where a question of Assay has one")
    if (kind := xml.name(found[0])) not in _READERS:
        raise Unreadable(f"asks by {kind.removeprefix('qti-')}, for which there is no question format")
    asked = xml.attribute(found[0], "response-identifier")
    declared = [each for each in xml.children(root, "qti-response-declaration") if xml.attribute(each, "identifier") == asked]
    return _Source(root, body, found[0], declared[0] if declared else None, [])


def _choice(source: _Source) -> tuple[frozenset[QuestionFormat], Any, dict[str, Any] | None]:
    options, ids = _options(source, xml.within(source.interaction, "qti-simple-choice"))
    cardinality = "" if source.declaration is None else xml.attribute(source.declaration, "cardinality")
    mapped, right = source.mapped(), source.right()
    if cardinality == "multiple":
        correct = right or [key for key, value in mapped.items() if value > 0]
        if mapped and {key: value for key, value in mapped.items() if value} != _shares(correct, ids):
            source.note(
                NoteCode.SCORING, "Its own points are not kept: here each right choice gains, and each wrong one loses, an equal share."
            )
        return frozenset({_F.MULTIPLE_CHOICE}), options, {"correct": [_known(ids, each) for each in correct]} if correct else None
    if not right and mapped and max(mapped.values()) > 0:
        right = [max(mapped, key=lambda key: mapped[key])]
    if sum(value > 0 for value in mapped.values()) > 1:
        source.note(NoteCode.SCORING, "Points for the second best choice are not kept: one is right.")
    formats = {_F.SINGLE_CHOICE, _F.LIKERT} | ({_F.TRUE_FALSE} if set(ids.values()) == {"true", "false"} else set())
    return frozenset(formats), options, {"correct": _known(ids, right[0])} if right else None


def _shares(correct: Sequence[str], ids: dict[str, str]) -> dict[str, float]:
    return {key: (1 if key in correct else -1) / len(correct) for key in ids} if correct else {}


def _order(source: _Source) -> tuple[frozenset[QuestionFormat], Any, dict[str, Any] | None]:
    options, ids = _options(source, xml.within(source.interaction, "qti-simple-choice"))
    right = [_known(ids, each) for each in source.right()]
    return frozenset({_F.ORDERING, _F.RANKING}), options, {"correct": right} if right else None


def _match(source: _Source) -> tuple[frozenset[QuestionFormat], Any, dict[str, Any] | None]:
    sets = list(xml.children(source.interaction, "qti-simple-match-set"))
    if len(sets) != 2:
        raise Unreadable("matches other than two columns")
    columns = [_options(source, xml.children(each, "qti-simple-associable-choice")) for each in sets]
    (left, left_ids), (right, right_ids) = columns
    mapped = source.mapped()
    pairs = [pair.split() for pair in source.right() or [key for key, value in mapped.items() if value > 0]]
    if len({pair[0] for pair in pairs}) != len(pairs) or any(len(pair) != 2 for pair in pairs):
        raise Unreadable("joins an item on the left to several on the right, where here each has one partner")
    if len({round(value, 9) for value in mapped.values()}) > 1:
        source.note(NoteCode.SCORING, "Its own points are not kept: here all pairs count the same.")
    joined = {_known(left_ids, one): _known(right_ids, other) for one, other in pairs}
    return frozenset({_F.MATCHING}), {"left": left, "right": right}, {"pairs": joined} if joined else None


def _entry(source: _Source) -> tuple[frozenset[QuestionFormat], Any, dict[str, Any] | None]:
    base = "" if source.declaration is None else xml.attribute(source.declaration, "base-type")
    right = source.right()
    if base in {"float", "integer"}:
        unit = next((_said(each) for each in source.body.iterdescendants() if each.get("class") == UNIT), None)
        return frozenset({_F.NUMERIC}), {"unit": unit} if unit else {}, _tolerated(source, right[0]) if right else None
    mapped = source.mapped()
    accepted = [key for key, value in mapped.items() if value > 0] or right
    if len({value for value in mapped.values() if value > 0}) > 1:
        source.note(NoteCode.SCORING, "Its own points are not kept: here every accepted answer is right in full.")
    entries = [] if source.declaration is None else list(xml.within(source.declaration, "qti-map-entry"))
    used = [each for each in entries if xml.attribute(each, "map-key") in accepted]
    exact = not used or any(xml.attribute(each, "case-sensitive", "true") == "true" for each in used)
    return frozenset({_F.SHORT_TEXT}), _length(source), {"accepted": accepted, "case_sensitive": exact} if accepted else None


def _tolerated(source: _Source, value: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"value": float(_number(value))}
    for test in xml.within(source.root, "qti-equal"):
        mode = xml.attribute(test, "tolerance-mode", "exact")
        if mode == "exact":
            continue
        amounts = [_number(each) for each in xml.attribute(test, "tolerance").split()]
        if len(set(amounts)) != 1:
            source.note(NoteCode.SCORING, "A tolerance that differs below and above is not kept: the smaller one holds on both sides.")
        allowed = min(amounts, default=Decimal(0))
        rule |= {"tolerance": float(allowed)} if mode == "absolute" else {"relative_tolerance": float(allowed / 100)}
    return rule


def _extended(source: _Source) -> tuple[frozenset[QuestionFormat], Any, dict[str, Any] | None]:
    return frozenset({_F.ESSAY, _F.FREE_TEXT}), _length(source), None


def _length(source: _Source) -> dict[str, int]:
    expected = xml.attribute(source.interaction, "expected-length")
    return {"max_length": int(expected)} if expected.isascii() and expected.isdigit() and 0 < int(expected) <= 20_000 else {}


_READERS: Final = {
    "qti-choice-interaction": _choice,
    "qti-order-interaction": _order,
    "qti-match-interaction": _match,
    "qti-text-entry-interaction": _entry,
    "qti-extended-text-interaction": _extended,
}
"""By interaction, how it is read."""


def _options(source: _Source, found: Any) -> tuple[list[dict[str, str]], dict[str, str]]:
    choices = list(found)
    ids = identifiers.read(xml.attribute(each, "identifier") for each in choices)
    options = [{"id": ids[xml.attribute(each, "identifier")], "text": prose.read(each)} for each in choices]
    if any(not option["text"] for option in options):
        raise Unreadable("has an option without text; pictures are not read")
    if any(written not in {found, identifiers.written(found)} for written, found in ids.items()):
        source.note(NoteCode.RENAMED, "Options have other ids here.")
    return options, ids


def _known(ids: dict[str, str], identifier: str) -> str:
    if identifier not in ids:
        raise Unreadable(f"calls {identifier} right, which is no option")
    return ids[identifier]


def _prompt(source: _Source) -> str:
    """What stands around the interaction and in its prompt; a gap in a sentence is told by a line."""
    interaction = source.interaction
    own = [prose.read(each) for each in xml.children(interaction, "qti-prompt")]
    for child in list(interaction):
        interaction.remove(child)
    paragraph = interaction.getparent()
    alone = paragraph is None or not _said(paragraph) or any(each.get("class") == UNIT for each in paragraph)
    if alone and paragraph is not None and paragraph is not source.body and xml.name(interaction) == "qti-text-entry-interaction":
        for child in list(paragraph):
            paragraph.remove(child)
        paragraph.text = None
    elif not alone and xml.name(interaction) == "qti-text-entry-interaction":
        interaction.text = "____"
    return "\n\n".join(part for part in (prose.read(source.body), *own) if part)


def _explanation(source: _Source) -> str:
    shown = _explanations(source)
    return prose.read(shown[0]) if shown else ""


def _explanations(source: _Source) -> list[etree._Element]:
    shown = list(xml.children(source.root, "qti-modal-feedback"))
    return [each for each in shown if xml.attribute(each, "identifier") == EXPLANATION] or shown[:1]


def _points(body: etree._Element) -> tuple[str, ...] | None:
    blocks = [each for each in xml.within(body, "qti-rubric-block") if "scorer" in xml.attribute(each, "view").split()]
    if not blocks:
        return None
    listed = [_said(item) for block in blocks for item in xml.within(block, "li")]
    told = listed or [_said(each) for block in blocks for each in xml.within(block, "p")]
    return tuple(point for point in told if len(point) >= _SHORTEST_POINT)


def _note_losses(source: _Source) -> None:
    all_feedback = list(xml.within(source.root, "qti-modal-feedback", "qti-feedback-inline", "qti-feedback-block"))
    if len(all_feedback) > len(_explanations(source)):
        source.note(NoteCode.FEEDBACK, "Feedback on single answers is not kept; a question here has one explanation.")
    if any(xml.name(each) in xml.MEDIA for each in source.body.iterdescendants()):
        source.note(NoteCode.MEDIA, "Pictures, sound and formulas are left out: look at the prompt before it is asked.")
    steps = [each for part in xml.children(source.root, "qti-response-processing") for each in part.iterdescendants()]
    if any(xml.name(each) not in _PROCESSED for each in steps):
        source.note(NoteCode.SCORING, "Its own response processing is not kept: points are counted by the right answer alone.")


def _said(element: etree._Element) -> str:
    return " ".join("".join(str(part) for part in element.itertext()).split())


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation as error:
        raise Unreadable(f"has {text[:40]!r} where a number should be") from error
    if not number.is_finite():
        raise Unreadable(f"has {text[:40]!r} where a finite number should be")
    return number
