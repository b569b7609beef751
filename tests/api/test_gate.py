"""What never reaches a route: foreign names, plain HTTP, endless headers, bodies that do not come, strangers at inner doors."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import applications
import httpx2
import pytest
import pytest_asyncio
from pydantic import ValidationError

from assay.edge import middleware
from assay.edge.gate import MAX_HEADERS
from assay.runtime import Runtime
from assay.settings import Settings

STRANGER = ("203.0.113.9", 40_000)
BALANCER = ("10.1.2.3", 40_000)
HTTPS = {"x-forwarded-proto": "https"}

type Reach = Callable[..., Any]


@pytest_asyncio.fixture
async def reach(runtime: Runtime) -> AsyncIterator[Reach]:
    """Opens a client at the application as it would run with other settings, from another address."""
    async with AsyncExitStack() as stack:

        async def opened(came_from: tuple[str, int] = STRANGER, **changes: str) -> httpx2.AsyncClient:
            app = await stack.enter_async_context(applications.on(runtime, **changes))
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False, client=came_from)
            client = httpx2.AsyncClient(transport=transport, base_url="http://assay.test")
            return await stack.enter_async_context(client)

        yield opened


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "assay.test.evil.example",
        "assay.test@evil.example",
        "evil.example@assay.test",
        "assay.test/",
        "",
        "evil.example:80",
        "[",
        "test",
    ],
)
async def test_a_foreign_host_name_is_refused(reach: Reach, host: str) -> None:
    """Whatever it looks like; so no link that is made of it can lead elsewhere."""
    client = await reach()
    for path in ("/", "/sign-in", "/api/v1/tracks"):
        answer = await client.get(path, headers={"host": host})
        assert (answer.status_code, answer.json()["code"]) == (421, "foreign_host")
        assert "x-content-type-options" in answer.headers


@pytest.mark.parametrize("host", ["assay.test", "ASSAY.test:8000", "a.b.example.edu", "localhost:1", "127.0.0.1", "[::1]:8000"])
async def test_our_own_names_are_answered(reach: Reach, host: str) -> None:
    """That of the settings, names below one with a star, and this machine's."""
    client = await reach(allowed_hosts="assay.test, *.example.edu")
    assert (await client.get("/", headers={"host": host})).status_code == 200


async def test_two_host_names_are_none(reach: Reach) -> None:
    """A request with two is one that two readers understand differently."""
    client = await reach()
    request = client.build_request("GET", "/")
    request.headers = httpx2.Headers([("host", "assay.test"), ("host", "evil.example")])
    assert (await client.send(request)).status_code == 421


async def test_plain_http_leads_pages_to_tls_and_refuses_the_api(reach: Reach) -> None:
    """A page is asked for again at the public address; a token that came in clear is refused, and so is a form."""
    client = await reach(public_url="https://assay.test")
    page = await client.get("/tracks?a=b")
    assert (page.status_code, page.headers["location"]) == (308, "https://assay.test/tracks?a=b")
    assert (await client.get("/api/v1/tracks")).json()["code"] == "https_required"
    assert (await client.post("/sign-in", data={})).status_code == 403
    assert "strict-transport-security" not in page.headers
    assert (await client.get("/healthz", headers={"host": "10.0.0.7"})).status_code == 200


async def test_a_trusted_proxy_is_believed_and_nobody_else(reach: Reach) -> None:
    """Behind the balancer TLS is TLS, with HSTS; the same header from a stranger changes nothing."""
    settings = {"public_url": "https://assay.test", "trusted_proxies": "10.0.0.0/8"}
    behind = await reach(BALANCER, **settings)
    answer = await behind.get("/", headers=HTTPS)
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"].startswith("max-age=63072000")
    stranger = await reach(STRANGER, **settings)
    assert (await stranger.get("/", headers=HTTPS)).status_code == 308
    open_one = await reach(BALANCER, public_url="https://assay.test")
    assert (await open_one.get("/", headers=HTTPS)).status_code == 308


async def test_inner_doors_are_for_those_inside(reach: Reach) -> None:
    """Metrics and readiness answer a balancer or a monitor, not the world: not even through a trusted proxy."""
    for path in ("/metrics", "/readyz"):
        assert (await (await reach()).get(path)).status_code == 404
        assert (await (await reach(BALANCER)).get(path)).status_code == 200
        proxied = await reach(BALANCER, trusted_proxies="10.0.0.0/8")
        assert (await proxied.get(path, headers={"x-forwarded-for": "203.0.113.9"})).status_code == 404


@pytest.mark.parametrize("headers", [{"x-long": "a" * 20_000}, {f"x-{each}": "a" for each in range(MAX_HEADERS + 1)}])
async def test_endless_headers_are_refused(reach: Reach, headers: dict[str, str]) -> None:
    """By their number and their size."""
    answer = await (await reach()).get("/", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")


async def test_a_body_that_does_not_come_is_given_up(reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends a byte and then nothing keeps no worker waiting."""
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.05)
    client = await reach()

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    answer = await client.post("/api/v1/auth/token", content=trickle(), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (408, "request_timeout")


async def test_other_sites_scripts_are_kept_out_unless_named(reach: Reach) -> None:
    """By default no answer allows another origin; one that is named may use a token, and no cookie."""
    asked = {
        "origin": "https://portal.example.edu",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
    }
    closed = await (await reach()).options("/api/v1/tracks", headers=asked)
    assert "access-control-allow-origin" not in closed.headers
    client = await reach(cors_origins="https://portal.example.edu")
    opened = await client.options("/api/v1/tracks", headers=asked)
    assert opened.headers["access-control-allow-origin"] == "https://portal.example.edu"
    assert "access-control-allow-credentials" not in opened.headers
    other = await client.options("/api/v1/tracks", headers={**asked, "origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


FIT = {"environment": "production", "public_url": "https://assay.test", "database_url": "postgresql://assay:secret@db/assay"}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"public_url": "http://assay.test"}, "ASSAY_PUBLIC_URL"),
        ({"secure_cookies": False}, "ASSAY_SECURE_COOKIES"),
        ({"webhook_allowed_networks": "127.0.0.0/8"}, "ASSAY_WEBHOOK_ALLOWED_NETWORKS"),
        ({"rate_limit_scale": 0}, "ASSAY_RATE_LIMIT_SCALE"),
    ],
)
def test_production_refuses_what_is_handy_while_developing(change: dict[str, Any], word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with the setting's name; nothing starts half safe. As it should be, it starts."""
    for name in ("DATABASE_URL", "ASSAY_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert Settings(**FIT).public_url == "https://assay.test"
    with pytest.raises(ValidationError, match=word):
        Settings(**{**FIT, **change})
    with pytest.raises(ValidationError, match="ASSAY_DATABASE_URL must be set"):
        Settings(**{name: value for name, value in FIT.items() if name != "database_url"})
