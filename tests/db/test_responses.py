"""Saving answers on the real database: which of two writes stands, what is locked, and times that no calendar of the database holds."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from assay.db.repositories.responses import GivenAnswer, Saved
from assay.db.unit_of_work import OpenUnitOfWork
from assay.kit.ids import new_id

type Save = Callable[..., Awaitable[Saved]]
NOW = datetime.now(UTC)


@pytest_asyncio.fixture
async def asked(open_uow: OpenUnitOfWork, new_assessment: Any) -> tuple[UUID, UUID]:
    """An open assessment and its one question."""
    async with open_uow() as uow:
        assessment_id = await new_assessment(uow)
        await uow.session.execute(text("UPDATE assessments SET submitted_at = NULL, closed_at = NULL"))
        insert = text(
            "INSERT INTO assessment_question_snapshots (assessment_id, position, question_id, question_version_id)"
            " SELECT :id, 1, question_id, id FROM question_versions LIMIT 1 RETURNING question_id"
        )
        question_id: UUID = (await uow.session.execute(insert, {"id": assessment_id})).scalar_one()
    return assessment_id, question_id


@pytest.fixture
def save(open_uow: OpenUnitOfWork, asked: tuple[UUID, UUID]) -> Save:
    """Saves one answer in a batch and a transaction of its own."""

    async def write(answer: Any, at: datetime | None = None, batch: str | None = None) -> Saved:
        async with open_uow() as uow:
            return await uow.responses.save(asked[0], batch or str(new_id()), [GivenAnswer(asked[1], answer, answer is None, at)])

    return write


async def standing(open_uow: OpenUnitOfWork, asked: tuple[UUID, UUID]) -> tuple[Any, datetime]:
    """The answer that stands, and since when."""
    async with open_uow() as uow:
        saved = (await uow.responses.all(asked[0]))[asked[1]]
    return saved.answer, saved.answered_at


@pytest.mark.parametrize("answer", ["text", "", None, 0, 1.5, [], ["a", "b"], {"l": "r"}, "🙂 \u202e e\u0301"])
async def test_any_answer_comes_back(open_uow: OpenUnitOfWork, asked: tuple[UUID, UUID], save: Save, answer: Any) -> None:
    """Equal to what was given, a cleared one too."""
    saved = await save(answer)
    assert (saved.writable, saved.is_new, saved.written) == (True, True, [asked[1]])
    assert (await standing(open_uow, asked))[0] == answer


async def test_the_later_answer_stands_whatever_arrives_first(open_uow: OpenUnitOfWork, asked: tuple[UUID, UUID], save: Save) -> None:
    """Two tabs: an answer given earlier does not replace one given later; of two at the same time the one that came last stands."""
    await save("later", NOW - timedelta(minutes=1))
    assert (await save("earlier", NOW - timedelta(minutes=2))).written == []
    assert (await standing(open_uow, asked))[0] == "later"
    await save("same time", NOW - timedelta(minutes=1))
    assert (await standing(open_uow, asked))[0] == "same time"
    await save("no time given")
    assert (await standing(open_uow, asked))[0] == "no time given"


async def test_a_repeated_batch_changes_nothing(open_uow: OpenUnitOfWork, asked: tuple[UUID, UUID], save: Save) -> None:
    """A retry after a lost reply finds its batch taken in, even when something newer was saved since."""
    await save("first", batch="b-1")
    await save("second", batch="b-2")
    again = await save("first", batch="b-1")
    assert (again.writable, again.is_new, again.written) == (True, False, [])
    assert (await standing(open_uow, asked))[0] == "second"


@pytest.mark.parametrize("end", ["submitted_at = now()", "closed_at = now()", "expires_at = now()"])
async def test_what_is_over_takes_no_answer(open_uow: OpenUnitOfWork, asked: tuple[UUID, UUID], save: Save, end: str) -> None:
    """Submitted, closed or expired: nothing is written, not even the batch, and what stood stands."""
    await save("in time")
    async with open_uow() as uow:
        await uow.session.execute(text(f"UPDATE assessments SET {end} WHERE id = :id"), {"id": asked[0]})
    late = await save("too late", batch="late")
    assert (late.writable, late.is_new, late.written) == (False, False, [])
    assert (await standing(open_uow, asked))[0] == "in time"
    async with open_uow() as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM response_batches WHERE batch_id = 'late'")) == 0


@pytest.mark.parametrize(
    "ahead", [NOW + timedelta(days=1), datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=timezone(-timedelta(hours=12)))]
)
async def test_a_clock_that_runs_ahead_is_capped(open_uow: OpenUnitOfWork, asked: tuple[UUID, UUID], save: Save, ahead: datetime) -> None:
    """Tomorrow, the last moment of the calendar and one past it in UTC count as now, so the next answer still replaces it."""
    await save("from the future", ahead)
    assert (await standing(open_uow, asked))[1] < datetime.now(UTC) + timedelta(minutes=1)
    await save("afterwards")
    assert (await standing(open_uow, asked))[0] == "afterwards"


@pytest.mark.parametrize("behind", [datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))])
async def test_a_clock_that_is_far_behind_does_not_break_saving(
    open_uow: OpenUnitOfWork, asked: tuple[UUID, UUID], save: Save, behind: datetime
) -> None:
    """The first moment of the calendar, and one before it in UTC, are old answers like any other."""
    assert (await save("ancient", behind)).written == [asked[1]]
    await save("modern", NOW - timedelta(days=1))
    assert (await standing(open_uow, asked))[0] == "modern"
