"""Passwords: argon2id (RFC 9106) in a thread, at most four hashes at once, since each takes 64 MiB."""

import asyncio
from typing import Final

from pwdlib import PasswordHash

from assay.domain.password_rules import normal

_HASHER: Final = PasswordHash.recommended()
_AT_ONCE: Final = 4


class Passwords:
    """Hashes and verifies without blocking the loop. One per process and event loop."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """The PHC string of `password`."""
        async with self._slots:
            return await asyncio.to_thread(_HASHER.hash, normal(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether `password` fits. Without a hash a decoy is verified, so that unknown accounts take as long as known ones."""
        if password_hash is None:
            self._decoy = self._decoy or await self.hash("decoy")
        async with self._slots:
            fits = await asyncio.to_thread(_HASHER.verify, normal(password), password_hash or self._decoy or "")
        return fits and password_hash is not None
