"""Keys that sign: private ones beside secrets, each for one algorithm, with public halves anybody can check with."""

import json
from datetime import timedelta
from uuid import UUID

import httpx2
import pytest
from factories import NOON
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from typer.testing import CliRunner

from assay.cli.verbs import app as cli
from assay.domain.actors import Actor, Role
from assay.domain.errors import Unauthenticated
from assay.runtime import Runtime
from assay.security.jws import new_private_key
from assay.security.tokens import Tokens
from assay.settings import Settings

SECRET = "a-signing-secret-of-at-least-32-bytes"
AUDIENCE = "https://assay.example"
STUDENT = Actor(id=UUID("019312d0-0000-7000-8000-000000000002"), role=Role.STUDENT)
PEM, OTHER_PEM = new_private_key("Ed25519"), new_private_key("ES256")


def tokens(secrets: dict[str, str] | None = None, **private: str) -> Tokens:
    """What signs and checks with these keys."""
    return Tokens(secrets or {}, audience=AUDIENCE, access_minutes=30, private_keys=private)


@pytest.mark.parametrize(("pem", "algorithm"), [(PEM, "Ed25519"), (OTHER_PEM, "ES256")])
def test_anybody_can_check_with_the_public_half(pem: str, algorithm: str) -> None:
    """The published set verifies a token and holds nothing private."""
    signing = tokens(a=pem)
    published = signing.public_keys()
    token = jwt.decode(signing.access(STUDENT, NOON), KeySet.import_key_set(published), algorithms=[algorithm])  # type: ignore[arg-type]
    assert (token.claims["sub"], token.header["kid"]) == (str(STUDENT.id), "a")
    assert [(key["kid"], key["alg"], key["use"]) for key in published["keys"]] == [("a", algorithm, "sig")]
    assert not any("d" in key for key in published["keys"])
    assert signing.actor(signing.access(STUDENT, NOON), NOON) == STUDENT


def test_old_keys_are_taken_until_what_they_signed_has_expired() -> None:
    """From a secret to a private key to the next one: what was signed before stays good for as long as its key stands in the settings."""
    first, second = tokens({"s": SECRET}), tokens({"s": SECRET}, a=PEM)
    third = tokens({"s": SECRET}, b=OTHER_PEM, a=PEM)
    for earlier in (first, second, third):
        token = earlier.access(STUDENT, NOON)
        assert third.actor(token, NOON + timedelta(minutes=29)) == STUDENT
        with pytest.raises(Unauthenticated):
            third.actor(token, NOON + timedelta(minutes=31))
    with pytest.raises(Unauthenticated):
        tokens(b=OTHER_PEM).actor(second.access(STUDENT, NOON), NOON)


def test_secrets_are_not_published() -> None:
    """A shared secret has no public half."""
    assert tokens({"s": SECRET}).public_keys() == {"keys": []}


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        PEM.replace("\n", "\\n"),
        json.dumps(OKPKey.import_key(PEM).as_dict(private=True)),
        json.dumps(ECKey.import_key(OTHER_PEM).as_dict(private=True)),
    ],
    ids=["PEM", "PEM on one line", "JWK", "JWK of P-256"],
)
def test_ways_to_write_a_key(text: str) -> None:
    """As a file holds it, on one line, as JSON."""
    signing = tokens(a=text)
    assert signing.actor(signing.access(STUDENT, NOON), NOON) == STUDENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a-secret-canary-of-at-least-32-bytes-in-all",
        "{",
        '{"kty": "oct", "k": "c2VjcmV0LWNhbmFyeS1vZi1tb3JlLXRoYW4tMzItYnl0ZXMtaW4tYWxs"}',
        OKPKey.import_key(PEM).as_pem(private=False).decode(),
        RSAKey.generate_key(2_048).as_pem(private=True).decode(),
        ECKey.generate_key("P-384").as_pem(private=True).decode(),
        OKPKey.generate_key("X25519").as_pem(private=True).decode(),
    ],
    ids=["empty", "a secret", "broken JSON", "a JWK secret", "a public key", "RSA", "P-384", "X25519"],
)
def test_a_key_that_is_none_is_refused_at_the_start(text: str) -> None:
    """The sentence names the setting and the key's id, and tells nothing of the key."""
    with pytest.raises(ValueError, match=r"'bad' of ASSAY_JWT_PRIVATE_KEYS") as raised:
        tokens({"s": SECRET}, bad=text)
    assert "canary" not in str(raised.value)


def test_one_name_is_one_key() -> None:
    """A key id that names a secret and a private key is refused: which of them a token means must not depend on the token."""
    with pytest.raises(ValueError, match="both have the key id 'a'"):
        tokens({"a": SECRET}, a=PEM)


def test_settings_take_pairs_and_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """`kid=PEM,kid=PEM` on one line, and JSON with PEM or JWK values; the order stays."""
    line = PEM.strip().replace("\n", "\\n")
    monkeypatch.setenv("ASSAY_JWT_PRIVATE_KEYS", f"b={line},a={line}")
    assert [(name, key.get_secret_value()) for name, key in Settings().jwt_private_keys.items()] == [("b", line), ("a", line)]
    monkeypatch.setenv("ASSAY_JWT_PRIVATE_KEYS", json.dumps({"b": PEM, "a": {"kty": "OKP"}}))
    assert [(name, key.get_secret_value()) for name, key in Settings().jwt_private_keys.items()] == [("b", PEM), ("a", '{"kty": "OKP"}')]


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
def test_a_new_key_is_printed_as_the_setting_takes_it(algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `assay tokens new-key` prints can be put into the environment as it stands."""
    printed = CliRunner().invoke(cli, ["tokens", "new-key", "--id", "k7", "--algorithm", algorithm])
    monkeypatch.setenv("ASSAY_JWT_PRIVATE_KEYS", printed.stdout.strip())
    key = Settings().jwt_private_keys["k7"].get_secret_value()
    assert tokens(k7=key).public_keys()["keys"][0]["alg"] == algorithm


async def test_the_service_publishes_its_keys(client: httpx2.AsyncClient, runtime: Runtime, student_actor: Actor) -> None:
    """At the well-known place, for anybody, to be kept for a while; what a new key signs is checked with it."""
    answer = await client.get("/.well-known/jwks.json")
    assert (answer.status_code, answer.json()) == (200, {"keys": []})
    assert answer.headers["cache-control"] == "public, max-age=300"
    runtime.identity.tokens = Tokens({}, audience="http://127.0.0.1:8000", access_minutes=5, private_keys={"k9": PEM})
    keys = KeySet.import_key_set((await client.get("/.well-known/jwks.json")).json())
    token = runtime.identity.tokens.access(student_actor, runtime.clock())
    assert jwt.decode(token, keys, algorithms=["Ed25519"]).claims["sub"] == str(student_actor.id)
    me = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["id"] == str(student_actor.id)
