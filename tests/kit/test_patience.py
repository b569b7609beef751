"""Waiting for an answer: the other's silence counts, one's own pause does not."""

import asyncio
import socket
import time

import pytest

from assay.kit.patience import answered

PAUSE = 0.2


async def test_a_pause_of_the_process_is_not_silence() -> None:
    """The answer lay ready all the while: it is taken, though the time had run out by the clock."""
    loop = asyncio.get_running_loop()
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(False)
        loop.call_soon(time.sleep, PAUSE)
        loop.call_soon(there.send, b"here")
        assert await answered(loop.sock_recv(here, 8), PAUSE / 2) == b"here"


async def test_silence_ends_and_the_question_is_withdrawn() -> None:
    """Nobody waits longer than said, and nothing goes on in the background."""
    asked = asyncio.ensure_future(asyncio.sleep(60))
    with pytest.raises(TimeoutError):
        await answered(asked, 0.05)
    assert asked.cancelled()


async def test_what_goes_wrong_is_told_as_it_is() -> None:
    """An error of the answer is the error."""

    async def refused() -> None:
        raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        await answered(refused(), 1)


async def test_whoever_waits_can_be_called_away() -> None:
    """Being cancelled withdraws the question too."""
    asked = asyncio.ensure_future(asyncio.sleep(60))
    waiting = asyncio.ensure_future(answered(asked, 60))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert asked.cancelled()
