"""Waiting for something that nobody announces."""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable


async def until(holds: Callable[[], bool | Awaitable[bool]], within: float = 60.0, every: float = 0.02) -> None:
    """Return once `holds()` is true; fail after `within` seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while asyncio.get_running_loop().time() < deadline:
        answer = holds()
        if await answer if isawaitable(answer) else answer:
            return
        await asyncio.sleep(every)
    msg = f"still not so after {within:g} s"
    raise AssertionError(msg)
