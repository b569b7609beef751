"""What others look for at a fixed place (RFC 8615): the public keys of our tokens."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse

from assay.runtime import Runtime

KEYS_CACHED: Final = "public, max-age=300"
"""A new key should be known everywhere before it signs: it stands second in the settings for at least so long."""


async def public_keys(request: Request) -> JSONResponse:
    """The JWK set that checks our access tokens."""
    runtime: Runtime = request.app.state.runtime
    return JSONResponse(
        runtime.identity.tokens.public_keys(), headers={"cache-control": KEYS_CACHED}, media_type="application/jwk-set+json"
    )
