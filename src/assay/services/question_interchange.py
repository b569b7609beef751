"""The question bank to and from other systems, as QTI packages. What comes in is not asked until somebody activates it."""

import asyncio
from collections.abc import Collection
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from assay.db.repositories.questions import BankFilter, Standing
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor
from assay.domain.errors import DomainError, FieldProblem, Invalid
from assay.domain.preconditions import ANY
from assay.domain.question_exchange import Carried, ExchangedQuestion, Note, NoteCode, Unreadable
from assay.domain.questions import QuestionContent, Slug
from assay.domain.tracks import TrackStatus
from assay.kit.model import Value
from assay.qti import questions
from assay.qti.questions import Unpacked
from assay.services import question_edits
from assay.services.question_edits import QuestionCreate, QuestionRead, QuestionWrite

REFUSED: Final = "import_refused"
"""The code of the answer when items are refused and nothing was written."""
_ROWS: Final = 200
"""Questions read at a time."""


class OnError(StrEnum):
    """What becomes of a package when an item of it cannot be taken in."""

    ABORT = "abort"
    SKIP = "skip"


class Outcome(StrEnum):
    """What becomes of an item."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class ExportedQuestion(Value):
    """A question on its way out, and what other systems do not get of it."""

    slug: Slug
    notes: tuple[Note, ...]


class ExportReport(Value):
    """What a package holds. Skills, tracks, difficulty and kind of every question travel as Assay's own metadata."""

    questions: tuple[ExportedQuestion, ...]


class Exported(NamedTuple):
    """A package and its report."""

    package: bytes
    report: ExportReport


class ImportedItem(Value):
    """What became of an item, or would: `problem` says why it is refused, the notes what was not taken over."""

    href: str
    slug: str | None
    outcome: Outcome
    question_id: UUID | None = None
    problem: str | None = None
    notes: tuple[Note, ...] = ()


class ImportReport(Value):
    """All items in the order of the package."""

    dry_run: bool
    created: int
    updated: int
    unchanged: int
    refused: int
    items: tuple[ImportedItem, ...]


async def export(open_uow: OpenUnitOfWork, track_id: UUID | None = None, only: Collection[UUID] | None = None) -> Exported:
    """The bank, the questions of one track, or `only` those with these ids, as a package; inactive ones too."""
    async with open_uow(autocommit=True) as uow:
        found = await _bank(uow, BankFilter(track_id=track_id, ids=only))
    packed = await asyncio.to_thread(questions.write, found)
    told = tuple(ExportedQuestion(slug=slug, notes=notes) for slug, notes in packed.notes.items())
    return Exported(packed.package, ExportReport(questions=told))


async def unpack(package: bytes) -> list[Unpacked]:
    """The items of a package; call it outside of a transaction. Raises `Invalid` for what is no package, or a harmful one."""
    try:
        return await asyncio.to_thread(questions.read, package)
    except Unreadable as problem:
        raise Invalid(str(problem), code="not_a_package") from problem


async def take_in(
    uow: UnitOfWork, actor: Actor | None, items: list[Unpacked], *, on_error: OnError = OnError.ABORT, dry_run: bool = False
) -> ImportReport:
    """Bring `items` into the bank, inactive, each new or changed one with its entry in the audit trail; unchanged ones are left alone.

    An item is known by its identifier. A question that is asked is not changed: that is refused. Raises `Invalid`, with nothing written
    and the report in `report`, when items are refused and `on_error` is `ABORT`; a dry run reports them.
    """
    known = _Vocabulary(
        frozenset(await uow.tracks.skill_names()), frozenset(track.slug for track in await uow.tracks.list(list(TrackStatus)))
    )
    done: list[ImportedItem] = []
    for item in items:
        done.append(await _take_one(uow, actor, item, known, {each.slug for each in done}, dry_run=dry_run))
    report = _report(done, dry_run=dry_run)
    if report.refused and on_error is OnError.ABORT and not dry_run:
        raise _refusal(report)
    return report


def _refusal(report: ImportReport) -> Invalid:
    return Invalid(
        f"{report.refused} of {len(report.items)} items are refused; nothing was written.",
        code=REFUSED,
        problems=tuple(FieldProblem(f"/items/{place}", each.problem) for place, each in enumerate(report.items) if each.problem),
        report=report.model_dump(mode="json"),
    )


class _Vocabulary(NamedTuple):
    skills: frozenset[str]
    tracks: frozenset[str]


async def _bank(uow: UnitOfWork, wanted: BankFilter) -> list[ExchangedQuestion]:
    found: list[ExchangedQuestion] = []
    cursor = None
    while rows := await uow.questions.page(wanted, cursor, _ROWS):
        found += map(_exchanged, rows)
        cursor = rows[-1].question.slug
    return found


def _exchanged(standing: Standing) -> ExchangedQuestion:
    question, version, tracks = standing
    content = QuestionContent.model_validate(version.content)
    return ExchangedQuestion(slug=question.slug, difficulty=question.difficulty, tracks=tuple(tracks), content=content)


async def _take_one(
    uow: UnitOfWork, actor: Actor | None, unpacked: Unpacked, known: _Vocabulary, seen: Collection[str | None], *, dry_run: bool
) -> ImportedItem:
    slug = unpacked.item.slug if unpacked.item else None
    if unpacked.item is None or slug is None:
        return ImportedItem(href=unpacked.href, slug=None, outcome=Outcome.REFUSED, problem=unpacked.problem)
    try:
        standing = await _standing(uow, slug, seen)
        completed = questions.complete(
            unpacked.item, unpacked.carried or (Carried.of(standing.content, standing.difficulty, standing.tracks) if standing else None)
        )
        told, notes = _known_alone(completed.question, known)
        wanted = QuestionWrite.model_validate(told)
        outcome, question_id = await _write(uow, actor, slug, standing, wanted, dry_run=dry_run)
    except (Unreadable, ValidationError, DomainError) as refused:
        return ImportedItem(href=unpacked.href, slug=slug, outcome=Outcome.REFUSED, problem=_reason(refused))
    return ImportedItem(href=unpacked.href, slug=slug, outcome=outcome, question_id=question_id, notes=(*completed.notes, *notes))


async def _standing(uow: UnitOfWork, slug: str, seen: Collection[str | None]) -> QuestionRead | None:
    if slug in seen:
        raise Unreadable(f"is the second item of the package that is called {slug}")
    row = await uow.questions.by_slug(slug)
    if row is None:
        return None
    if row.deleted_at is not None:
        raise Unreadable(f"is called as a question that was deleted: {slug}")
    return await question_edits.get(uow, row.id)


def _known_alone(told: dict[str, Any], known: _Vocabulary) -> tuple[dict[str, Any], list[Note]]:
    notes = [
        Note(code=code, message=f"There is no {noun} called {name} here; it is left out.")
        for noun, code, names, there in (
            ("skill", NoteCode.UNKNOWN_SKILL, told["skills"], known.skills),
            ("track", NoteCode.UNKNOWN_TRACK, told["tracks"], known.tracks),
        )
        for name in names
        if name not in there
    ]
    kept = {
        "skills": tuple(name for name in told["skills"] if name in known.skills),
        "tracks": tuple(name for name in told["tracks"] if name in known.tracks),
    }
    return told | kept, notes


async def _write(
    uow: UnitOfWork, actor: Actor | None, slug: str, standing: QuestionRead | None, wanted: QuestionWrite, *, dry_run: bool
) -> tuple[Outcome, UUID | None]:
    if standing is None:
        if dry_run:
            return Outcome.CREATED, None
        created = QuestionCreate.model_validate({**wanted.model_dump(by_alias=False), "slug": slug, "is_active": False})
        return Outcome.CREATED, (await question_edits.create(uow, actor, created)).id
    if _same(standing, wanted):
        return Outcome.UNCHANGED, standing.id
    if standing.type != wanted.type:
        raise Unreadable(f"is a {wanted.type} question, and {slug} here a {standing.type} one; a type stays")
    if standing.is_active:
        raise Unreadable(f"differs from {slug}, which is asked: deactivate it here first, or give the item another identifier")
    if not dry_run:
        await question_edits.replace(uow, actor, standing.id, wanted, frozenset({ANY}))
    return Outcome.UPDATED, standing.id


def _same(standing: QuestionRead, wanted: QuestionWrite) -> bool:
    here = (standing.content.hash, standing.difficulty, set(standing.tracks))
    return here == (wanted.content.hash, wanted.difficulty, set(wanted.tracks))


def _reason(refused: Exception) -> str:
    match refused:
        case ValidationError():
            first = refused.errors()[0]
            return f"{'.'.join(str(part) for part in first['loc']) or 'it'}: {first['msg']}"
        case DomainError():
            return refused.detail
        case _:
            return str(refused)


def _report(items: list[ImportedItem], *, dry_run: bool) -> ImportReport:
    counts = {outcome.value: sum(item.outcome is outcome for item in items) for outcome in Outcome}
    return ImportReport(dry_run=dry_run, items=tuple(items), **counts)
