"""Which machine shows a key, and what it may do: asked of the database, and believed for two seconds."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Final, NamedTuple

from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.actors import FOR_MACHINES, Actor, Role
from assay.domain.errors import Unauthenticated
from assay.security.service_keys import ShownKey, is_service_key, shown

BELIEVED_SECONDS: Final = 2.0
"""As soon as a revoked key is known everywhere; who asks often does not cost a look-up each time."""
BELIEVED_AT_MOST: Final = 1_000


class _Believed(NamedTuple):
    actor: Actor
    until: float


class ServiceKeys:
    """Tells service accounts by their keys. Of keys that are believed it keeps the hash."""

    def __init__(self, *, now: Callable[[], float] = monotonic) -> None:
        """`now` counts seconds."""
        self._now = now
        self._believed: OrderedDict[str, _Believed] = OrderedDict()

    @staticmethod
    def issued(token: str) -> bool:
        """Whether `token` claims to be a key of a service account."""
        return is_service_key(token)

    def believed(self, token: str) -> Actor | None:
        """Whose key this is, if it was looked up just now."""
        key = shown(token)
        found = self._believed.get(key.secret_hash) if key else None
        return found.actor if found and found.until > self._now() else None

    async def authenticate(self, open_uow: OpenUnitOfWork, token: str) -> Actor:
        """Whose key this is, and with which scope. Raises `Unauthenticated` alike for unknown, torn, revoked and expired keys."""
        if (actor := self.believed(token)) is not None:
            return actor
        key = shown(token)
        found = await _known(open_uow, key) if key else None
        if key is None or found is None:
            raise Unauthenticated("This key is unknown, revoked or expired.", code="unknown_key")
        self._believed[key.secret_hash] = _Believed(found, self._now() + BELIEVED_SECONDS)
        self._believed.move_to_end(key.secret_hash)
        if len(self._believed) > BELIEVED_AT_MOST:
            self._believed.popitem(last=False)
        return found

    def forget(self) -> None:
        """Believe nothing any more: some key was revoked."""
        self._believed.clear()


async def _known(open_uow: OpenUnitOfWork, key: ShownKey) -> Actor | None:
    async with open_uow(autocommit=True) as uow:
        found = await uow.service_accounts.known(key.public_id)
        if found is None or not key.fits(found.secret_hash):
            return None
        if found.stale:
            await uow.service_accounts.note_use(found.id)
    scope = FOR_MACHINES & frozenset(found.scopes)
    return Actor(id=found.account_id, role=Role.ADMIN, scope=scope, cohorts=frozenset(found.cohort_ids))
