"""Answers between forms and values: what a form says about a question, and what a saved answer looks like in a form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from starlette.datastructures import FormData

from assay.domain.answers import objection
from assay.domain.questions import MatchingOptions, Option, QuestionContent, QuestionFormat
from assay.kit.hashing import content_hash
from assay.services.responses import ResponseWrite

_F: Final = QuestionFormat
_ONE: Final = frozenset({_F.SINGLE_CHOICE, _F.TRUE_FALSE, _F.LIKERT})
_SORTED: Final = frozenset({_F.ORDERING, _F.RANKING})

# Names of form fields: `shown-ID` stands beside every question of a form and holds the fingerprint of the answer as the page
# showed it; `answer-ID` holds choices, numbers and texts; `answer-ID-1`, … the places of an order; `answer-ID-LEFT` the pairs of
# a matching; `at-ID` the moment of the answer where a script knows it.


@dataclass(frozen=True, slots=True)
class Field:
    """What the fields of one question hold, right or wrong."""

    chosen: frozenset[str] = frozenset()
    places: tuple[str, ...] = ()
    pairs: Mapping[str, str] | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form says about one question: an answer, or why what stands there is none."""

    question_id: UUID
    field: Field
    answer: Any
    problem: str | None
    changed: bool
    answered_at: datetime | None

    def write(self) -> ResponseWrite:
        """The answer on its way in."""
        return ResponseWrite(question_id=self.question_id, answer=self.answer, answered_at=self.answered_at)


def fingerprint(answer: Any) -> str:
    """Tells two answers apart: a form that was opened before a later answer was saved elsewhere must not undo that answer."""
    return content_hash(answer)[:16]


def drafts(form: FormData, contents: Mapping[UUID, QuestionContent]) -> Iterator[Draft]:
    """What `form` says about each question it shows, in the order of `contents`."""
    for question_id, content in contents.items():
        shown = _text(form, f"shown-{question_id}")
        if shown is None:
            continue
        field = _field_of_form(content, form, f"answer-{question_id}")
        answer, problem = _answer(content, field)
        problem = problem or objection(content, answer)
        yield Draft(
            question_id=question_id,
            field=field,
            answer=answer,
            problem=problem,
            changed=problem is not None or fingerprint(answer) != shown,
            answered_at=_moment(_text(form, f"at-{question_id}")),
        )


def field_of_answer(asked: QuestionFormat, answer: Any) -> Field:
    """A saved answer as a form shows it; one of a foreign shape shows as empty."""
    if isinstance(answer, str):
        return Field(chosen=frozenset({answer})) if asked in _ONE else Field(text=answer)
    if isinstance(answer, list):
        return Field(places=tuple(answer)) if asked in _SORTED else Field(chosen=frozenset(answer))
    if isinstance(answer, dict):
        return Field(pairs=answer)
    if isinstance(answer, int | float):
        return Field(text=number_text(answer))
    return Field()


def number_text(number: float) -> str:
    """A number as people write it: no exponent and no `.0` where none is needed."""
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else str(number)


def _field_of_form(content: QuestionContent, form: FormData, name: str) -> Field:
    if content.format in _ONE or content.format is _F.MULTIPLE_CHOICE:
        return Field(chosen=frozenset(value for value in form.getlist(name) if isinstance(value, str) and value))
    if content.format in _SORTED:
        return Field(places=tuple(_text(form, f"{name}-{place}") or "" for place in range(1, len(content.option_ids()) + 1)))
    if isinstance(content.options, MatchingOptions):
        given = {left.id: _text(form, f"{name}-{left.id}") for left in content.options.left}
        return Field(pairs={left: right for left, right in given.items() if right})
    # browsers send line breaks as CR LF, and offsets into an essay count characters
    return Field(text=(_text(form, name) or "").replace("\r\n", "\n"))


def _answer(content: QuestionContent, field: Field) -> tuple[Any, str | None]:
    """The answer that `field` holds, or what is wrong with it."""
    if content.format in _ONE:
        return next(iter(field.chosen), None), None
    if content.format is _F.MULTIPLE_CHOICE:
        known = [option.id for option in _options(content)]
        return sorted(field.chosen, key=lambda each: known.index(each) if each in known else -1) or None, None
    if content.format in _SORTED:
        return _order(content, field.places)
    if content.format is _F.MATCHING:
        return field.pairs or None, None
    if content.format is _F.NUMERIC:
        return _number(field.text)
    return field.text or None, None


def _order(content: QuestionContent, places: tuple[str, ...]) -> tuple[list[str] | None, str | None]:
    given = [place for place in places if place]
    if not given:
        return None, None
    for option in _options(content):
        if given.count(option.id) > 1:
            return None, f"“{option.text}” stands in more than one place."
    if len(given) < len(places):
        return None, "Fill every place to have this order saved."
    return given, None


def _number(text: str) -> tuple[float | int | None, str | None]:
    plain = "".join(text.split())
    if not plain:
        return None, None
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        return (int(plain) if plain.lstrip("+-").isdecimal() else float(plain)), None
    except ValueError:
        return None, "Write a number, for instance 12 or 0.5."


def _options(content: QuestionContent) -> tuple[Option, ...]:
    return content.options if isinstance(content.options, tuple) else ()


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    return value if isinstance(value, str) else None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
