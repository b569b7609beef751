"""The same request twice is answered once: a key, the hash of what was asked, and the stored answer, in the caller's transaction."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.errors import Conflict
from assay.kit.hashing import content_hash

type JsonObject = dict[str, Any]

FORGOTTEN_AT_ONCE: Final = 1_000
"""Keys deleted in one sweep, at most, so that none is long."""


class Outcome(NamedTuple):
    """An answer, and whether it is a replay."""

    response: JsonObject
    replayed: bool


async def once(uow: UnitOfWork, actor: Actor, key: str | None, request: object, act: Callable[[], Awaitable[JsonObject]]) -> Outcome:
    """Run `act` unless `key` has been answered before; then repeat that answer.

    A concurrent request with the same key waits for this transaction. Raises `Conflict` when the key was used for another request.
    """
    if key is None:
        return Outcome(await act(), replayed=False)
    request_hash = content_hash(request)
    if await uow.idempotency.claim(actor.id, key, request_hash):
        response = await act()
        await uow.idempotency.answer(actor.id, key, response)
        return Outcome(response, replayed=False)
    answered = await uow.idempotency.find(actor.id, key)
    if answered is None or answered.response is None or answered.request_hash != request_hash:
        raise Conflict("This Idempotency-Key was used for a different request. Use a new key.", code="idempotency_key_reused")
    return Outcome(answered.response, replayed=True)


async def forget_expired(uow: UnitOfWork) -> int:
    """Delete answers that nobody may ask for any more, a day after they were given; how many."""
    return await uow.idempotency.forget_expired(FORGOTTEN_AT_ONCE)
