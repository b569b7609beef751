"""Answers that never arrive whole, and a count of the requests in flight."""

import asyncio
from dataclasses import dataclass

from fastapi import Response
from starlette.types import ASGIApp, Receive, Scope, Send


class Hanging(Response):
    """Sends nothing until the client leaves."""

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        """Wait."""
        while not await _gone(receive):
            pass


class Dripping(Response):
    """Sends one byte every `seconds`: each read succeeds, so only a deadline on the whole call ends it."""

    def __init__(self, content: bytes, *, seconds: float) -> None:
        """JSON `content`, dripped at this interval."""
        super().__init__(content, media_type="application/json")
        self.seconds = seconds

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Drip until the body is out or the client leaves."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for index, byte in enumerate(bytes(self.body)):
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": index < len(self.body) - 1})
            if await _gone(receive, within=self.seconds):
                return


class CutOff(Response):
    """Promises a whole body, sends half of it and closes the connection."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Return before the body is complete: the server then drops the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body[: len(self.body) // 2]), "more_body": True})


async def _gone(receive: Receive, within: float | None = None) -> bool:
    """Whether the client has left, waiting for it at most `within` seconds."""
    try:
        async with asyncio.timeout(within):
            return bool((await receive())["type"] == "http.disconnect")
    except TimeoutError:
        return False


@dataclass(slots=True)
class InFlight:
    """Model calls under way: now, and at most since the start."""

    now: int = 0
    peak: int = 0


class CountInFlight:
    """Counts calls to `/v1/` from their first byte to the last of their answer."""

    def __init__(self, app: ASGIApp, in_flight: InFlight) -> None:
        """Wrap `app`; the count is kept in `in_flight`."""
        self.app = app
        self.in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass through, counting."""
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self.app(scope, receive, send)
            return
        self.in_flight.now += 1
        self.in_flight.peak = max(self.in_flight.peak, self.in_flight.now)
        try:
            await self.app(scope, receive, send)
        finally:
            self.in_flight.now -= 1
