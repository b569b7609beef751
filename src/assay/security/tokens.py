"""Signed tokens (JWT, one algorithm for each key): access tokens that carry a role, and resume tokens that open one assessment."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from assay.domain.actors import Actor
from assay.domain.errors import Unauthenticated

if TYPE_CHECKING:
    from assay.security.jws import Codec

_ISSUER: Final = "assay"
_LEEWAY_SECONDS: Final = 30
_MAX_TOKEN_LENGTH: Final = 4_096
_MIN_SECRET_BYTES: Final = 32
"""HS256 needs a key at least as long as its hash (RFC 7518, 3.2)."""


class Tokens:
    """Signs with the first key, accepts all. Raises `Unauthenticated` for anything that is not a live token of ours."""

    def __init__(
        self, keys: Mapping[str, str], *, audience: str, access_minutes: int, private_keys: Mapping[str, str] | None = None
    ) -> None:
        """`keys` are secrets by key id, at least 32 bytes each; `audience` tells environments apart.

        `private_keys` (PEM or JWK by key id, Ed25519 or P-256) sign instead where there are any. Raises `ValueError`.
        """
        if not keys and not private_keys:
            msg = "no signing key is set: ASSAY_JWT_KEYS needs at least one `id=secret`, or ASSAY_JWT_PRIVATE_KEYS a private key"
            raise ValueError(msg)
        if twice := keys.keys() & (private_keys or {}).keys():
            msg = f"ASSAY_JWT_KEYS and ASSAY_JWT_PRIVATE_KEYS both have the key id {min(twice)!r}"
            raise ValueError(msg)
        for key_id, secret in keys.items():
            if len(secret.encode()) < _MIN_SECRET_BYTES:
                msg = f"the signing key {key_id!r} is too short: each secret of ASSAY_JWT_KEYS needs at least {_MIN_SECRET_BYTES} bytes"
                raise ValueError(msg)
        self._secrets = dict(keys)
        self._private_keys = dict(private_keys or {})
        if private_keys:
            self.public_keys()  # a key that is none must be known at the start
        self._audience = audience
        self.access_lifetime = timedelta(minutes=access_minutes)

    def access(self, actor: Actor, now: datetime, lifetime: timedelta | None = None) -> str:
        """A bearer token for `actor`, for `lifetime` or the usual time."""
        scope = {} if actor.assessment_id is None else {"assessment": str(actor.assessment_id)}
        return self._sign("access", now, now + (lifetime or self.access_lifetime), sub=str(actor.id), role=str(actor.role), **scope)

    def actor(self, token: str, now: datetime) -> Actor:
        """Whose access token this is."""
        return self.issued(token, now)[0]

    def issued(self, token: str, now: datetime) -> tuple[Actor, datetime]:
        """Whose access token this is, and when it was made."""
        with _refusing():
            claims = self._verify("access", token, now)
            actor = Actor.model_validate({"id": claims["sub"], "role": claims["role"], "assessment_id": claims.get("assessment")})
            return actor, datetime.fromtimestamp(claims["iat"], UTC)

    def note(self, kind: str, subject: str, now: datetime, lifetime: timedelta, **claims: str) -> str:
        """Words that come back to us through somebody's browser, good for `lifetime`; of a kind of its own, so that they open nothing."""
        return self._sign(f"note:{kind}", now, now + lifetime, sub=subject, **claims)

    def noted(self, kind: str, token: str, now: datetime) -> dict[str, Any]:
        """The claims of a note of this kind."""
        with _refusing():
            return self._verify(f"note:{kind}", token, now)

    def public_keys(self) -> dict[str, Any]:
        """By which anybody can check our tokens, as a JWK set (RFC 7517, 5); empty while secrets alone sign."""
        return self._codec.public_keys

    def resume(self, assessment_id: UUID, student_id: UUID, started_at: datetime, expires_at: datetime) -> str:
        """A token that continues one assessment elsewhere until it expires. The same assessment always has the same token."""
        return self._sign("resume", started_at, expires_at, sub=str(student_id), assessment=str(assessment_id))

    def resumed(self, token: str, now: datetime) -> tuple[UUID, UUID, datetime]:
        """Assessment, student and expiry of a resume token."""
        with _refusing():
            claims = self._verify("resume", token, now)
            return UUID(claims["assessment"]), UUID(claims["sub"]), datetime.fromtimestamp(claims["exp"], now.tzinfo)

    def _sign(self, kind: str, issued: datetime, expires: datetime, **claims: str) -> str:
        # to the millisecond (RFC 7519 allows it): a token made right after all others were ended is told from these
        times = {"iat": round(issued.timestamp(), 3), "exp": int(expires.timestamp())}
        return self._codec.sign({"typ": kind}, {"iss": _ISSUER, "aud": self._audience, **times, **claims})

    def _verify(self, kind: str, token: str, now: datetime) -> dict[str, Any]:
        if len(token) > _MAX_TOKEN_LENGTH:
            raise ValueError
        essential = {"iss": _ISSUER, "aud": self._audience, "sub": None, "exp": None, "iat": None}
        header, claims = self._codec.verify(token, essential, now=int(now.timestamp()), leeway=_LEEWAY_SECONDS)
        if header.get("typ") != kind:
            raise ValueError
        return claims

    @cached_property
    def _codec(self) -> "Codec":
        from assay.security.jws import Codec  # noqa: PLC0415 - 2.5 MB in a worker, which signs and checks nothing

        return Codec(self._secrets, self._private_keys)


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever is wrong with a token (signature, claims, their types, numbers past all calendars, nesting past all depth) refuses it."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError) as error:
        raise Unauthenticated("The token is missing, expired or not one of ours. Sign in again.") from error


def new_secret() -> str:
    """A random token of 256 bits, safe in URLs."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """How a random token is stored; its entropy needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
