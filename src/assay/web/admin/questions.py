"""The question bank as a list, what a new question can be, and whether a question is asked."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from assay.db.repositories.questions import BankFilter
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Permission
from assay.domain.questions import QuestionFormat, QuestionType
from assay.domain.tracks import TrackStatus
from assay.edge.dependencies import RuntimeDep, Uow
from assay.kit.text import storable
from assay.services import item_statistics, question_edits, question_listing, tracks
from assay.web.admin import words
from assay.web.here import Here
from assay.web.rendering import page
from assay.web.session import Session, may

type QuestionKeeper = Annotated[Session, may(Permission.QUESTION_WRITE)]
type Seen = Annotated[str, Form()]

router = APIRouter(prefix="/admin/questions")

PAGE_SIZE: Final = 25
STATUSES: Final[Mapping[str, str]] = {"active": "Asked", "inactive": "Not asked", "deleted": "Deleted"}
DONE: Final[Mapping[str, str]] = {"deleted": "The question is deleted. Assessments that were asked it keep it."}
_MAX_TEXT: Final = 200


@router.get("")
async def listed(request: Request, who: QuestionKeeper, runtime: RuntimeDep, cursor: str | None = None, done: str = "") -> Response:
    """Questions by name, narrowed as the address says, each with how it has worked so far."""
    here = Here.of(request)
    async with runtime.open_uow(autocommit=True) as uow:
        wanted = await _wanted(uow, here)
        found = await question_listing.page(uow, wanted, _slug(cursor), PAGE_SIZE)
        offered = [track for status in TrackStatus for track in await tracks.list_tracks(uow, who.actor, status)]
        skills = await uow.tracks.skill_names()
    standing = {line.id: (line.version_id, line.content) for line in found.items}
    worked = await item_statistics.of_versions(runtime.open_uow, standing) if standing and not wanted.deleted else {}
    return page(
        request,
        "admin/questions.html",
        notice=DONE.get(done, ""),
        questions=found,
        worked=worked,
        tracks=[(track.slug, track.name) for track in offered],
        skills=sorted(skills.items(), key=lambda skill: skill[1].casefold()),
        statuses=STATUSES,
        named=words,
    )


@router.get("/new")
async def choose(request: Request, _who: QuestionKeeper) -> Response:
    """What a new question can be."""
    return page(request, "admin/question_kinds.html", named=words)


@router.post("/{question_id:uuid}/activate")
async def activate(question_id: UUID, who: QuestionKeeper, uow: Uow, seen: Seen) -> Response:
    """Let a question be asked."""
    await question_edits.activate(uow, who.actor, question_id, frozenset({seen}))
    return _to(question_id, "activated")


@router.post("/{question_id:uuid}/deactivate")
async def deactivate(question_id: UUID, who: QuestionKeeper, uow: Uow, seen: Seen) -> Response:
    """Ask a question no more, unless an active track needs it, as the page has said."""
    await question_edits.deactivate(uow, who.actor, question_id, frozenset({seen}))
    return _to(question_id, "deactivated")


@router.post("/{question_id:uuid}/delete")
async def delete(question_id: UUID, who: QuestionKeeper, uow: Uow, seen: Seen) -> Response:
    """Take a question out of the bank for good, unless an active track needs it."""
    await question_edits.delete(uow, who.actor, question_id, frozenset({seen}))
    return RedirectResponse("/admin/questions?done=deleted", HTTPStatus.SEE_OTHER)


@router.get("/{question_id:uuid}/activate")
@router.get("/{question_id:uuid}/deactivate")
@router.get("/{question_id:uuid}/delete")
async def back(question_id: UUID, _who: QuestionKeeper) -> Response:
    """Where a form was sent, asked for by reloading: back to the question."""
    return RedirectResponse(f"/admin/questions/{question_id}", HTTPStatus.SEE_OTHER)


async def _wanted(uow: UnitOfWork, here: Here) -> BankFilter:
    """The filter in the address; what it names that there is not narrows nothing."""
    track = await uow.tracks.by_slug(slug) if (slug := _slug(here.get("track"))) else None
    status, text = here.get("status"), here.get("q").strip()[:_MAX_TEXT]
    return BankFilter(
        type=QuestionType(here.get("type")) if here.get("type") in set(QuestionType) else None,
        track_id=track.id if track else None,
        active={"active": True, "inactive": False}.get(status),
        format=QuestionFormat(here.get("format")) if here.get("format") in set(QuestionFormat) else None,
        skill=_slug(here.get("skill")),
        text=_slug(text),
        deleted=status == "deleted",
    )


def _slug(text: str | None) -> str | None:
    """A text that a query can hold; None for nothing and for what cannot be kept."""
    try:
        return storable(text) if text else None
    except ValueError:
        return None


def _to(question_id: UUID, done: str) -> Response:
    return RedirectResponse(f"/admin/questions/{question_id}?done={done}", HTTPStatus.SEE_OTHER)
