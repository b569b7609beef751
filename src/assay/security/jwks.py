"""Tokens of others, checked by the keys that they publish (RFC 7517)."""

from collections.abc import Awaitable, Callable, Mapping
from time import monotonic
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from assay.kit.kept import Kept
from assay.security.jws import header_of, verified

ALGORITHMS: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "Ed25519": "OKP"}
"""With the kind of key that each needs: by public keys alone, so that no public key can be taken for a secret."""
_CERTIFICATES: Final = frozenset({"key_ops", "x5c", "x5t", "x5t#S256", "x5u"})
"""What some publish beside a key; it is not asked."""
KEPT_SECONDS: Final = 3_600.0
LEEWAY_SECONDS: Final = 60
MAX_TOKEN_LENGTH: Final = 8_192


class PublishedKeys:
    """The keys of one issuer. A key id nobody knows has them fetched anew, at most once a minute; while that fails the old ones stay."""

    def __init__(self, fetch: Callable[[], Awaitable[Mapping[str, Any]]], *, now: Callable[[], float] = monotonic) -> None:
        self._kept = Kept(fetch, seconds=KEPT_SECONDS, now=now)

    async def verified(self, token: str, essential: Mapping[str, str | None], *, now: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of a token that holds at `now` (seconds).

        Raises `ValueError` for any other, and what fetching the keys raises while there are none.
        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise ValueError
        header = header_of(token)
        algorithm = header["alg"]
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise ValueError
        key = await self._key(header.get("kid"), algorithm)
        return verified(token, key, algorithm, essential, now=now, leeway=LEEWAY_SECONDS)

    async def _key(self, key_id: Any, algorithm: str) -> Key:
        for anew in (False, True):
            found = [each for each in (await self._kept.get(anew=anew)).get("keys", ()) if _fits(each, key_id, algorithm)]
            if len(found) == 1:
                return _imported(found[0])
        raise ValueError


def _fits(key: Any, key_id: Any, algorithm: str) -> bool:
    """Whether a published key is for this: by its id (a set of one may go without), and by the algorithm it names, if it names one."""
    return (
        isinstance(key, dict)
        and key.get("kid") == key_id
        and key.get("kty") == ALGORITHMS[algorithm]
        and key.get("alg", algorithm) == algorithm
        and key.get("use", "sig") == "sig"
    )


def _imported(key: dict[str, Any]) -> Key:
    try:
        return import_key({name: value for name, value in key.items() if name not in _CERTIFICATES})
    except JoseError as error:
        raise ValueError(error.error) from error
