"""Speaking to OpenID providers: documents, the address to sign in at, the exchange of a code. Authlib does the protocol.

Imported where a provider is set alone, for it costs 3 MB.
"""

import json
from typing import Any, Final

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from assay.domain.errors import Fault, ProviderError
from assay.kit.transactions import assert_no_transaction

DOCUMENT_CAP: Final = 256 * 1024


class AuthlibClient:
    """The port `OpenIdClient`. No redirect is followed and no proxy of the environment asked; the addresses are the operator's choice."""

    def __init__(self, *, seconds: float = 5.0) -> None:
        """`seconds` limits each request."""
        self._seconds = seconds

    async def document(self, url: str) -> dict[str, Any]:
        """A JSON object."""
        assert_no_transaction()
        try:
            async with httpx2.AsyncClient(timeout=self._seconds, trust_env=False) as client, client.stream("GET", url) as answer:
                if answer.status_code != httpx2.codes.OK:
                    raise ProviderError(Fault.UNAVAILABLE, f"answers {answer.status_code}")
                found = json.loads(await _read(answer))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ProviderError(Fault.UNAVAILABLE, f"cannot be reached: {type(error).__name__}") from error
        except ValueError as error:
            raise ProviderError(Fault.INVALID_REPLY, "is no JSON") from error
        if not isinstance(found, dict):
            raise ProviderError(Fault.INVALID_REPLY, "is no object")
        return found

    def authorization_url(
        self, endpoint: str, *, client_id: str, redirect_uri: str, scope: str, state: str, nonce: str, verifier: str
    ) -> str:
        """Where a browser goes to sign in (authorization code with PKCE, S256)."""
        made: str = prepare_grant_uri(
            endpoint,
            client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=scope,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),  # type: ignore[no-untyped-call]
            code_challenge_method="S256",
        )
        return made

    async def exchange(
        self, endpoint: str, *, client_id: str, client_secret: str, redirect_uri: str, code: str, verifier: str
    ) -> dict[str, Any]:
        """The tokens for a code."""
        assert_no_transaction()

        try:
            async with AsyncOAuth2Client(
                client_id, client_secret or None, redirect_uri=redirect_uri, timeout=self._seconds, trust_env=False
            ) as client:
                found: dict[str, Any] = dict(await client.fetch_token(endpoint, code=code, code_verifier=verifier))
        except httpx2.HTTPError as error:
            raise ProviderError(Fault.UNAVAILABLE, f"cannot be reached: {type(error).__name__}") from error
        except (AuthlibBaseError, ValueError) as error:
            raise ProviderError(Fault.REFUSED, f"does not take the code: {type(error).__name__}") from error
        return found


async def _read(answer: httpx2.Response) -> bytes:
    read = bytearray()
    async for part in answer.aiter_bytes():
        read += part
        if len(read) > DOCUMENT_CAP:
            raise ProviderError(Fault.INVALID_REPLY, "is too long")
    return bytes(read)
