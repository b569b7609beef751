"""The editor of one question: its form, what does not fit in it, and what was typed by whoever came second."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from assay.domain.actors import Actor
from assay.domain.errors import Conflict, DomainError, Invalid, NotFound, PreconditionFailed
from assay.domain.preconditions import tag
from assay.domain.questions import FORMATS, QuestionFormat, QuestionType
from assay.domain.tracks import TrackStatus
from assay.edge.dependencies import RuntimeDep
from assay.runtime import Runtime
from assay.services import question_edits, tracks
from assay.services.question_edits import QuestionRead, QuestionWrite
from assay.services.track_edits import SHORT
from assay.web.admin import field_names, question_form, question_labels, words
from assay.web.admin.differences import Difference, differences, labels
from assay.web.admin.entries import ROWS_FIELD, Entries
from assay.web.admin.questions import QuestionKeeper
from assay.web.admin.reading import GENERAL, Problems, capital
from assay.web.rendering import page

router = APIRouter(prefix="/admin/questions")

DONE: Final[Mapping[str, str]] = {
    "created": "The question is in the bank.",
    "saved": "The question is saved. Assessments that exist keep the version they were asked.",
    "same": "Nothing was different, so there is no new version.",
    "activated": "The question is asked from now on.",
    "deactivated": "The question is not asked any more.",
}
_WRITTEN: Final = set(QuestionWrite.model_fields)


@router.get("/new/{kind}/{form}")
async def blank(request: Request, who: QuestionKeeper, runtime: RuntimeDep, kind: str, form: str, track: str = "") -> Response:
    """The form of a new question of this type and format."""
    entries = question_form.blank(*kind_of(kind, form))
    entries.put("track", *([track] if track else []))
    return await show_form(request, runtime, who.actor, None, entries)


@router.post("/new/{kind}/{form}")
async def create(request: Request, who: QuestionKeeper, runtime: RuntimeDep, kind: str, form: str) -> Response:
    """Put a new question into the bank."""
    kind_of(kind, form)
    entries = _entered(Entries.of_form(await request.form()), kind, form)
    if entries.rearranged(entries.get(ROWS_FIELD), _first_field(entries)):
        return await show_form(request, runtime, who.actor, None, entries)
    wanted, problems = question_form.read_new(entries, await vocabulary_of(runtime))
    if wanted is None:
        return await show_form(request, runtime, who.actor, None, entries, problems)
    try:
        async with runtime.open_uow() as uow:
            made = await question_edits.create(uow, who.actor, wanted)
    except (Conflict, Invalid) as refused:
        return await show_form(request, runtime, who.actor, None, entries, _problems(refused))
    return _to(made.id, "created")


@router.post("/validate")
async def validate(request: Request, _who: QuestionKeeper, runtime: RuntimeDep) -> Response:
    """What does not fit in a form as it stands, by field: for a script, while somebody types."""
    entries = Entries.of_form(await request.form())
    kind_of(entries.get("type"), entries.get("format"))
    vocabulary = await vocabulary_of(runtime)
    read = question_form.read_new if entries.get("new") else question_form.read
    _, problems = read(entries, vocabulary)
    return JSONResponse({"problems": problems})


@router.get("/{question_id:uuid}")
async def show(question_id: UUID, request: Request, who: QuestionKeeper, runtime: RuntimeDep, done: str = "") -> Response:
    """A question in its form."""
    question = await question_of(runtime, question_id)
    return await show_form(request, runtime, who.actor, question, question_form.entries_of(written(question)), done=done)


@router.post("/{question_id:uuid}")
async def save(question_id: UUID, request: Request, who: QuestionKeeper, runtime: RuntimeDep) -> Response:
    """Bring a question to what its form says, unless somebody else has changed it meanwhile: then both are shown."""
    question = await question_of(runtime, question_id)
    entries = _entered(Entries.of_form(await request.form()), question.type, question.format)
    if entries.rearranged(entries.get(ROWS_FIELD), _first_field(entries)):
        return await show_form(request, runtime, who.actor, question, entries)
    wanted, problems = question_form.read(entries, await vocabulary_of(runtime))
    if wanted is None:
        return await show_form(request, runtime, who.actor, question, entries, problems)
    try:
        async with runtime.open_uow() as uow:
            after = await question_edits.replace(uow, who.actor, question_id, wanted, frozenset({entries.get("seen")}))
    except PreconditionFailed:
        now = await question_of(runtime, question_id)
        theirs = differences(labels(entries.get("was")), question_labels.of_question(now))
        return await show_form(request, runtime, who.actor, now, entries, theirs=theirs)
    except (Conflict, Invalid) as refused:
        return await show_form(request, runtime, who.actor, question, entries, _problems(refused))
    return _to(question_id, "same" if tag(after) == entries.get("seen") else "saved")


async def show_form(
    request: Request,
    runtime: Runtime,
    actor: Actor,
    question: QuestionRead | None,
    entries: Entries,
    problems: Problems | None = None,
    *,
    theirs: list[Difference] | None = None,
    done: str = "",
) -> Response:
    """The editor with what `entries` hold; of a new question without a `question`."""
    async with runtime.open_uow(autocommit=True) as uow:
        offered = [track for status in TrackStatus for track in await tracks.list_tracks(uow, actor, status)]
        vocabulary = await uow.tracks.skill_names()
        needed = await question_edits.needed_by(uow, question) if question else ()
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
    now = json.dumps(question_labels.of_question(question)) if question else ""
    return page(
        request,
        "admin/question.html",
        status=status if theirs is None else HTTPStatus.PRECONDITION_FAILED,
        notice=DONE.get(done, ""),
        question=question,
        entries=entries,
        problems=problems or {},
        summary=field_names.summary(problems or {}, entries),
        theirs=theirs,
        needed=needed,
        tracks=offered,
        state=tag(question) if question else "",
        seen=tag(question) if question and theirs is not None else entries.get("seen", tag(question) if question else ""),
        was=now if theirs is not None else entries.get("was", now),
        names={group: question_form.option_names(entries, group) for group in ("option", "partner")},
        vocabulary=sorted(vocabulary.items(), key=lambda skill: skill[1].casefold()),
        named=words,
    )


async def question_of(runtime: Runtime, question_id: UUID) -> QuestionRead:
    """A question of the bank. Raises `NotFound`."""
    async with runtime.open_uow(autocommit=True) as uow:
        return await question_edits.get(uow, question_id)


async def vocabulary_of(runtime: Runtime) -> dict[str, str]:
    """The skills there are, name by slug."""
    async with runtime.open_uow(autocommit=True) as uow:
        return await uow.tracks.skill_names()


def written(question: QuestionRead) -> QuestionWrite:
    """A question as one writes it."""
    return QuestionWrite.model_validate(question.model_dump(by_alias=False, include=_WRITTEN))


def kind_of(kind: str, form: str) -> tuple[QuestionType, QuestionFormat]:
    """A type and one of its formats. Raises `NotFound` for others."""
    if kind in set(QuestionType) and form in FORMATS[QuestionType(kind)]:
        return QuestionType(kind), QuestionFormat(form)
    raise NotFound("There is no such kind of question.")


def _entered(entries: Entries, kind: str, form: str) -> Entries:
    """What was entered into the form of a question of this kind, whatever the form itself says of it."""
    entries.put("type", kind)
    entries.put("format", form)
    return entries


def _first_field(entries: Entries) -> str:
    """The field that a new row begins with."""
    match entries.get(ROWS_FIELD).removeprefix("add:"):
        case "signal":
            return "phrase" if entries.get("format") == QuestionFormat.FREE_TEXT else "option"
        case "skill":
            return "name"
        case _:
            return "text"


def _problems(refused: DomainError) -> Problems:
    """What a service refuses, by field."""
    if refused.error_code == SHORT:
        return {"track": refused.detail}
    names = {"slug": "slug", "skills": "skill", "tracks": "track"}
    told = {names.get(each.pointer.split("/")[1], GENERAL): capital(each.message) for each in refused.problems}
    return told or {GENERAL: refused.detail}


def _to(question_id: UUID, done: str) -> Response:
    return RedirectResponse(f"/admin/questions/{question_id}?done={done}", HTTPStatus.SEE_OTHER)
