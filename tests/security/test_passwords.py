"""Passwords: argon2id off the loop, a few at a time, and no telling whether an account exists."""

import asyncio
import threading
import time
from typing import Any

import pytest

from assay.security import passwords
from assay.security.passwords import Passwords


class CountingHasher:
    """Counts calls and how many ran at once, in place of a slow hash."""

    def __init__(self) -> None:
        self.hashed: list[str] = []
        self.verified: list[tuple[str, str]] = []
        self.most = 0
        self._running = 0
        self._lock = threading.Lock()

    def _work(self) -> None:
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        time.sleep(0.01)
        with self._lock:
            self._running -= 1

    def hash(self, password: str) -> str:
        """A hash that says what it is of."""
        self._work()
        self.hashed.append(password)
        return f"hash of {password}"

    def verify(self, password: str, password_hash: str) -> bool:
        """Whether it is of this."""
        self._work()
        self.verified.append((password, password_hash))
        return password_hash == f"hash of {password}"


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    """The counting hasher, installed."""
    hasher = CountingHasher()
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    return hasher


async def test_a_password_fits_its_own_hash_alone() -> None:
    """Argon2id with its parameters, salted: the same password never has the same hash; case and spaces count."""
    kept = Passwords()
    first, second = await asyncio.gather(kept.hash("correct horse"), kept.hash("correct horse"))
    assert first.startswith("$argon2id$v=19$m=65536")
    assert first != second
    assert await kept.verify("correct horse", first)
    assert not await kept.verify("Correct horse", first)
    assert not await kept.verify("", first)


async def test_the_loop_goes_on_while_a_password_is_hashed() -> None:
    """A hash of a fifth of a second does not hold up other requests."""
    hashing = asyncio.create_task(Passwords().hash("correct horse"))
    beats = 0
    while not hashing.done():
        await asyncio.sleep(0.002)
        beats += 1
    assert beats > 3


async def test_at_most_four_hashes_at_once(counting: CountingHasher) -> None:
    """Each takes 64 MiB: a crowd waits in line, and everybody gets an answer."""
    kept = Passwords()
    answers = await asyncio.gather(*(kept.verify(f"p{number}", f"hash of p{number}") for number in range(20)), kept.hash("x"))
    assert all(answers)
    assert counting.most <= 4


@pytest.mark.parametrize("password", ["decoy", "anything", ""])
async def test_an_unknown_account_takes_as_long_as_a_known_one(counting: CountingHasher, password: str) -> None:
    """Without a hash one verification is made all the same, and its outcome does not count, not even for the decoy's own password."""
    kept = Passwords()
    assert [await kept.verify(password, None) for _ in range(3)] == [False] * 3
    assert len(counting.verified) == 3
    assert len(counting.hashed) == 1


async def test_a_failure_gives_its_place_back(counting: CountingHasher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash that cannot be read, or a caller that went away, does not block the line."""
    kept = Passwords()

    def fail(*_: Any) -> bool:
        raise ValueError

    with monkeypatch.context() as patched:
        patched.setattr(counting, "verify", fail)
        results = await asyncio.gather(*(kept.verify("p", "unreadable") for _ in range(8)), return_exceptions=True)
    assert {type(result) for result in results} == {ValueError}
    assert await asyncio.wait_for(kept.verify("p", "hash of p"), 1)
