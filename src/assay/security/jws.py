"""JSON Web Tokens on joserfc: HS256 and nothing else, whatever a token says of itself."""

from collections.abc import Mapping
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from joserfc.jwt import JWTClaimsRegistry

_ALGORITHMS: Final = ["HS256"]


class Codec:
    """Signs with the first of `secrets` (by key id), accepts all."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._keys = KeySet([OctKey.import_key(secret, {"kid": key_id}) for key_id, secret in secrets.items()])
        self._signing_id = next(iter(secrets))

    def sign(self, header: Mapping[str, str], claims: Mapping[str, Any]) -> str:
        """A compact token with these claims."""
        return jwt.encode({"alg": "HS256", "kid": self._signing_id, **header}, dict(claims), self._keys, algorithms=_ALGORITHMS)

    def verify(self, token: str, essential: Mapping[str, str | None], *, now: int, leeway: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Header and claims of a token that holds at `now` (seconds), give or take `leeway`.

        Every `essential` claim must be there, with its value unless that is None. Raises `ValueError`.
        """
        wanted: dict[str, Any] = {
            name: {"essential": True} if value is None else {"essential": True, "value": value} for name, value in essential.items()
        }
        try:
            decoded = jwt.decode(token, self._keys, algorithms=_ALGORITHMS)
            JWTClaimsRegistry(now=now, leeway=leeway, **wanted).validate(decoded.claims)
        except JoseError as error:
            raise ValueError(error.error) from error
        return decoded.header, decoded.claims
