"""Signed tokens (JWT, HS256 pinned): access tokens that carry a role, and resume tokens that open one assessment."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from joserfc.jwt import JWTClaimsRegistry

from assay.domain.actors import Actor
from assay.domain.errors import Unauthenticated

_ALGORITHMS: Final = ["HS256"]
_ISSUER: Final = "assay"
_LEEWAY_SECONDS: Final = 30
_MAX_TOKEN_LENGTH: Final = 4_096
_MIN_SECRET_BYTES: Final = 32
"""HS256 needs a key at least as long as its hash (RFC 7518, 3.2)."""


class Tokens:
    """Signs with the first key, accepts all. Raises `Unauthenticated` for anything that is not a live token of ours."""

    def __init__(self, keys: Mapping[str, str], *, audience: str, access_minutes: int) -> None:
        """`keys` are secrets by key id, at least 32 bytes each; `audience` tells environments apart. Raises `ValueError`."""
        if not keys:
            msg = "no signing key is set: ASSAY_JWT_KEYS needs at least one `id=secret`"
            raise ValueError(msg)
        for key_id, secret in keys.items():
            if len(secret.encode()) < _MIN_SECRET_BYTES:
                msg = f"the signing key {key_id!r} is too short: each secret of ASSAY_JWT_KEYS needs at least {_MIN_SECRET_BYTES} bytes"
                raise ValueError(msg)
        self._keys = KeySet([OctKey.import_key(secret, {"kid": key_id}) for key_id, secret in keys.items()])
        self._signing_id = next(iter(keys))
        self._audience = audience
        self.access_lifetime = timedelta(minutes=access_minutes)

    def access(self, actor: Actor, now: datetime, lifetime: timedelta | None = None) -> str:
        """A bearer token for `actor`, for `lifetime` or the usual time."""
        scope = {} if actor.assessment_id is None else {"assessment": str(actor.assessment_id)}
        return self._sign("access", now, now + (lifetime or self.access_lifetime), sub=str(actor.id), role=str(actor.role), **scope)

    def actor(self, token: str, now: datetime) -> Actor:
        """Whose access token this is."""
        with _refusing():
            claims = self._verify("access", token, now)
            return Actor.model_validate({"id": claims["sub"], "role": claims["role"], "assessment_id": claims.get("assessment")})

    def resume(self, assessment_id: UUID, student_id: UUID, started_at: datetime, expires_at: datetime) -> str:
        """A token that continues one assessment elsewhere until it expires. The same assessment always has the same token."""
        return self._sign("resume", started_at, expires_at, sub=str(student_id), assessment=str(assessment_id))

    def resumed(self, token: str, now: datetime) -> tuple[UUID, UUID, datetime]:
        """Assessment, student and expiry of a resume token."""
        with _refusing():
            claims = self._verify("resume", token, now)
            return UUID(claims["assessment"]), UUID(claims["sub"]), datetime.fromtimestamp(claims["exp"], now.tzinfo)

    def _sign(self, kind: str, issued: datetime, expires: datetime, **claims: str) -> str:
        header = {"alg": "HS256", "kid": self._signing_id, "typ": kind}
        times = {"iat": int(issued.timestamp()), "exp": int(expires.timestamp())}
        return jwt.encode(header, {"iss": _ISSUER, "aud": self._audience, **times, **claims}, self._keys, algorithms=_ALGORITHMS)

    def _verify(self, kind: str, token: str, now: datetime) -> dict[str, Any]:
        if len(token) > _MAX_TOKEN_LENGTH:
            raise ValueError
        registry = JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": _ISSUER},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        decoded = jwt.decode(token, self._keys, algorithms=_ALGORITHMS)
        registry.validate(decoded.claims)
        if decoded.header.get("typ") != kind:
            raise ValueError
        return decoded.claims


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever is wrong with a token (signature, claims, their types, numbers past all calendars, nesting past all depth) refuses it."""
    try:
        yield
    except (JoseError, ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError) as error:
        raise Unauthenticated("The token is missing, expired or not one of ours. Sign in again.") from error


def new_secret() -> str:
    """A random token of 256 bits, safe in URLs."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """How a random token is stored; its entropy needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
