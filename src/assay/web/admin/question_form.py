"""A question between its form and its value: what all questions share. How each is judged is in `question_judges`."""

from collections.abc import Mapping
from typing import Any, Final

from assay.domain.questions import CHOICES, TEXTS, QuestionFormat, QuestionType
from assay.services.question_edits import QuestionCreate, QuestionWrite
from assay.web.admin import question_judges, question_options
from assay.web.admin.entries import Entries
from assay.web.admin.reading import GENERAL, Place, Problems, attempt, number, unstorable
from assay.web.admin.skills import skill_slugs

type Reading[Wanted: QuestionWrite] = tuple[Wanted | None, Problems]

_OPTIONS: Final = {QuestionFormat.TRUE_FALSE: 0, QuestionFormat.LIKERT: 5}
"""Rows of options a new question begins with, where not four."""


def blank(kind: QuestionType, form: QuestionFormat) -> Entries:
    """The form of a new question."""
    entries = Entries([("type", kind.value), ("format", form.value), ("difficulty", "2"), ("skill-1-name", "")])
    if form in CHOICES:
        for row in range(1, _OPTIONS.get(form, 4) + 1):
            entries.put(f"option-{row}-text", "")
    if form is QuestionFormat.TRUE_FALSE:
        entries.put("option-1-id", "true")
        entries.put("option-1-text", "True")
        entries.put("option-2-id", "false")
        entries.put("option-2-text", "False")
    if form in TEXTS:
        entries.put("longest", {QuestionFormat.SHORT_TEXT: 80, QuestionFormat.FREE_TEXT: 1_000}.get(form, 10_000))
    question_judges.put_blank(entries, kind, form)
    return entries


def entries_of(question: QuestionWrite) -> Entries:
    """The form of a question as it stands."""
    entries = Entries([("type", question.type.value), ("format", question.format.value)])
    entries.put("difficulty", question.difficulty)
    entries.put("prompt", question.prompt)
    entries.put("explanation", question.explanation)
    entries.put("track", *question.tracks)
    for row, skill in enumerate(question.skills, start=1):
        entries.put(f"skill-{row}-name", skill)
    question_options.put(entries, question.options)
    question_judges.put(entries, question)
    return entries


def read(entries: Entries, vocabulary: Mapping[str, str]) -> Reading[QuestionWrite]:
    """What the form says a question shall be, or what does not fit, by field."""
    return _read(QuestionWrite, entries, vocabulary, {})


def read_new(entries: Entries, vocabulary: Mapping[str, str]) -> Reading[QuestionCreate]:
    """The same for a question that is not in the bank: it has a slug of its own, and is asked at once or not."""
    return _read(QuestionCreate, entries, vocabulary, {"slug": entries.get("slug").strip(), "is_active": entries.get("active") == "yes"})


def _read[Wanted: QuestionWrite](
    model: type[Wanted], entries: Entries, vocabulary: Mapping[str, str], own: Mapping[str, Any]
) -> Reading[Wanted]:
    problems = unstorable(entries)
    raw = {**_raw(entries, vocabulary, problems), **own}
    told: Problems = {}
    made = attempt(told, model, raw, _field)
    if problems:  # what is wrong with the whole follows from what is wrong with a part
        told = {name: sentence for name, sentence in told.items() if name not in {"option", GENERAL}}
    return (None if problems or told else made), {**told, **problems}


def _raw(entries: Entries, vocabulary: Mapping[str, str], problems: Problems) -> dict[str, Any]:
    options = question_options.read(entries, problems)
    judge = question_judges.read(entries, options, problems)
    return {
        "type": entries.get("type"),
        "format": entries.get("format"),
        "prompt": entries.get("prompt").strip(),
        "explanation": entries.get("explanation").strip(),
        "skills": skill_slugs(entries, vocabulary, problems),
        "tracks": list(entries.every("track")),
        "difficulty": number(entries.get("difficulty")),
        "options": options.value,
        **judge,
    }


def _field(place: Place) -> str:
    match place:
        case ("skills", *_):
            return "skill"
        case ("tracks", *_):
            return "track"
        case ("options", *_):
            return "option"
        case ("prompt" | "explanation" | "difficulty" | "slug" as name, *_):
            return str(name)
        case _:
            return GENERAL


def option_names(entries: Entries, group: str = "option") -> list[tuple[int, str]]:
    """The rows of options as one can choose among them: number and text."""
    return [
        (row, _short(entries.get(f"{group}-{row}-text")) or f"Option {place}") for place, row in enumerate(entries.rows(group), start=1)
    ]


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
