"""An OpenID provider on loopback: real HTTP, real signatures, discovery, keys, codes with PKCE; and every way to misbehave."""

import asyncio
import base64
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from time import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "assay-client", "assay-client-secret"
AUDIENCE = "https://assay.example/api"


class Provider:
    """Signs in whoever asks as `person`. What it says is `person` and what belongs to the protocol, changed by `twist`; None takes away."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.keys: list[Any] = [RSAKey.generate_key(2_048, {"kid": "r1", "use": "sig", "alg": "RS256"})]
        self.published: list[Any] | None = None
        self.person: dict[str, Any] = {"sub": "Person-7", "name": "Robin Campus", "email": "robin@campus.example", "email_verified": True}
        self.twist: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.stated_issuer = self.issuer
        self.fetched: list[str] = []
        self.away = False
        self._numbers = count()
        self._codes: dict[str, dict[str, str]] = {}

    def token(self, audience: str = AUDIENCE, **claims: Any) -> str:
        """Signed by the newest key."""
        key = self.keys[-1]
        now = int(time())
        whole = {"iss": self.issuer, "aud": audience, "iat": now, "exp": now + 300, **self.person, **claims, **self.twist}
        algorithm = key.as_dict()["alg"]
        header = {"alg": algorithm, "kid": key.kid, **self.header}
        return jwt.encode(header, {name: value for name, value in whole.items() if value is not None}, key, algorithms=[algorithm])

    def logout_token(self, **changes: Any) -> str:
        """Says that the person has signed out."""
        event = {"http://schemas.openid.net/event/backchannel-logout": {}}
        return self.token(CLIENT, **{"jti": "j1", "events": event, "name": None, "email": None, **changes})

    def rotate(self) -> None:
        """Sign with a new key of another kind from now on."""
        self.keys.append(ECKey.generate_key("P-256", {"kid": f"e{len(self.keys)}", "use": "sig", "alg": "ES256"}))

    def app(self) -> Starlette:
        """Its five addresses."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/keys", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )

    async def _discovery(self, _request: Request) -> Response:
        self.fetched.append("discovery")
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys", "end_session_endpoint": "end"}
        if self.away:
            return Response(status_code=503)
        return JSONResponse({"issuer": self.stated_issuer, **{name: f"{self.issuer}/{path}" for name, path in places.items()}})

    async def _keys(self, _request: Request) -> Response:
        self.fetched.append("keys")
        if self.away:
            return Response(status_code=503)
        keys = self.published if self.published is not None else [key.as_dict(private=False) for key in self.keys]
        return JSONResponse({"keys": keys})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) != ("code", CLIENT, "S256"):
            return Response(status_code=400)
        code = f"code-{next(self._numbers)}"
        self._codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 303)

    async def _token(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode()))
        basic = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self._codes.pop(given.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(given.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if request.headers.get("authorization") != basic:
            return JSONResponse({"error": "invalid_client"}, 401)
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != given.get("redirect_uri"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        identity = self.token(CLIENT, nonce=asked["nonce"])
        return JSONResponse({"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": identity})


@asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    """A provider that is up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Provider(listening.getsockname()[1])
        server = uvicorn.Server(uvicorn.Config(made.app(), log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells by no event
            await asyncio.sleep(0.01)
        yield made
        server.should_exit = True
        await serving
