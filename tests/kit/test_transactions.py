"""The mark of an open transaction, task by task."""

# ruff: noqa: PT012 - the block is what is tested

import asyncio

import pytest

from assay.kit.transactions import NetworkInsideTransaction, assert_no_transaction, transaction_marked


def test_nothing_leaves_while_a_transaction_is_open() -> None:
    """Inside the mark the assertion fails, before and after it holds, also when the block ends in an error."""
    assert_no_transaction()
    with pytest.raises(KeyError), transaction_marked():
        with pytest.raises(NetworkInsideTransaction, match="close the unit of work"):
            assert_no_transaction()
        raise KeyError
    assert_no_transaction()


def test_marks_nest() -> None:
    """Leaving an inner block does not open the door while the outer one is open."""
    with transaction_marked():
        with transaction_marked():
            pass
        with pytest.raises(NetworkInsideTransaction):
            assert_no_transaction()
    assert_no_transaction()


async def test_one_task_does_not_mark_another() -> None:
    """A transaction in one task leaves its neighbours free to call out."""
    opened, checked = asyncio.Event(), asyncio.Event()

    async def holder() -> None:
        with transaction_marked():
            opened.set()
            await checked.wait()

    async def neighbour() -> None:
        await opened.wait()
        assert_no_transaction()
        checked.set()

    await asyncio.gather(holder(), neighbour())


async def test_a_task_started_inside_is_inside() -> None:
    """Calling out through a task of one's own is no way around the law."""

    async def call_out() -> None:
        assert_no_transaction()

    with transaction_marked(), pytest.raises(NetworkInsideTransaction):
        await asyncio.create_task(call_out())
