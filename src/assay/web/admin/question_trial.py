"""A question as the student sees it, and what a sample answer to it would earn: of the bank, or as it stands in the editor."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from assay.domain.actors import Actor
from assay.domain.questions import QuestionContent
from assay.edge.dependencies import RuntimeDep
from assay.runtime import Runtime
from assay.services import assessments, dry_runs
from assay.services.dry_runs import DryRunRead
from assay.services.question_edits import QuestionRead
from assay.web.admin import question_form, question_labels, words
from assay.web.admin.entries import Entries
from assay.web.admin.question_editor import kind_of, question_of, show_form, vocabulary_of
from assay.web.admin.questions import QuestionKeeper
from assay.web.answers import Draft, Field, drafts
from assay.web.assessments import QuestionView
from assay.web.rendering import page

router = APIRouter(prefix="/admin/questions")

DRAFT: Final = UUID(int=0)
"""Under this id a question is shown that has none yet."""
_ANSWERED: Final = ("answer-", "shown-", "at-")


class Trial(NamedTuple):
    """What became of a sample answer; `signals` are tags in words with their weights."""

    found: DryRunRead
    signals: Sequence[tuple[str, float]]
    answered: bool


@router.get("/{question_id:uuid}/try")
async def show(question_id: UUID, request: Request, _who: QuestionKeeper, runtime: RuntimeDep) -> Response:
    """A question of the bank as students see it."""
    question = await question_of(runtime, question_id)
    return _page(request, question, question.content, None, None)


@router.post("/{question_id:uuid}/try")
async def attempt(question_id: UUID, request: Request, who: QuestionKeeper, runtime: RuntimeDep) -> Response:
    """Try it with a sample answer."""
    question = await question_of(runtime, question_id)
    draft = next(drafts(await request.form(), {question_id: question.content}), None)
    found = None
    if draft is not None and draft.problem is None:
        found = await dry_runs.of_bank(runtime.open_uow, who.actor, question_id, draft.answer, runtime.graders)
    return _page(request, question, question.content, draft, _trial(found, draft))


@router.get("/try")
async def back(_who: QuestionKeeper) -> Response:
    """Where a form was sent, asked for by reloading: to the questions."""
    return RedirectResponse("/admin/questions", 303)


@router.post("/try")
async def attempt_draft(request: Request, who: QuestionKeeper, runtime: RuntimeDep) -> Response:
    """A question as it stands in the editor: shown, tried, or edited on. Everything that was typed goes along."""
    form = await request.form()
    entries = Entries.of_form(form)
    kind_of(entries.get("type"), entries.get("format"))
    question = await _edited(runtime, entries)
    wanted, problems = question_form.read(entries, await vocabulary_of(runtime))
    carried = Entries(pair for pair in entries.pairs() if not pair[0].startswith(_ANSWERED) and pair[0] != "then")
    if wanted is None or entries.get("then") == "edit":
        told = problems if entries.get("then") != "edit" else None
        return await show_form(request, runtime, who.actor, question, carried, told)
    draft = next(drafts(form, {DRAFT: wanted.content}), None)
    found = await _tried(runtime, who.actor, wanted.content, draft)
    return _page(request, question, wanted.content, draft, _trial(found, draft), carried.pairs())


async def _edited(runtime: Runtime, entries: Entries) -> QuestionRead | None:
    """The question of the bank that is being edited; None for a new one. Raises `NotFound`."""
    try:
        question_id = UUID(entries.get("question"))
    except ValueError:
        return None
    return await question_of(runtime, question_id)


async def _tried(runtime: Runtime, actor: Actor, content: QuestionContent, draft: Draft | None) -> DryRunRead | None:
    if draft is None or draft.problem is not None:
        return None
    return await dry_runs.of_draft(runtime.open_uow, actor, content, draft.answer, runtime.graders)


def _page(
    request: Request,
    question: QuestionRead | None,
    content: QuestionContent,
    draft: Draft | None,
    trial: Trial | None,
    carried: Sequence[tuple[str, str]] = (),
) -> Response:
    shown_as = DRAFT if carried or question is None else question.id
    return page(
        request,
        "admin/question_trial.html",
        status=422 if draft and draft.problem else 200,
        question=question,
        view=_view(shown_as, content, draft),
        trial=trial,
        carried=carried,
        named=words,
    )


def _view(shown_as: UUID, content: QuestionContent, draft: Draft | None) -> QuestionView:
    return QuestionView(
        question=assessments.show(shown_as, 1, content),
        field=draft.field if draft else Field(),
        shown="",
        answered=False,
        answered_at=None,
        problem=draft.problem if draft else None,
    )


def _trial(found: DryRunRead | None, draft: Draft | None) -> Trial | None:
    if found is None or draft is None:
        return None
    signals: dict[str, Any] = dict(found.signals or {})
    said = [(question_labels.signal(tag), round(weight, 2)) for tag, weight in signals.items()]
    return Trial(found, sorted(said, key=lambda each: -abs(each[1])), draft.answer is not None)
