"""Waiting for another's answer without blaming it for a pause of one's own."""

import asyncio
from collections.abc import Awaitable
from typing import Final

SLICES: Final = 5
"""A process that stood still takes up one of them. The loop then reads what has come meanwhile before the next one ends."""


async def answered[T](answer: Awaitable[T], seconds: float) -> T:
    """What `answer` comes to within `seconds` in which this process was running.

    Raises `TimeoutError` otherwise, after `answer` has been cancelled.
    """
    asked = asyncio.ensure_future(answer)
    try:
        for _ in range(SLICES):
            await asyncio.wait({asked}, timeout=seconds / SLICES)
            if asked.done():
                return asked.result()
        raise TimeoutError
    finally:
        if asked.cancel():
            await asyncio.gather(asked, return_exceptions=True)
