"""What is refused unread: foreign host names, plain HTTP where there is TLS, endless headers, strangers at inner doors."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import URL, Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assay.edge.errors import problem

INNER: Final = frozenset({"/readyz", "/metrics"})
"""For load balancers, monitoring and operators."""
HEALTH: Final = frozenset({"/healthz", *INNER})
"""Asked from beside the service: over plain HTTP, by an address instead of a name."""
MAX_HEADER_BYTES: Final = 16 * 1024
MAX_HEADERS: Final = 100
_HOST: Final = re.compile(r"(?:(?P<name>[A-Za-z0-9._-]+)|\[(?P<v6>[0-9A-Fa-f:.]+)\])(?::[0-9]{1,5})?")
"""A host with a port at most (RFC 9110, 7.2): no user's name, no path."""
THIS_MACHINE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
HSTS: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
"""Two years, as the list that browsers ship with demands at least one (RFC 6797)."""


class Gate:
    """Lets through what is for this service. Behind a proxy, scheme and address are what the proxy says, if it is one that is trusted."""

    def __init__(self, app: ASGIApp, *, public_url: str, hosts: Sequence[str], inner_networks: str) -> None:
        """`hosts` may begin with `*.`; the name in `public_url` and this machine's own are known anyway. Raises `ValueError`."""
        address = urlsplit(public_url)
        self._app = app
        self._tls = address.scheme == "https"
        self._public = public_url
        self._names = {each.lower() for each in hosts if not each.startswith("*.")} | {(address.hostname or "").lower(), *THIS_MACHINE}
        self._endings = tuple(each[1:].lower() for each in hosts if each.startswith("*."))
        self._inner = [ip_network(each.strip()) for each in inner_networks.split(",") if each.strip()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif (refusal := self._refusal(scope)) is not None:
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, _strict(send) if scope["scheme"] == "https" else send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = scope["headers"]
        if len(headers) > MAX_HEADERS or sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
            return problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "The headers of the request are too large.")
        path = scope["path"]
        if path in INNER and not self._is_inner(scope):
            return problem(HTTPStatus.NOT_FOUND, "not_found", "Not Found")
        if path in HEALTH:
            return None
        if not self._is_ours(Headers(scope=scope).getlist("host")):
            return problem(HTTPStatus.MISDIRECTED_REQUEST, "foreign_host", "This service does not answer to that host name.")
        if self._tls and scope["scheme"] == "http":
            return self._insecure(scope)
        return None

    def _is_inner(self, scope: Scope) -> bool:
        try:
            address = ip_address((scope.get("client") or ("", 0))[0])
        except ValueError:
            return False
        return any(address in network for network in self._inner)

    def _is_ours(self, given: Sequence[str]) -> bool:
        names = [(match["name"] or match["v6"]).lower() for host in given if (match := _HOST.fullmatch(host))]
        return len(names) == len(given) == 1 and (names[0] in self._names or names[0].endswith(self._endings))

    def _insecure(self, scope: Scope) -> Response:
        """A page is asked for again over TLS. A token that was sent in the clear is not: it must be noticed, not silently put right."""
        if scope["method"] in {"GET", "HEAD"} and not scope["path"].startswith("/api/"):
            wanted = URL(scope=scope)
            query = f"?{wanted.query}" if wanted.query else ""
            return RedirectResponse(f"{self._public.rstrip('/')}{wanted.path}{query}", HTTPStatus.PERMANENT_REDIRECT)
        return problem(
            HTTPStatus.FORBIDDEN, "https_required", "Use HTTPS. If a token was sent, end its session: it went over the wire in clear."
        )


def _strict(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], HSTS]
        await send(message)

    return sent
