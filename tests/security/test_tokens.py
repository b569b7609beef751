"""Tokens: whatever is not a live token of ours is refused with the same words, and nothing else ever comes out."""

import base64
import hashlib
import hmac
import json
import math
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from factories import NOON
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from assay.domain.actors import Actor, Role
from assay.domain.errors import Unauthenticated
from assay.security.tokens import Tokens, new_secret, secret_hash

SECRET, OLD = "a-signing-secret-of-at-least-32-bytes", "an-older-signing-secret-with-32-bytes"
AUDIENCE = "https://assay.example"
TOKENS = Tokens({"k2": SECRET, "k1": OLD}, audience=AUDIENCE, access_minutes=30)
ANY_ID = UUID("019312d0-0000-7000-8000-000000000001")
STUDENT = Actor(id=UUID("019312d0-0000-7000-8000-000000000002"), role=Role.STUDENT)
HEADER = {"alg": "HS256", "kid": "k2", "typ": "access"}
CLAIMS: dict[str, Any] = {
    "iss": "assay",
    "aud": AUDIENCE,
    "iat": int(NOON.timestamp()),
    "exp": int((NOON + timedelta(minutes=30)).timestamp()),
    "sub": str(STUDENT.id),
    "role": "student",
}
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
RSA = RSAKey.generate_key(2_048, {"kid": "k2"})


def part(value: Any) -> str:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header: dict[str, Any] | None = None, claims: Any = None, secret: str = SECRET, hashing: str = "HS256", **changed: Any) -> str:
    """A token made by hand, signed with `secret`; `changed` are claims, None takes a claim away."""
    body = claims if claims is not None else {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    signed = f"{part({**HEADER, **(header or {})})}.{part(body)}"
    signature = hmac.new(secret.encode(), signed.encode(), HASHES[hashing]).digest()
    return f"{signed}.{part(signature)}"


def refused(token: str, now: datetime = NOON) -> None:
    """`token` opens nothing, and both ways of reading it say the same."""
    told = set()
    for read in (TOKENS.actor, TOKENS.resumed):
        with pytest.raises(Unauthenticated) as raised:
            read(token, now)
        told.add(raised.value.detail)
    assert told == {"The token is missing, expired or not one of ours. Sign in again."}


def test_a_token_made_by_hand_is_taken() -> None:
    """The forgeries below differ from a live token in one thing each: without a difference they are one."""
    assert TOKENS.actor(forged(), NOON) == STUDENT


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("scope", [None, ANY_ID])
def test_an_access_token_says_who_is_asking(role: Role, scope: Any) -> None:
    """Id, role and the one assessment of a resumed session come back."""
    actor = Actor(id=uuid4(), role=role, assessment_id=scope)
    assert TOKENS.actor(TOKENS.access(actor, NOON), NOON) == actor


def test_a_resume_token_opens_one_assessment() -> None:
    """Assessment, student and expiry come back, and the same assessment always has the same token."""
    assessment, started, expires = uuid4(), NOON, NOON + timedelta(days=7)
    token = TOKENS.resume(assessment, STUDENT.id, started, expires)
    assert TOKENS.resumed(token, NOON + timedelta(days=3)) == (assessment, STUDENT.id, expires)
    assert TOKENS.resume(assessment, STUDENT.id, started, expires) == token


def test_one_kind_of_token_is_not_the_other() -> None:
    """A resume token is no bearer token, an access token resumes nothing, even one confined to an assessment."""
    resume = TOKENS.resume(uuid4(), STUDENT.id, NOON, NOON + timedelta(days=7))
    with pytest.raises(Unauthenticated):
        TOKENS.actor(resume, NOON)
    with pytest.raises(Unauthenticated):
        TOKENS.resumed(TOKENS.access(Actor(id=STUDENT.id, role=Role.STUDENT, assessment_id=uuid4()), NOON), NOON)


@pytest.mark.parametrize(("late", "open_still"), [(-1, True), (0, True), (29, True), (31, False), (86_400, False)])
def test_a_token_expires(late: int, open_still: bool) -> None:  # noqa: FBT001 - a table
    """Thirty seconds of clock skew are forgiven, no more."""
    token, moment = TOKENS.access(STUDENT, NOON), NOON + timedelta(minutes=30, seconds=late)
    if open_still:
        assert TOKENS.actor(token, moment) == STUDENT
    else:
        refused(token, moment)


def test_a_lifetime_can_be_shorter() -> None:
    """A token of a resumed session ends with its assessment."""
    token = TOKENS.access(STUDENT, NOON, timedelta(minutes=1))
    refused(token, NOON + timedelta(minutes=2))


def test_keys_rotate() -> None:
    """The first key signs, all verify, a removed one no longer does."""
    old = Tokens({"k1": OLD}, audience=AUDIENCE, access_minutes=30)
    assert TOKENS.actor(old.access(STUDENT, NOON), NOON) == STUDENT
    with pytest.raises(Unauthenticated):
        old.actor(TOKENS.access(STUDENT, NOON), NOON)


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE", "", None, 0, ["HS256"], "hs256", "RS256", "ES256", "PS256", "dir"])
def test_another_algorithm_is_refused(algorithm: Any) -> None:
    """Whatever the header claims, with our signature and with none."""
    token = forged({"alg": algorithm})
    refused(token)
    refused(token.rpartition(".")[0] + ".")
    refused(token.rpartition(".")[0])


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_stronger_hash_under_our_key_is_refused_too(algorithm: str) -> None:
    """The algorithm is pinned, not chosen by the token."""
    refused(forged({"alg": algorithm}, hashing=algorithm))


def test_keys_of_one_kind_are_not_taken_for_another() -> None:
    """An RS256 token, and an HS256 token signed with a public key as its secret, are both refused."""
    refused(jwt.encode({**HEADER, "alg": "RS256"}, dict(CLAIMS), RSA, algorithms=["RS256"]))
    refused(forged(secret=RSA.as_pem(private=False).decode()))


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "k1"},
        {"kid": "k3"},
        {"kid": ""},
        {"kid": None},
        {"kid": 1},
        {"kid": ["k2"]},
        {"kid": {"k2": 1}},
        {"kid": "../../dev/null"},
        {"kid": "k2' OR '1'='1"},
        {"typ": "JWT"},
        {"typ": "ACCESS"},
        {"typ": None},
        {"typ": ["access", "resume"]},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"jwk": {"kty": "oct", "k": part(b"attacker's own key, long enough to be one")}, "kid": "attacker"},
        {"jku": "https://attacker.example/keys", "kid": "attacker"},
        {"x5u": "https://attacker.example/cert", "kid": "attacker"},
    ],
    ids=str,
)
def test_a_forged_header_is_refused(header: dict[str, Any]) -> None:
    """Unknown, foreign and odd key ids, other types, critical extensions, keys brought along."""
    refused(forged(header))


@pytest.mark.parametrize(
    "secret", ["", "k2", "another-secret-of-at-least-32-bytes!!", SECRET + "x", SECRET[:-1], "attacker's own key, long enough to be one"]
)
def test_a_wrong_key_is_refused(secret: str) -> None:
    """Nobody else can sign."""
    refused(forged(secret=secret))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "other"}, {"iss": None}, {"iss": ["assay"]}, {"iss": ""},
        {"aud": "https://staging.assay.example"}, {"aud": None}, {"aud": ""}, {"aud": []}, {"aud": {"a": AUDIENCE}},
        {"aud": AUDIENCE + "/"},
        {"exp": None}, {"exp": 0}, {"exp": -1}, {"exp": str(CLAIMS["exp"])}, {"exp": math.nan}, {"exp": [CLAIMS["exp"]]},
        {"exp": True}, {"exp": {}},
        {"exp": math.inf}, {"exp": -math.inf},
        {"iat": None}, {"iat": "now"}, {"iat": int(NOON.timestamp()) + 3_600}, {"iat": math.nan},
        {"nbf": int(NOON.timestamp()) + 3_600}, {"nbf": "soon"},
        {"sub": None}, {"sub": ""}, {"sub": "root"}, {"sub": "1"}, {"sub": [str(STUDENT.id)]}, {"sub": 10**31}, {"sub": {"id": 1}},
        {"role": None}, {"role": "root"}, {"role": ""}, {"role": "Student"}, {"role": ["admin"]}, {"role": {"admin": True}}, {"role": 1},
        {"assessment": "not-an-id"}, {"assessment": 5}, {"assessment": [str(ANY_ID)]}, {"assessment": {}},
        {"assessment": True}, {"assessment": ""}, {"assessment": False}, {"assessment": 0},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_claim_is_refused(claims: dict[str, Any]) -> None:
    """Even under our own signature, so an old process or a leaked test key opens nothing by being odd, and raises nothing else."""
    with pytest.raises(Unauthenticated):
        TOKENS.actor(forged(**claims), NOON)
    if "role" not in claims:
        with pytest.raises(Unauthenticated):
            TOKENS.resumed(forged({"typ": "resume"}, **{"assessment": str(ANY_ID), **claims}), NOON)


@pytest.mark.parametrize("claims", [{"assessment": None}, {"assessment": "x"}, {"exp": 10**17}, {"exp": 10**400}])
def test_a_wrong_resume_claim_is_refused(claims: dict[str, Any]) -> None:
    """A resume token without its assessment, or with an expiry past all calendars."""
    with pytest.raises(Unauthenticated):
        TOKENS.resumed(forged({"typ": "resume"}, **{"assessment": str(uuid4()), **claims}), NOON)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 2_500, b'{"a":' * 400], ids=lambda body: str(body[:9])
)
def test_a_body_that_is_no_claims_is_refused(body: bytes) -> None:
    """Signed rubbish is rubbish."""
    refused(forged(claims=body))


@pytest.mark.parametrize("claim", ["role", "sub", "exp", "assessment"])
def test_a_changed_claim_breaks_the_signature(claim: str) -> None:
    """A token whose body was edited keeps neither its old signature nor a missing one."""
    head, _, signature = TOKENS.access(STUDENT, NOON).split(".")
    raised = {"role": "admin", "sub": str(uuid4()), "exp": CLAIMS["exp"] + 1, "assessment": str(uuid4())}
    body = part({**CLAIMS, claim: raised[claim]})
    refused(f"{head}.{body}.{signature}")
    refused(f"{head}.{body}.")


def test_every_changed_letter_is_noticed() -> None:
    """No single letter of a token can be replaced, save the unused bits of the last one."""
    token = TOKENS.access(STUDENT, NOON)
    for position in range(0, len(token) - 1, 3):
        letter = "A" if token[position] != "A" else "B"
        refused(token[:position] + letter + token[position + 1 :])


def test_an_oversized_token_is_refused_unread() -> None:
    """Even a live one: a kilobyte is plenty, eight are an attack."""
    refused(forged(padding="x" * 8_000))
    refused("x" * 1_000_000)


@given(st.text(max_size=120) | st.text("eyJhbGciOiJub25lIn0.=-_", max_size=200))
def test_any_text_is_refused_and_nothing_else_happens(text: str) -> None:
    """Empty, not base64, not ASCII, half a surrogate, too many dots."""
    refused(text)


@pytest.mark.parametrize(
    "header", [b"[" * 2_900, b'{"alg":' * 400, b"null", b'{"alg":"HS256","alg":"none","kid":"k2"}', b"\xff"], ids=lambda raw: str(raw[:9])
)
def test_a_header_that_is_none_is_refused(header: bytes) -> None:
    """Deeply nested, doubled, empty and broken headers."""
    refused(".".join([part(header), part(b"{}"), part(b"x" * 32)]))


@pytest.mark.parametrize("keys", [{}, {"k": ""}, {"k": "short"}, {"k": "x" * 31}, {"good": SECRET, "weak": "x" * 20}])
def test_a_missing_or_weak_secret_is_refused_at_the_start(keys: dict[str, str]) -> None:
    """HS256 needs 256 bits (RFC 7518, 3.2): a guessable secret would let anybody sign, also as the second of two."""
    with pytest.raises(ValueError, match="ASSAY_JWT_KEYS"):
        Tokens(keys, audience=AUDIENCE, access_minutes=30)


def test_a_secret_is_never_told() -> None:
    """Neither in the representation nor in the refusal of a weak one."""
    assert SECRET not in repr(TOKENS)
    with pytest.raises(ValueError, match="weak") as raised:
        Tokens({"weak": "hunter2-hunter2"}, audience=AUDIENCE, access_minutes=30)
    assert "hunter2" not in str(raised.value)


def test_random_secrets() -> None:
    """256 bits, all different, fit for URLs, stored as a hash."""
    made = {new_secret() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(len(each) == 43 and each.replace("-", "").replace("_", "").isalnum() for each in made)
    assert secret_hash("x") == hashlib.sha256(b"x").hexdigest()
