"""A file that comes as the body of a request: taken in as it comes, in memory while it is small, on the disk beyond."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, Final, cast

from fastapi import Request

_IN_MEMORY: Final = 1024 * 1024


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[BinaryIO]:
    """The body of `request` as a file that can be sought, gone with the block. Raises `BodyTooLarge` as the middleware says."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        async for part in request.stream():
            file.write(part)
        yield cast("BinaryIO", file)
