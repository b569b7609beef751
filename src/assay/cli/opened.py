"""Doing something with an open runtime from the command line: an outage or a refusal ends in a sentence and an exit code."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from assay.runtime import Runtime
    from assay.settings import Settings

REFUSED: Final = 1
UNASKED: Final = 2
"""A server was away: nothing is known, which is neither good news nor bad."""


def opened[T](settings: "Settings", use: "Callable[[Runtime], Awaitable[T]]", *, check_keys: bool = True) -> T:
    """What `use` gives. Raises `typer.Exit` with `UNASKED` when the database is away and `REFUSED` for every other domain error.

    The error's sentence goes to stderr, and a line for each field that it is about.
    """
    from assay.domain.errors import DomainError, Unavailable
    from assay.runtime import open_runtime

    async def run() -> T:
        async with open_runtime(settings, check_keys=check_keys) as runtime:
            return await use(runtime)

    try:
        return asyncio.run(run())
    except DomainError as error:
        fields = [f"  {each.pointer}: {each.message}" for each in error.problems]
        print(error.detail, *fields, sep="\n", file=sys.stderr)  # noqa: T201 - the sentence for whoever asked
        raise typer.Exit(UNASKED if isinstance(error, Unavailable) else REFUSED) from error
