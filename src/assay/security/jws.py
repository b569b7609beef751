"""JSON Web Tokens on joserfc: every key has one algorithm and no other, whatever a token says of itself."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey, import_key
from joserfc.jwt import JWTClaimsRegistry

KEYS_BROUGHT_ALONG: Final = frozenset({"jwk", "jku", "x5c", "x5u"})
"""Headers by which a token would choose its own key (RFC 7515, 4.1.2-4.1.6). None of ours has them."""
_CURVES: Final = {"Ed25519": "Ed25519", "P-256": "ES256"}


class Codec:
    """Signs with the first of `private_keys` (PEM or JWK by key id), or of `secrets` where there is none; accepts all of both."""

    def __init__(self, secrets: Mapping[str, str], private_keys: Mapping[str, str] | None = None) -> None:
        """Raises `ValueError` for a private key that is none, or not for Ed25519 or P-256."""
        private = {key_id: private_key(key_id, text) for key_id, text in (private_keys or {}).items()}
        self._keys: dict[str, Key] = {**private, **{key_id: OctKey.import_key(secret) for key_id, secret in secrets.items()}}
        self._signing_id = next(iter(self._keys))
        self.public_keys = {"keys": [_public(key_id, key) for key_id, key in private.items()]}

    def sign(self, header: Mapping[str, str], claims: Mapping[str, Any]) -> str:
        """A compact token with these claims."""
        key = self._keys[self._signing_id]
        algorithm = algorithm_of(key)
        return jwt.encode({"alg": algorithm, "kid": self._signing_id, **header}, dict(claims), key, algorithms=[algorithm])

    def verify(self, token: str, essential: Mapping[str, str | None], *, now: int, leeway: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of a token that holds at `now` (seconds), give or take `leeway`.

        Every `essential` claim must be there, with its value unless that is None. Raises `ValueError`, also for an unknown key id.
        """
        key = self._keys[header_of(token)["kid"]]
        return verified(token, key, algorithm_of(key), essential, now=now, leeway=leeway)


def verified(
    token: str, key: Key, algorithm: str, essential: Mapping[str, str | None], *, now: int, leeway: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token under `key` and `algorithm`. Raises `ValueError` for any other, as `Codec.verify` does."""
    wanted: dict[str, Any] = {
        name: {"essential": True} if value is None else {"essential": True, "value": value} for name, value in essential.items()
    }
    if header_of(token).get("alg") != algorithm:
        raise ValueError
    try:
        decoded = jwt.decode(token, key, algorithms=[algorithm], decoder_cls=_Strict)
        JWTClaimsRegistry(now=now, leeway=leeway, **wanted).validate(decoded.claims)
    except JoseError as error:
        raise ValueError(error.error) from error
    return decoded.header, decoded.claims


def header_of(token: str) -> dict[str, Any]:
    """What a token says of itself, none of it believed yet. Raises `ValueError` where it brings its own key or says a thing twice."""
    encoded = token.partition(".")[0]
    header = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)), cls=_Strict)
    if not isinstance(header, dict) or not KEYS_BROUGHT_ALONG.isdisjoint(header):
        raise ValueError
    return header


def unverified_issuer(token: str) -> str | None:
    """Whose token this claims to be; nothing but a hint whose keys to try."""
    try:
        encoded = token.split(".")[1]
        issuer = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)), cls=_Strict).get("iss")
    except (AttributeError, LookupError, RecursionError, ValueError):
        return None
    return issuer if isinstance(issuer, str) else None


def private_key(key_id: str, text: str) -> ECKey | OKPKey:
    """The private key that `text` holds as JWK or PEM, also on one line. Raises `ValueError`, without telling the text."""
    try:
        key = import_key(json.loads(text)) if text.lstrip().startswith("{") else _from_pem(text.replace("\\n", "\n").strip())
    except (JoseError, TypeError, UnsupportedAlgorithm, ValueError) as error:
        msg = f"the private key {key_id!r} of ASSAY_JWT_PRIVATE_KEYS is neither PEM nor JWK ({type(error).__name__})"
        raise ValueError(msg) from None
    if not isinstance(key, ECKey | OKPKey) or key.curve_name not in _CURVES or not key.is_private:
        msg = f"the key {key_id!r} of ASSAY_JWT_PRIVATE_KEYS is no private key for Ed25519 or P-256"
        raise ValueError(msg)
    return key


def new_private_key(algorithm: str) -> str:
    """A new key for `Ed25519` or `ES256`, as PEM. Raises `ValueError` for anything else."""
    key: ECKey | OKPKey
    if algorithm == "Ed25519":
        key = OKPKey.generate_key("Ed25519")
    elif algorithm == "ES256":
        key = ECKey.generate_key("P-256")
    else:
        raise ValueError
    return key.as_pem(private=True).decode()


def algorithm_of(key: Key) -> str:
    """The one algorithm that `key` is for: Ed25519 (RFC 9864), ES256, RS256, or HS256 for a secret. Raises `ValueError`."""
    if isinstance(key, OctKey):
        return "HS256"
    if isinstance(key, RSAKey):
        return "RS256"
    try:
        return _CURVES[key.curve_name]
    except KeyError as error:
        raise ValueError from error


def _from_pem(text: str) -> Key:
    """Of the kind that it is: what a text says of itself is not asked."""
    found = load_pem_private_key(text.encode(), password=None)
    return (ECKey if isinstance(found, EllipticCurvePrivateKey) else OKPKey).import_key(text)


def _public(key_id: str, key: Key) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": key_id, "alg": algorithm_of(key), "use": "sig"}


class _Strict(json.JSONDecoder):
    """JSON in which no name stands twice: readers differ in which of the two they take (RFC 8725, 2.6)."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found
