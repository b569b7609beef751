"""`assay questions` at work beyond one file: the whole bank, deleting with what was deleted, and a question tried with a sample answer."""

import json
import os
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from assay.cli import content_files, content_runs
from assay.db.repositories.questions import BankFilter
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor
from assay.domain.questions import TEXTS, QuestionContent, QuestionFormat
from assay.runtime import Runtime
from assay.services import dry_runs, question_edits
from assay.services.dry_runs import DryRunRead
from assay.services.question_edits import QuestionCreate, QuestionPage, QuestionRead

_ROWS: Final = 200
"""Questions read at a time."""
_ONE_OPTION: Final = frozenset({QuestionFormat.SINGLE_CHOICE, QuestionFormat.TRUE_FALSE, QuestionFormat.LIKERT})


async def bank(open_uow: OpenUnitOfWork, wanted: BankFilter) -> QuestionPage:
    """All questions that are `wanted`, on one page."""
    found: list[QuestionRead] = []
    cursor = None
    async with open_uow(autocommit=True) as uow:
        while True:
            page = await question_edits.page(uow, wanted, cursor, _ROWS)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return QuestionPage(items=tuple(found), next_cursor=None)


async def delete(uow: UnitOfWork, actor: Actor | None, question_id: UUID, seen: frozenset[str]) -> QuestionRead:
    """The question as it was. Raises as the service does."""
    before = await question_edits.get(uow, question_id)
    await question_edits.delete(uow, actor, question_id, seen)
    return before


async def tried(runtime: Runtime, question: str, answer: str) -> DryRunRead:
    """What becomes of `answer`, a text or a file of one, to the question of that slug or of a file of that name."""
    if _is_file(question):
        content = content_files.read(QuestionCreate, Path(question)).wanted.content
        return await dry_runs.of_draft(runtime.open_uow, None, content, _answer(content, answer), runtime.graders)
    async with runtime.open_uow(autocommit=True) as uow:
        found = await content_runs.named(uow, content_runs.QUESTIONS, question)
    return await dry_runs.of_bank(runtime.open_uow, None, found.id, _answer(found.content, answer), runtime.graders)


def _answer(content: QuestionContent, given: str) -> Any:
    """In the shape that the format asks for; what has another is left to be refused."""
    text = Path(given).read_text(encoding="utf-8", errors="replace") if _is_file(given) else given
    if content.format in TEXTS:
        return text
    if content.format in _ONE_OPTION:
        return text.strip()
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_file(name: str) -> bool:
    return os.path.isfile(name)  # noqa: PTH113 - an essay is no path, and `Path` raises for names of its length
