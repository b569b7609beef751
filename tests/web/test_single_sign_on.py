"""Single sign-on with a real provider on loopback: there, back, who somebody is then, and every way in which it must fail."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
import pytest_asyncio
from joserfc.jwk import RSAKey
from providers import CLIENT, SECRET, Provider, provider
from pydantic import SecretStr

from assay.domain.actors import Actor, Role
from assay.runtime import Runtime, open_runtime
from assay.settings import Settings

ROLES = {"employee": "advisor", "learner": "student", "it": "admin"}


@pytest_asyncio.fixture
async def campus() -> AsyncIterator[Provider]:
    """A provider that is up and honest."""
    async with provider() as up:
        up.person |= {"groups": ["learner", "ds-2026"]}
        yield up


@pytest.fixture
def settings(settings: Settings, campus: Provider) -> Settings:
    """A service that knows this provider."""
    described = {
        "name": "Campus University",
        "issuer": campus.issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "role_claim": "groups",
        "roles": ROLES,
        "cohort_claim": "groups",
        "cohorts": {"ds-2026": "Data science 2026", "se-2026": "Software 2026"},
    }
    return settings.model_copy(update={"identity_providers": SecretStr(json.dumps({"campus": described}))})


async def way(client: httpx2.AsyncClient, target: str = "/tracks") -> str:
    """Sign in at the provider; where it sends the browser back to, as a path."""
    left = await client.get("/sign-in/campus", params={"next": target})
    assert left.status_code == 303, left.text
    async with httpx2.AsyncClient() as elsewhere:
        back = (await elsewhere.get(left.headers["location"])).headers["location"]
    parts = urlsplit(back)
    assert (parts.netloc, parts.path) == ("127.0.0.1:8000", "/sign-in/campus/callback")
    return f"{parts.path}?{parts.query}"


async def sign_in(client: httpx2.AsyncClient, target: str = "/tracks") -> httpx2.Response:
    """The whole way."""
    return await client.get(await way(client, target))


async def account(runtime: Runtime, campus: Provider) -> Any:
    """Whoever the provider's person is here."""
    async with runtime.open_uow() as uow:
        return await uow.external_identities.known(campus.issuer, campus.person["sub"])


async def test_the_page_offers_the_provider_by_name(client: httpx2.AsyncClient) -> None:
    """A button says with whom."""
    page = await client.get("/sign-in?next=/tracks")
    assert "Sign in with Campus University" in page.text
    assert 'href="/sign-in/campus?next=/tracks"' in page.text


async def test_there_and_back(client: httpx2.AsyncClient, runtime: Runtime, campus: Provider) -> None:
    """Whoever comes for the first time gets an account, the role and the cohort of the claims, a session, and the page they wanted."""
    back = await sign_in(client)
    assert (back.status_code, back.headers["location"]) == (303, "/tracks")
    assert (await client.get("/tracks")).status_code == 200
    user = await account(runtime, campus)
    assert (user.name, user.email, user.role, user.password_hash) == ("Robin Campus", "robin@campus.example", "student", None)
    async with runtime.open_uow() as uow:
        cohort = await uow.enrolment.by_name("Data science 2026")
        assert cohort is not None
        assert await uow.enrolment.holds(cohort.id, user.id)
    assert (await sign_in(client)).status_code == 303
    assert (await account(runtime, campus)).id == user.id


async def test_what_goes_to_the_provider(client: httpx2.AsyncClient) -> None:
    """Code with PKCE, state and nonce, each new every time; the verifier stays here."""
    asked = [parse_qs(urlsplit((await client.get("/sign-in/campus")).headers["location"]).query) for _ in range(2)]
    assert asked[0]["response_type"] == ["code"]
    assert asked[0]["code_challenge_method"] == ["S256"]
    assert not {"code_verifier", "client_secret"} & set(asked[0])
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
        assert len(asked[0][name][0]) >= 43


@pytest.mark.parametrize(
    "twist",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "somebody-else"]},
        {"aud": None},
        {"iss": "https://attacker.example"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
async def test_a_provider_that_misbehaves_signs_nobody_in(
    client: httpx2.AsyncClient, runtime: Runtime, campus: Provider, twist: dict[str, Any]
) -> None:
    """Claims that are not for us, not from there, not of now or not of this sign-in: no session, no account, a page that says so."""
    campus.twist = twist
    back = await sign_in(client)
    assert (back.status_code, "You are not signed in" in back.text) == (401, True)
    assert (await client.get("/tracks")).headers.get("location", "/sign-in").startswith("/sign-in")
    assert await account(runtime, campus) is None


@pytest.mark.parametrize("header", [{"kid": "unknown"}, {"kid": None}, {"jku": "https://attacker.example"}], ids=str)
async def test_an_unknown_key_signs_nobody_in(client: httpx2.AsyncClient, campus: Provider, header: dict[str, Any]) -> None:
    """Ids of no published key, and headers that bring a key along."""
    campus.header = header
    assert (await sign_in(client)).status_code == 401


async def test_another_key_of_the_same_name_signs_nobody_in(client: httpx2.AsyncClient, campus: Provider) -> None:
    """The published key counts, not the id."""
    campus.published = [campus.keys[0].as_dict(private=False)]
    campus.keys = [RSAKey.generate_key(2_048, {"kid": "r1", "use": "sig", "alg": "RS256"})]
    assert (await sign_in(client)).status_code == 401


async def test_state_code_and_browser_belong_together(client: httpx2.AsyncClient, campus: Provider) -> None:
    """Another state, no state, a code used twice, another browser: an attacker's sign-in cannot be put under somebody (login CSRF)."""
    back = await way(client)
    assert (await client.get(back.replace("state=", "state=x"))).status_code == 401
    client.cookies.clear()
    assert (await client.get(back)).status_code == 401
    back = await way(client)
    assert (await client.get(back)).status_code == 303
    again = await way(client)
    used = f"{again.partition('?')[0]}?code=code-0&state={parse_qs(urlsplit(again).query)['state'][0]}"
    assert (await client.get(used)).status_code == 401
    assert (await client.get("/sign-in/campus/callback")).status_code == 401
    assert (await client.get("/sign-in/nobody")).status_code == 404


@pytest.mark.parametrize("target", ["https://attacker.example/", "//attacker.example", "/\\attacker.example", "javascript:alert(1)"])
async def test_no_sign_in_ends_elsewhere(client: httpx2.AsyncClient, target: str) -> None:
    """The address to return to is a path of this site or the first page."""
    assert (await sign_in(client, target)).headers["location"] == "/"


async def test_roles_follow_the_provider(client: httpx2.AsyncClient, runtime: Runtime, campus: Provider) -> None:
    """A new role counts from the next sign-in, and ends what the old one had; cohorts come and go; without a role nobody comes in."""
    await sign_in(client)
    old = runtime.identity.tokens.access(Actor(id=(await account(runtime, campus)).id, role=Role.STUDENT), runtime.clock())
    campus.person["groups"] = ["learner", "employee", "se-2026"]
    assert (await sign_in(client)).status_code == 303
    user = await account(runtime, campus)
    assert user.role == "advisor"
    async with runtime.open_uow() as uow:
        for name, there in (("Data science 2026", False), ("Software 2026", True)):
            cohort = await uow.enrolment.by_name(name)
            assert cohort is not None
            assert await uow.enrolment.holds(cohort.id, user.id) is there
    await runtime.identity.learn_who_left(runtime.open_uow)
    assert (await client.get("/api/v1/me", headers={"Authorization": f"Bearer {old}"})).status_code == 401
    campus.person["groups"] = ["visitor"]
    refused = await sign_in(client)
    assert (refused.status_code, "gives you no role here" in refused.text) == (403, True)


@pytest.mark.parametrize(
    ("email", "verified", "groups", "status", "is_theirs"),
    [
        ("student2@assay.example", True, ["learner"], 303, True),
        ("Student2@Assay.example", True, ["learner"], 303, True),
        ("student2@assay.example", False, ["learner"], 303, False),
        ("student2@assay.example", None, ["learner"], 303, False),
        ("admin@assay.example", True, ["learner"], 403, False),
        ("student2@assay.example", True, ["it"], 403, False),
    ],
)
async def test_accounts_that_are_there_already(
    client: httpx2.AsyncClient,
    runtime: Runtime,
    campus: Provider,
    email: str,
    verified: Any,
    groups: list[str],
    status: int,
    is_theirs: Any,
) -> None:
    """Somebody enrolled by a list is met by a verified address and in the same role; any other address gives nobody another's account."""
    campus.person |= {"email": email, "email_verified": verified, "groups": groups}
    assert (await sign_in(client)).status_code == status
    user = await account(runtime, campus)
    async with runtime.open_uow() as uow:
        there = await uow.accounts.by_email(email)
    assert there is not None
    assert (user is not None and user.id == there.id) is is_theirs


async def test_subjects_differ_by_capital_letters(client: httpx2.AsyncClient, runtime: Runtime, campus: Provider) -> None:
    """`Person-7` is not `person-7`; and nothing of a name stands in clear in the table."""
    await sign_in(client)
    first = await account(runtime, campus)
    campus.person |= {"sub": "person-7", "email": None}
    await sign_in(client)
    assert (await account(runtime, campus)).id != first.id
    async with runtime.engine.connect() as connection:
        stored = (await connection.exec_driver_sql("SELECT subject::text || subject_index::text FROM external_identities")).scalars().all()
    assert len(stored) == 2
    assert not any(b"erson-7".hex() in each for each in stored)


async def test_who_is_switched_off_stays_out(client: httpx2.AsyncClient, runtime: Runtime, campus: Provider) -> None:
    """The provider says who somebody is, not whether they may come in."""
    await sign_in(client)
    async with runtime.engine.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE users SET is_active = false WHERE id = '{(await account(runtime, campus)).id}'")
    assert (await sign_in(client)).status_code == 403


async def test_keys_change(client: httpx2.AsyncClient, campus: Provider) -> None:
    """A key that is new is fetched once it is met; nobody can make us fetch more than once a minute."""
    assert (await sign_in(client)).status_code == 303
    kept = runtime_keys(client)
    kept._kept._tried_at -= 61  # a minute later
    campus.rotate()
    assert (await sign_in(client)).status_code == 303
    assert campus.fetched.count("keys") == 2
    campus.header = {"kid": "unknown"}
    for _ in range(5):
        assert (await sign_in(client)).status_code == 401
    assert campus.fetched.count("keys") == 2


def runtime_keys(client: httpx2.AsyncClient) -> Any:
    """What the service keeps of the provider's keys."""
    sign_on = client._transport.app.state.runtime.single_sign_on  # type: ignore[attr-defined]
    return sign_on._providers["campus"].keys


async def test_a_provider_that_is_away(client: httpx2.AsyncClient, campus: Provider) -> None:
    """Known before, it is missed by nobody who has its keys; unknown, the page says to try again, and the next try may go well."""
    campus.away = True
    left = await client.get("/sign-in/campus")
    assert (left.status_code, "does not answer" in left.text) == (503, True)
    campus.away = False
    assert (await sign_in(client)).status_code == 303
    runtime_keys(client)._kept._fetched_at -= 100_000
    runtime_keys(client)._kept._tried_at -= 100_000
    campus.away = True  # its keys and its document; it still signs
    assert (await sign_in(client)).status_code == 303


async def test_a_provider_that_says_it_is_another(client: httpx2.AsyncClient, campus: Provider) -> None:
    """A discovery document of another issuer is not believed (OpenID Connect Discovery, 4.3)."""
    campus.stated_issuer = "https://attacker.example"
    assert (await client.get("/sign-in/campus")).status_code == 503


async def test_the_provider_ends_sessions(client: httpx2.AsyncClient, runtime: Runtime, campus: Provider) -> None:
    """A logout token ends what was there, at once; a new sign-in begins anew."""
    await sign_in(client)
    assert (await client.get("/tracks", headers={"accept": "text/html"})).status_code == 200
    told = await client.post("/api/v1/auth/backchannel-logout/campus", data={"logout_token": campus.logout_token()})
    assert (told.status_code, told.headers["cache-control"]) == (200, "no-store"), told.text
    who = Actor(id=(await account(runtime, campus)).id, role=Role.STUDENT)
    assert (await client.get("/session")).status_code in {303, 401}
    new = runtime.identity.tokens.access(who, runtime.clock())
    assert (await client.get("/api/v1/me", headers={"Authorization": f"Bearer {new}"})).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"events": None},
        {"events": {}},
        {"events": {"http://schemas.openid.net/event/backchannel-logout": 1}},
        {"nonce": "n"},
        {"jti": None},
        {"sub": None},
        {"aud": "somebody-else"},
        {"iss": "https://attacker.example"},
        {"exp": 1_000_000_000},
    ],
    ids=str,
)
async def test_what_is_no_logout_token_ends_nothing(client: httpx2.AsyncClient, campus: Provider, changes: dict[str, Any]) -> None:
    """An ID token, another's token, an old one: refused (OpenID Connect Back-Channel Logout, 2.6)."""
    await sign_in(client)
    token = campus.logout_token(**changes)
    assert (await client.post("/api/v1/auth/backchannel-logout/campus", data={"logout_token": token})).status_code == 401
    assert (await client.get("/tracks")).status_code == 200


async def test_signing_out_offers_to_end_the_other_session_too(client: httpx2.AsyncClient, campus: Provider) -> None:
    """After signing out here a page leads to the provider's own end, which returns to our first page."""
    await sign_in(client)
    proof = (await client.get("/session")).json()["csrf"]
    out = await client.post("/sign-out", data={"csrf": proof}, headers={"sec-fetch-site": "same-origin"})
    assert out.headers["location"] == "/sign-in/campus/signed-out"
    page = await client.get(out.headers["location"])
    assert 'href="/sign-in/campus/end"' in page.text
    end = urlsplit((await client.get("/sign-in/campus/end")).headers["location"])
    assert f"{end.scheme}://{end.netloc}{end.path}" == f"{campus.issuer}/end"
    assert parse_qs(end.query) == {"client_id": [CLIENT], "post_logout_redirect_uri": ["http://127.0.0.1:8000/"]}


@pytest.mark.parametrize(
    ("described", "told"),
    [
        ("{", "ASSAY_IDENTITY_PROVIDERS"),
        ('{"x": {"name": "X", "issuer": "https://x.example", "client_secret": "canary"}}', "client_id"),
        ('{"x": {"name": "X", "issuer": "https://x.example", "client_id": "c"}}', "default_role"),
        ('{"x": {"name": "X", "issuer": "https://x.example", "client_id": "c", "default_role": "admin"}}', "default_role"),
        ('{"x": {"name": "X", "issuer": "http://x.example", "client_id": "c", "default_role": "student"}}', "https"),
        ('{"../x": {"name": "X", "issuer": "https://x.example", "client_id": "c", "default_role": "student"}}', "pattern"),
        ('{"x": {"name": "X", "issuer": "https://x.example", "client_id": "c", "role_claim": "r", "roles": {"a": "root"}}}', "admin"),
    ],
)
async def test_a_setting_that_is_none_is_refused_at_the_start(settings: Settings, described: str, told: str) -> None:
    """With the setting's name, and without the secret."""
    wrong = settings.model_copy(update={"identity_providers": SecretStr(described)})
    with pytest.raises(ValueError, match="ASSAY_IDENTITY_PROVIDERS") as raised:
        async with open_runtime(wrong):
            pass
    assert told in str(raised.value)
    assert "canary" not in str(raised.value)
