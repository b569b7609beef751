"""The HTTP server of the product: uvicorn, which says that it is going before it goes."""

import asyncio
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assay.security.encryption import KeyRingError


class Start:
    """An application whose start may be refused for its keys: then `refused` says why, and the server is told without a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.refused: KeyRingError | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request, or the start and the end."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        failed: list[Message] = []

        async def tell(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                failed.append(message)  # with the traceback; which error it is follows
            else:
                await send(message)

        try:
            await self._app(scope, receive, tell)
        except BaseException as error:
            if isinstance(error, KeyRingError):
                self.refused = error
            for message in failed:
                await send({**message, "message": ""} if self.refused else message)
            raise


class LeavingServer(uvicorn.Server):
    """Told to end by SIGTERM, it calls `leaving` and serves on for `notice_seconds`, so that whoever balances load sends nothing more.

    Then, and at once on a second signal or on Ctrl-C, it takes no new connection, finishes what it is answering within the grace of its
    `config`, and ends.
    """

    def __init__(self, config: uvicorn.Config, *, notice_seconds: float, leaving: Callable[[], None]) -> None:
        super().__init__(config)
        self._notice_seconds = notice_seconds
        self._leaving = leaving
        self._told = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to end."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by the interpreter between two instructions of anything: it only makes a note for the loop."""
        first, self._told = not self._told, True
        if first and sig == signal.SIGTERM and self._notice_seconds and self._loop:
            self._leaving()
            self._loop.call_soon_threadsafe(self._loop.call_later, self._notice_seconds, super().handle_exit, sig, frame)
        else:
            super().handle_exit(sig, frame)
