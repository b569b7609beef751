"""The question bank, for those who keep it."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from assay.api.v1.problems import problems
from assay.db.repositories.questions import BankFilter
from assay.domain.actors import Actor
from assay.domain.questions import QuestionFormat, QuestionType, Slug
from assay.edge.conditional import Seen, tagged
from assay.edge.dependencies import IdempotencyHeader, QuestionKeeper, RuntimeDep, Uow
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services import dry_runs, idempotency, question_edits
from assay.services.dry_runs import DryRunRead, DryRunWrite
from assay.services.question_edits import QuestionCreate, QuestionPage, QuestionRead, QuestionVersionRead, QuestionWrite

router = APIRouter(prefix="/questions", tags=["questions"])


class QuestionHistory(Value):
    """All versions in one answer, the newest first."""

    items: tuple[QuestionVersionRead, ...]
    next_cursor: str | None = None


class DraftTrial(DryRunWrite):
    """A question as it might be, and a sample answer to it."""

    question: QuestionWrite


@router.get("", responses=problems(401, 403))
async def list_questions(
    _actor: QuestionKeeper,
    uow: Uow,
    kind: Annotated[QuestionType | None, Query(alias="type")] = None,
    track: Annotated[UUID | None, Query(description="Id of a track that asks it")] = None,
    form: Annotated[QuestionFormat | None, Query(alias="format")] = None,
    skill: Annotated[Slug | None, Query(description="A skill that it asks for")] = None,
    words: Annotated[StorableText | None, Query(alias="text", max_length=200, description="Looked for in slug and prompt")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Slug | None = None,
    *,
    active: bool | None = None,
) -> QuestionPage:
    """The bank by slug, with how each question is judged; deleted ones are not in it."""
    return await question_edits.page(uow, BankFilter(kind, track, active, form, skill, words), cursor, limit)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 409))
async def create_question(
    body: QuestionCreate, actor: QuestionKeeper, uow: Uow, response: Response, key: IdempotencyHeader = None
) -> QuestionRead:
    """Put a question into the bank."""
    act = partial(question_edits.create, uow, actor, body)
    return tagged(response, await _once(uow, actor, key, ["question", body.model_dump_json()], act))


@router.post("/dry-run", responses=problems(401, 403))
async def try_draft(body: DraftTrial, actor: QuestionKeeper, runtime: RuntimeDep) -> DryRunRead:
    """Try a question that is not in the bank yet with a sample answer. That something was tried is recorded, nothing else."""
    return await dry_runs.of_draft(runtime.open_uow, actor, body.question.content, body.answer, runtime.graders)


@router.get("/{question_id}", responses=problems(401, 403, 404))
async def get_question(question_id: UUID, _actor: QuestionKeeper, uow: Uow, response: Response) -> QuestionRead:
    """One question in its current version."""
    return tagged(response, await question_edits.get(uow, question_id))


@router.put("/{question_id}", responses=problems(401, 403, 404, 409, 412, 428))
async def replace_question(
    question_id: UUID, body: QuestionWrite, actor: QuestionKeeper, uow: Uow, seen: Seen, response: Response
) -> QuestionRead:
    """Edit a question: another content is another version, and assessments keep the one they were asked."""
    return tagged(response, await question_edits.replace(uow, actor, question_id, body, seen))


@router.delete("/{question_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(401, 403, 404, 409, 412, 428))
async def delete_question(question_id: UUID, actor: QuestionKeeper, uow: Uow, seen: Seen) -> None:
    """Take a question out of the bank for good, unless an active track needs it."""
    await question_edits.delete(uow, actor, question_id, seen)


@router.get("/{question_id}/versions", responses=problems(401, 403, 404))
async def list_versions(question_id: UUID, _actor: QuestionKeeper, uow: Uow) -> QuestionHistory:
    """The question as it was at every time."""
    return QuestionHistory(items=tuple(await question_edits.versions(uow, question_id)))


@router.post("/{question_id}/dry-run", responses=problems(401, 403, 404))
async def try_question(question_id: UUID, body: DryRunWrite, actor: QuestionKeeper, runtime: RuntimeDep) -> DryRunRead:
    """Try a question of the bank with a sample answer. That it was tried is recorded, with what is not."""
    return await dry_runs.of_bank(runtime.open_uow, actor, question_id, body.answer, runtime.graders)


@router.post("/{question_id}/activate", responses=problems(401, 403, 404, 409, 412, 428))
async def activate_question(
    question_id: UUID, actor: QuestionKeeper, uow: Uow, seen: Seen, response: Response, key: IdempotencyHeader = None
) -> QuestionRead:
    """Let a question be asked."""
    act = partial(question_edits.activate, uow, actor, question_id, seen)
    return tagged(response, await _once(uow, actor, key, ["activate", question_id, sorted(seen)], act))


@router.post("/{question_id}/deactivate", responses=problems(401, 403, 404, 409, 412, 428))
async def deactivate_question(
    question_id: UUID, actor: QuestionKeeper, uow: Uow, seen: Seen, response: Response, key: IdempotencyHeader = None
) -> QuestionRead:
    """Ask a question no more, unless an active track needs it."""
    act = partial(question_edits.deactivate, uow, actor, question_id, seen)
    return tagged(response, await _once(uow, actor, key, ["deactivate", question_id, sorted(seen)], act))


async def _once(uow: Uow, actor: Actor, key: str | None, request: list[object], act: Callable[[], Awaitable[QuestionRead]]) -> QuestionRead:
    async def dumped() -> idempotency.JsonObject:
        return (await act()).model_dump(mode="json")

    return QuestionRead.model_validate((await idempotency.once(uow, actor, key, [str(each) for each in request], dumped)).response)
