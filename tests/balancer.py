"""A load balancer on loopback: every single request goes to the next server, and to the one after it when that cannot be reached."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle

import aiohttp
from aiohttp import web
from yarl import URL

SERVED_BY = "x-served-by"
"""The header that names the server which answered."""
_OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "upgrade"}
_GIVEN_BY_THE_CLIENT_ALONE = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Balancer:
    """Passes requests on in turn. Nothing is sent twice: a request that was cut off is answered with 502, and the client asks again."""

    def __init__(self, servers: Sequence[str], http: aiohttp.ClientSession) -> None:
        self.url = ""
        self.served: Counter[str] = Counter()
        self.passed_over = 0
        """How often the next in turn could not be reached."""
        self.cut = 0
        """Requests that a server took and did not answer to the end."""
        self._servers = servers
        self._turns = cycle(servers)
        self._http = http

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """Answer with what one of the servers answers."""
        body = await request.read()
        for _ in self._servers:
            server = next(self._turns)
            try:
                return await self._ask(server, request, body)
            except aiohttp.ClientConnectorError:
                self.passed_over += 1
            except aiohttp.ClientError:
                self.cut += 1
                return web.Response(status=502, headers={SERVED_BY: server})
        return web.Response(status=503)

    async def _ask(self, server: str, request: web.Request, body: bytes) -> web.StreamResponse:
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _OF_ONE_CONNECTION]
        headers += [("X-Forwarded-For", request.remote or ""), ("X-Forwarded-Proto", "http")]
        where = URL(server + request.raw_path, encoded=True)
        async with self._http.request(request.method, where, headers=headers, data=body, allow_redirects=False) as answer:
            self.served[server] += 1
            return await self._pass_on(request, answer, server)

    async def _pass_on(self, request: web.Request, answer: aiohttp.ClientResponse, server: str) -> web.StreamResponse:
        """Send each part when it comes, so that events are told as they happen."""
        passed = web.StreamResponse(status=answer.status, reason=answer.reason)
        for name, value in answer.headers.items():
            if name.lower() not in _OF_ONE_CONNECTION:
                passed.headers.add(name, value)
        passed.headers[SERVED_BY] = server
        await passed.prepare(request)
        try:
            async for part in answer.content.iter_any():
                await passed.write(part)
        except aiohttp.ClientError:  # half an answer is out: the client must see that it is half
            self.cut += 1
            if request.transport:
                request.transport.abort()
            return passed
        await passed.write_eof()
        return passed


@asynccontextmanager
async def balancer(servers: Sequence[str]) -> AsyncIterator[Balancer]:
    """A balancer before these servers, on a free port of this process. Each request has a connection of its own to its server."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_GIVEN_BY_THE_CLIENT_ALONE,
    ) as http:
        opened = Balancer(servers, http)
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", opened.forward)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        opened.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield opened
        finally:
            await runner.cleanup()
