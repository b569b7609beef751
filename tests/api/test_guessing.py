"""Guessing passwords: who guesses is stopped before anything is hashed, and whose password it is still comes in."""

import asyncio
import gc
from datetime import timedelta

import httpx2
import psutil
import pytest
from redis.asyncio import Redis

from assay.broker.token_buckets import AWAY_SECONDS
from assay.domain.errors import RateLimited, Unavailable
from assay.runtime import Runtime
from assay.security.tokens import Tokens
from assay.services.guessing import KNOWN_FOR, Guessing
from assay.settings import Settings

VICTIM = "student@assay.example"
ATTEMPTS, AT_ONCE = 10_000, 5
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The usual quotas of guessing; how many requests an address makes is not what this is about."""
    return settings.model_copy(update={"rate_limit_scale": 1.0, "rate_limits": {"sign-in": (100_000, 100_000.0)}})


@pytest.fixture
def hashed(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every password that is really tried; only the demo password fits, and none takes its 64 MiB."""
    tried: list[str] = []

    async def verify(password: str, password_hash: str | None) -> bool:
        tried.append(password)
        return password == "assay-demo" and password_hash is not None

    monkeypatch.setattr(runtime.passwords, "verify", verify)
    return tried


async def page(client: httpx2.AsyncClient, password: str, email: str = VICTIM) -> int:
    """Sign in at the page."""
    return (await client.post("/sign-in", data={"email": email, "password": password}, headers=SAME_ORIGIN)).status_code


async def tried(guessing: Guessing, address: str, *notes: str) -> bool:
    """Whether a password may be tried from there."""
    while True:
        try:
            await guessing.admit(VICTIM, address, *notes)
        except RateLimited:
            return False
        except Unavailable:  # a machine that is busy with other tests; nobody is let in meanwhile
            await asyncio.sleep(AWAY_SECONDS)
        else:
            return True


async def test_ten_thousand_guesses_from_everywhere(
    runtime: Runtime, client: httpx2.AsyncClient, hashed: list[str], settings: Settings
) -> None:
    """Some sixty of them are looked at; the owner signs in as ever where they have before; neither memory nor Redis keeps growing."""
    assert await page(client, "assay-demo") == 303
    gc.collect()
    before = psutil.Process().memory_info().rss
    admitted = 0
    for first in range(0, ATTEMPTS, AT_ONCE):
        admitted += sum(await asyncio.gather(*(tried(runtime.guessing, f"address-{number}") for number in range(first, first + AT_ONCE))))
    assert 50 <= admitted <= 80
    gc.collect()
    assert psutil.Process().memory_info().rss - before < 32 * 1024 * 1024
    stranger = await client.post("/api/v1/auth/token", json={"email": VICTIM, "password": "assay-demo"})
    assert (stranger.status_code, stranger.json()["code"], len(hashed)) == (429, "rate_limited", 1)
    assert await page(client, "assay-demo") == 303
    assert hashed == ["assay-demo"] * 2
    redis = Redis.from_url(settings.redis_url.get_secret_value())
    keys = [key async for key in redis.scan_iter(f"{settings.queue_namespace}:rate:guess*", count=1_000)]
    assert keys
    assert all([0 < await redis.ttl(key) <= 3_700 for key in keys[:200]])
    assert not any(b"assay.example" in key for key in keys)
    await redis.aclose()


async def test_one_address_cannot_use_up_what_all_have(runtime: Runtime) -> None:
    """It is stopped after ten, and a browser elsewhere, even one that is not known, goes on."""
    assert sum([await tried(runtime.guessing, "there") for _ in range(200)]) <= 11
    assert await tried(runtime.guessing, "here")


async def test_a_known_browser_has_its_own_measure(client: httpx2.AsyncClient, hashed: list[str]) -> None:
    """Also with a stolen note nobody guesses on for ever."""
    assert await page(client, "assay-demo") == 303
    assert {await page(client, f"guess {number}") for number in range(30)} == {422, 429}
    assert len(hashed) <= 23


async def test_accounts_that_are_none_are_limited_alike(client: httpx2.AsyncClient, hashed: list[str]) -> None:
    """Being stopped does not tell whether there is an account."""
    told = [await page(client, "x", f"{name}@assay.example") for name in ("student2", "nobody") for _ in range(12)]
    assert told[:12] == told[12:] == [422] * 10 + [429] * 2
    assert len(hashed) == 20


@pytest.mark.parametrize("case", ["another's", "forged", "old", "of another kind", "nonsense"])
async def test_a_note_that_is_none_helps_nobody(runtime: Runtime, case: str) -> None:
    """Of another account, of another key, past its time, another kind of token: a browser with it is unknown."""
    tokens, now = runtime.identity.tokens, runtime.clock()
    forged = Tokens({"test": "a-secret-that-is-not-the-service's-own"}, audience="http://127.0.0.1:8000", access_minutes=5)
    note = {
        "another's": runtime.guessing.remember("admin@assay.example"),
        "forged": Guessing(runtime.rate_limits, forged, runtime.clock).remember(VICTIM),
        "old": Guessing(runtime.rate_limits, tokens, lambda: now - KNOWN_FOR - timedelta(days=1)).remember(VICTIM),
        "of another kind": tokens.note("sign-in", "x", now, KNOWN_FOR, device="d"),
        "nonsense": "x.y.z",
    }[case]
    assert sum([await tried(runtime.guessing, "there", note) for _ in range(30)]) <= 11


async def test_several_people_have_one_browser(client: httpx2.AsyncClient, runtime: Runtime, hashed: list[str]) -> None:
    """The second to sign in does not make the first a stranger."""
    for email in (VICTIM, "student2@assay.example"):
        assert await page(client, "assay-demo", email) == 303
    for number in range(200):
        await tried(runtime.guessing, f"address-{number}")
    assert await page(client, "assay-demo") == 303
    assert len(hashed) == 3
