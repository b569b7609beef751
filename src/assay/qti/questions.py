"""Whole packages: questions into one, and a package into what the bank could take in."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from assay.domain.question_exchange import Carried, ExchangedQuestion, Note, NoteCode, Unreadable
from assay.domain.questions import SIGNAL_KINDS, QuestionFormat, QuestionType
from assay.qti import item_reading, item_writing, manifest, xml
from assay.qti.archive import Archive, pack
from assay.qti.general_rubric import general_rubric
from assay.qti.item_reading import ReadItem
from assay.qti.manifest import Resource

MAX_ITEMS: Final = 1_000
_F = QuestionFormat


class Packed(NamedTuple):
    """A package, and by slug what other systems do not get."""

    package: bytes
    notes: dict[str, tuple[Note, ...]]


class Unpacked(NamedTuple):
    """An item of a package: read, or the reason why it cannot be."""

    href: str
    item: ReadItem | None
    carried: Carried | None
    problem: str | None


class Completed(NamedTuple):
    """A question as the bank's own model takes it (not validated yet), and what was not taken over."""

    question: dict[str, Any]
    notes: tuple[Note, ...]


def write(questions: Sequence[ExchangedQuestion]) -> Packed:
    """A content package with an item for each question."""
    items = {question.slug: item_writing.write(question) for question in questions}
    resources = [Resource(f"items/{slug}.xml", item.carried) for slug, item in items.items()]
    files = {f"items/{slug}.xml": item.document for slug, item in items.items()}
    return Packed(pack({manifest.NAME: manifest.write(resources), **files}), {slug: item.notes for slug, item in items.items()})


def read(package: bytes) -> list[Unpacked]:
    """The items of a package in the order of its manifest. Raises `Unreadable` for what is no package, or a harmful one."""
    archive = Archive(package)
    if manifest.NAME not in archive.names:
        raise Unreadable(f"The package has no {manifest.NAME}: it is no content package.")
    resources = manifest.read(archive.read(manifest.NAME, manifest.MAX_BYTES))
    if len(resources) > MAX_ITEMS:
        raise Unreadable(f"The package has more than {MAX_ITEMS} items. Send them in parts.")
    return [_unpacked(archive, resource) for resource in resources]


def _unpacked(archive: Archive, resource: Resource) -> Unpacked:
    try:
        return Unpacked(resource.href, item_reading.read(archive.read(resource.href, xml.MAX_BYTES)), resource.carried, None)
    except Unreadable as problem:
        return Unpacked(resource.href, None, resource.carried, str(problem))


def complete(item: ReadItem, carried: Carried | None) -> Completed:
    """What an item says, filled up with what is `carried` beside it or stands in the bank; the item is right where both speak.

    Raises `Unreadable` when there is nothing to judge its answers by.
    """
    kind, form = _kind(item, carried)
    known = carried or Carried(type=kind, format=form)
    notes = list(item.notes)
    question: dict[str, Any] = {
        "type": kind,
        "format": form,
        "prompt": item.prompt,
        "options": _options(item, known),
        "skills": known.skills,
        "explanation": item.explanation,
        "difficulty": known.difficulty,
        "tracks": known.tracks,
    }
    match kind:
        case QuestionType.THEORETICAL:
            question["rule"] = {"kind": form, **(item.rule or {})}
        case QuestionType.ESSAY:
            question["rubric"] = known.rubric or _rubric(item, notes)
        case QuestionType.PROFILE:
            question["signals"] = _signals(item, form, known, notes)
    return Completed(question, tuple(notes))


def _kind(item: ReadItem, carried: Carried | None) -> tuple[QuestionType, QuestionFormat]:
    kind = _default_kind(item)
    if carried is not None and carried.format in item.formats and carried.type in set(QuestionType):
        kind = QuestionType(carried.type)
        if kind is QuestionType.THEORETICAL and item.rule is None:
            raise Unreadable("has no right answer any more")
        return kind, QuestionFormat(carried.format)
    preferred = _PREFERRED[kind]
    form = next((each for each in preferred if each in item.formats), None)
    if form is None:
        raise Unreadable("has no right answer")
    return kind, form


def _default_kind(item: ReadItem) -> QuestionType:
    if item.rule is not None:
        return QuestionType.THEORETICAL
    return QuestionType.ESSAY if item.points is not None and _F.ESSAY in item.formats else QuestionType.PROFILE


_PREFERRED: Final[Mapping[QuestionType, tuple[QuestionFormat, ...]]] = {
    QuestionType.THEORETICAL: (_F.TRUE_FALSE, _F.SINGLE_CHOICE, _F.MULTIPLE_CHOICE, _F.ORDERING, _F.MATCHING, _F.NUMERIC, _F.SHORT_TEXT),
    QuestionType.ESSAY: (_F.ESSAY,),
    QuestionType.PROFILE: (_F.SINGLE_CHOICE, _F.MULTIPLE_CHOICE, _F.RANKING, _F.FREE_TEXT),
}
"""Which format an interaction is when nothing else says so."""


def _options(item: ReadItem, known: Carried) -> Any:
    if isinstance(item.options, dict) and known.min_words is not None and "left" not in item.options:
        return {**item.options, "min_words": known.min_words}
    return item.options


def _rubric(item: ReadItem, notes: list[Note]) -> dict[str, Any]:
    if item.points is None or len(item.points) < 2:
        raise Unreadable("is an essay without a rubric block for scorers that lists at least two points a good answer makes")
    notes.append(
        Note(
            code=NoteCode.GENERAL_RUBRIC,
            message="Its points are the key points; the levels are general ones. Describe the levels before it is asked.",
        )
    )
    return general_rubric(item.points)


def _signals(item: ReadItem, form: QuestionFormat, known: Carried, notes: list[Note]) -> dict[str, Any]:
    kind = SIGNAL_KINDS[form]
    if known.signals is None or known.signals.kind != kind:
        notes.append(
            Note(
                code=NoteCode.NO_RIGHT_ANSWER, message="Nothing is right or wrong here: it is a question about the person, without signals."
            )
        )
        return {"kind": kind, "phrases" if kind == "textSignals" else "options": {}}
    said = known.signals.model_dump(by_alias=False)
    if "options" in said:
        there = {option["id"] for option in item.options}
        if gone := set(said["options"]) - there:
            notes.append(Note(code=NoteCode.SIGNALS, message=f"Signals of options that are gone are left out: {', '.join(sorted(gone))}."))
        said["options"] = {option: signals for option, signals in said["options"].items() if option in there}
    return said
