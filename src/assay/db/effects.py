"""Writing the effect of a job: one transaction, and the whole of it again when the database had to undo it in favour of another."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork, collided
from assay.domain.errors import Unavailable

AGAIN: Final = 3
"""How often a transaction that was undone is done again before that is an error of the job's."""
PAUSE_SECONDS: Final = 0.05
"""Before the first of them; doubled each time, and drawn between half and all of it, so that two that met do not meet again."""


async def written[T](open_uow: OpenUnitOfWork, effect: Callable[[UnitOfWork], Awaitable[T]]) -> T:
    """What `effect` gives, committed.

    After a deadlock, or a failure to serialise, nothing of a transaction stands. So all of `effect` is done again, in a new one: it has to
    do everything through the unit of work it is given. Raises what `effect` raises, and the database's own error when a transaction has
    been done again `AGAIN` times.
    """
    for times in count():
        try:
            async with open_uow() as uow:
                return await effect(uow)
        except Unavailable as error:
            if (undone := collided(error.__cause__)) is None:
                raise
            if times == AGAIN:
                raise undone from None
        await asyncio.sleep(PAUSE_SECONDS * 2**times * (0.5 + 0.5 * random.random()))  # noqa: S311 - jitter, not a secret
    raise AssertionError
