"""Effects: the whole transaction again after a deadlock, nothing of the one that was undone, and an end to it."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from assay.db.effects import AGAIN, written
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.errors import Unavailable
from assay.domain.jobs import JobType
from assay.kit.ids import new_id

INSERT = text("INSERT INTO cohorts (name) VALUES (:name)")
NAMES = text("SELECT name FROM cohorts WHERE name LIKE 'effect%' ORDER BY name")
TOUCH = text("UPDATE cohorts SET created_at = created_at WHERE name = :name")
RAISE = "DO $$ BEGIN RAISE EXCEPTION 'simulated' USING ERRCODE = '{}'; END $$"


async def names(open_uow: OpenUnitOfWork) -> list[str]:
    """What effects have left behind."""
    async with open_uow(autocommit=True) as uow:
        return list(await uow.session.scalars(NAMES))


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_the_whole_transaction_is_done_again(open_uow: OpenUnitOfWork, broker: Any, sqlstate: str) -> None:
    """What was undone thrice leaves no row and no ring; the fourth is written once, with all that it began with."""
    times = 0

    async def effect(uow: UnitOfWork) -> str:
        nonlocal times
        times += 1
        await uow.session.execute(INSERT, {"name": f"effect {times}"})
        uow.ring_after_commit(JobType.SCORE_ESSAY, new_id())
        if times <= AGAIN:
            await uow.session.execute(text(RAISE.format(sqlstate)))
        return f"done {times}"

    assert await written(open_uow, effect) == f"done {AGAIN + 1}"
    assert await names(open_uow) == [f"effect {AGAIN + 1}"]
    assert len(broker.rung) == 1


async def test_it_ends(open_uow: OpenUnitOfWork) -> None:
    """What is undone each time is the database's own error in the end, which the caller counts."""
    times = 0

    async def effect(uow: UnitOfWork) -> None:
        nonlocal times
        times += 1
        await uow.session.execute(text(RAISE.format("40001")))

    with pytest.raises(DBAPIError):
        await written(open_uow, effect)
    assert times == AGAIN + 1


@pytest.mark.parametrize(("sqlstate", "kind"), [("57P01", Unavailable), ("23503", DBAPIError)])
async def test_anything_else_is_not_tried_again_here(open_uow: OpenUnitOfWork, sqlstate: str, kind: type[Exception]) -> None:
    """An outage is waited for elsewhere, and a defect would come again."""
    times = 0

    async def effect(uow: UnitOfWork) -> None:
        nonlocal times
        times += 1
        await uow.session.execute(text(RAISE.format(sqlstate)))

    with pytest.raises(kind):
        await written(open_uow, effect)
    assert times == 1


async def test_two_that_wait_for_each_other_both_get_through(open_uow: OpenUnitOfWork) -> None:
    """A real deadlock: two rows, locked the other way round; Postgres undoes one, which is then done again."""
    async with open_uow() as uow:
        for name in ("effect a", "effect b"):
            await uow.session.execute(INSERT, {"name": name})
    both = asyncio.Barrier(2)
    begun: list[str] = []

    async def touch(first: str, second: str, uow: UnitOfWork) -> str:
        begun.append(first)
        await uow.session.execute(TOUCH, {"name": first})
        if len(begun) <= 2:
            await both.wait()
        await uow.session.execute(TOUCH, {"name": second})
        return first

    one = written(open_uow, lambda uow: touch("effect a", "effect b", uow))
    other = written(open_uow, lambda uow: touch("effect b", "effect a", uow))
    assert await asyncio.gather(one, other) == ["effect a", "effect b"]
    assert len(begun) == 3
