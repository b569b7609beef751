"""Access tokens of other issuers at the API: whoever they speak for gets in as the mapping says, and nobody else."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from providers import AUDIENCE, CLIENT, Provider, provider
from pydantic import SecretStr

from assay.runtime import Runtime
from assay.settings import Settings


@pytest_asyncio.fixture
async def campus() -> AsyncIterator[Provider]:
    """An issuer that is up."""
    async with provider() as up:
        up.person |= {"realm_access": {"roles": ["offline", "lecturer"]}}
        yield up


@pytest.fixture
def settings(settings: Settings, campus: Provider) -> Settings:
    """A service that takes its access tokens."""
    described = {
        "name": "Campus",
        "issuer": campus.issuer,
        "audience": AUDIENCE,
        "role_claim": "realm_access.roles",
        "roles": {"lecturer": "advisor", "learner": "student"},
    }
    return settings.model_copy(update={"identity_providers": SecretStr(json.dumps({"campus": described}))})


async def me(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    """Who I am."""
    return await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})


async def test_a_token_of_a_trusted_issuer_is_taken(client: httpx2.AsyncClient, campus: Provider) -> None:
    """Its person gets an account at the first request, the same one later, in the role of the claims; keys are fetched once."""
    first = await me(client, campus.token())
    assert (first.status_code, first.json()["role"], first.json()["name"]) == (200, "advisor", "Robin Campus"), first.text
    assert (await me(client, campus.token())).json()["id"] == first.json()["id"]
    assert campus.fetched == ["discovery", "keys"]


async def test_it_counts_against_its_person(client: httpx2.AsyncClient, campus: Provider) -> None:
    """Once it is known whose it is, requests are taken from that person's bucket, not from the address's."""
    token = campus.token()
    assert "stranger" in (await me(client, token)).headers["ratelimit"]
    assert "read" in (await me(client, token)).headers["ratelimit"]


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({}, {"aud": "https://other.example"}),
        ({}, {"aud": CLIENT}),
        ({}, {"aud": None}),
        ({}, {"iss": "https://attacker.example"}),
        ({}, {"iss": None}),
        ({}, {"exp": 1_000_000_000}),
        ({}, {"exp": None}),
        ({}, {"nbf": 4_000_000_000}),
        ({}, {"nonce": "of an ID token"}),
        ({}, {"sub": None}),
        ({}, {"sub": "x" * 300}),
        ({}, {"padding": "x" * 9_000}),
        ({"kid": "unknown"}, {}),
        ({"jwk": {"kty": "RSA"}}, {}),
    ],
    ids=str,
)
async def test_any_other_token_is_refused(
    client: httpx2.AsyncClient, campus: Provider, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    """For somebody else, of somebody else, of another time, of another kind."""
    campus.header, campus.twist = header, claims
    assert (await me(client, campus.token())).status_code == 401


async def test_algorithms_are_not_confused(client: httpx2.AsyncClient, campus: Provider) -> None:
    """Neither without a signature, nor with the public key as a secret."""
    head, body, _ = campus.token().split(".")
    for algorithm in ("none", "HS256", "RS512"):
        import base64  # noqa: PLC0415 - of this test alone

        forged = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "r1"}).encode()).rstrip(b"=").decode()
        assert (await me(client, f"{forged}.{body}.")).status_code == 401
    assert (await me(client, f"{head}.{body}.AAAA")).status_code == 401


async def test_without_a_role_nobody_gets_in(client: httpx2.AsyncClient, campus: Provider) -> None:
    """Being known elsewhere is no right here."""
    campus.person["realm_access"] = {"roles": ["cook"]}
    refused = await me(client, campus.token())
    assert (refused.status_code, refused.json()["code"]) == (403, "no_role")


async def test_who_is_switched_off_is_refused_at_once(client: httpx2.AsyncClient, runtime: Runtime, campus: Provider) -> None:
    """Also while their token is still believed."""
    token = campus.token()
    who = (await me(client, token)).json()["id"]
    async with runtime.engine.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE users SET is_active = false WHERE id = '{who}'")
    await runtime.identity.learn_who_left(runtime.open_uow)
    assert (await me(client, token)).status_code == 401


async def test_an_issuer_that_is_away(client: httpx2.AsyncClient, campus: Provider) -> None:
    """Unknown keys mean 503 with a time to come back, not 401: the token may be good."""
    campus.away = True
    away = await me(client, campus.token())
    assert (away.status_code, "retry-after" in away.headers) == (503, True)
    campus.away = False
    assert (await me(client, campus.token())).status_code == 200
    campus.away = True
    assert (await me(client, campus.token(jti="another"))).status_code == 200
