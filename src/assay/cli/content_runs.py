"""`assay tracks` and `assay questions` at work: one thing found by its slug, shown as a file, and brought to what a file says."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from rich.console import Console

from assay.cli import content_files
from assay.cli.opened import opened
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.changes import changes
from assay.domain.errors import NotFound, PreconditionRequired
from assay.domain.preconditions import ANY, tag
from assay.kit.model import Value
from assay.runtime import Runtime
from assay.services import question_edits, track_edits, tracks
from assay.services.question_edits import QuestionCreate, QuestionRead
from assay.services.track_edits import TrackCreate
from assay.services.tracks import TrackRead
from assay.settings import Settings

WHATEVER: Final = frozenset({ANY})
"""Seen by whoever names a thing and says what shall become of it, whatever state it is in."""

type _Edit[Result] = Callable[[UnitOfWork, Actor | None, UUID, frozenset[str]], Awaitable[Result]]


class Kind[State: (TrackRead, QuestionRead), Wanted: (TrackCreate, QuestionCreate)](NamedTuple):
    """What is kept in files of its own, and the services that keep it."""

    noun: str
    file: type[Wanted]
    find: Callable[[UnitOfWork, str], Awaitable[State | None]]
    create: Callable[[UnitOfWork, None, Wanted], Awaitable[State]]
    replace: Callable[[UnitOfWork, None, UUID, Wanted, frozenset[str]], Awaitable[State]]


class Outcome(StrEnum):
    """What becomes of a file."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Applied(Value):
    """What a file brought about, or would: by JSON pointer (RFC 6901) what a field was and is. `etag` names the state after it."""

    slug: str
    outcome: Outcome
    dry_run: bool
    etag: str
    changes: dict[str, dict[str, Any]]


def show[State: (TrackRead, QuestionRead), Wanted: (TrackCreate, QuestionCreate)](
    settings: Settings, kind: Kind[State, Wanted], slug: str, *, as_json: bool
) -> str:
    """The thing as the file that `apply` reads."""

    async def ask(runtime: Runtime) -> State:
        async with runtime.open_uow(autocommit=True) as uow:
            return await named(uow, kind, slug)

    return content_files.text_of(kind.file, opened(settings, ask), as_json=as_json)


def apply[State: (TrackRead, QuestionRead), Wanted: (TrackCreate, QuestionCreate)](
    settings: Settings, kind: Kind[State, Wanted], file: Path, *, dry_run: bool
) -> Applied:
    """Make what `file` describes, or bring it to that, if it still is as the file has seen it."""

    async def ask(runtime: Runtime) -> Applied:
        wanted, seen = content_files.read(kind.file, file)
        async with runtime.open_uow() as uow:
            before = await kind.find(uow, wanted.slug)
            _require_said(kind.noun, wanted.slug, there=before is not None, seen=seen)
            after = await (kind.replace(uow, None, before.id, wanted, seen) if before else kind.create(uow, None, wanted))
            if dry_run:
                await uow.session.rollback()
        differences = changes(before, after)
        outcome = Outcome.CREATED if before is None else Outcome.UPDATED if differences else Outcome.UNCHANGED
        return Applied(slug=wanted.slug, outcome=outcome, dry_run=dry_run, etag=tag(after), changes=differences)

    return opened(settings, ask)


def edit[State: (TrackRead, QuestionRead), Wanted: (TrackCreate, QuestionCreate), Result](
    settings: Settings, kind: Kind[State, Wanted], slug: str, act: _Edit[Result]
) -> Result:
    """What `act` makes of the thing called `slug`, whatever state it is in."""

    async def ask(runtime: Runtime) -> Result:
        async with runtime.open_uow() as uow:
            return await act(uow, None, (await named(uow, kind, slug)).id, WHATEVER)

    return opened(settings, ask)


async def named[State: (TrackRead, QuestionRead), Wanted: (TrackCreate, QuestionCreate)](
    uow: UnitOfWork, kind: Kind[State, Wanted], slug: str
) -> State:
    """The thing called `slug`. Raises `NotFound`."""
    found = await kind.find(uow, slug)
    if found is None:
        raise NotFound(f"There is no {kind.noun} called {slug}.")
    return found


def tell(kind: Kind[Any, Any], applied: Applied, console: Console) -> None:
    """One line for the thing, and one for each field of it that changed."""
    would = "would be " if applied.dry_run and applied.outcome is not Outcome.UNCHANGED else ""
    console.print(f"{kind.noun} {applied.slug}: {would}{applied.outcome}", soft_wrap=True, markup=False)
    for pointer, pair in applied.changes.items() if applied.outcome is Outcome.UPDATED else ():
        console.print(f"  {pointer}: {pair.get('before', '-')} → {pair.get('after', '-')}", soft_wrap=True, markup=False)


def _require_said(noun: str, slug: str, *, there: bool, seen: frozenset[str]) -> None:
    if seen and not there:
        raise NotFound(f"There is no {noun} called {slug}. Leave the etag out of the file to make it.")
    if there and not seen:
        how = f"edit what `assay {noun}s show {slug}` prints: its etag says which state you have seen"
        raise PreconditionRequired(f"There is a {noun} called {slug} already. To change it, {how}.")


async def _track(uow: UnitOfWork, slug: str) -> TrackRead | None:
    row = await uow.tracks.by_slug(slug)
    return await tracks.get(uow, None, row.id) if row else None


async def _question(uow: UnitOfWork, slug: str) -> QuestionRead | None:
    row = await uow.questions.by_slug(slug)
    return await question_edits.get(uow, row.id) if row and row.deleted_at is None else None


async def _replace_question(uow: UnitOfWork, actor: None, question_id: UUID, wanted: QuestionCreate, seen: frozenset[str]) -> QuestionRead:
    """As the service does, and activate or deactivate it: a file says both."""
    edited = await question_edits.replace(uow, actor, question_id, wanted, seen)
    if edited.is_active == wanted.is_active:
        return edited
    turn = question_edits.activate if wanted.is_active else question_edits.deactivate
    return await turn(uow, actor, question_id, WHATEVER)


TRACKS: Final = Kind("track", TrackCreate, _track, track_edits.create, track_edits.replace)
QUESTIONS: Final = Kind("question", QuestionCreate, _question, question_edits.create, _replace_question)
