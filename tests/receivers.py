"""A receiver of webhooks on loopback that answers by script, and checks signatures as the specification says it, from scratch."""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple


class Received(NamedTuple):
    """A request as it came in; header names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The message's id."""
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        """What is told."""
        event: dict[str, Any] = json.loads(self.body)
        return event


class Answer(NamedTuple):
    """What is answered: after `delay` seconds, and once `gate` is open, a status with `headers`; `body` as often as `times` says."""

    status: int = 204
    headers: dict[str, str] = {}  # noqa: RUF012 - read alone
    body: bytes = b""
    times: int = 1
    delay: float = 0.0
    gate: asyncio.Event | None = None


class Receiver:
    """Listens on a port of its own, over TLS with the given context."""

    def __init__(self, secure: ssl.SSLContext | None = None) -> None:
        self._secure = secure
        self.received: list[Received] = []
        self.accepted = 0
        self.sent_bytes = 0
        self.answers: list[Answer] = []
        self.otherwise = Answer()
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens, or listened."""
        return f"http://127.0.0.1:{self.port}/hook?tenant=1"

    async def open(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._secure)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *fields = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.received.append(Received(line, headers, body))
            await self._answer(writer, self.answers.pop(0) if self.answers else self.otherwise)
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        await asyncio.sleep(answer.delay)
        if answer.gate:
            await answer.gate.wait()
        lines = [f"HTTP/1.1 {answer.status} x", "connection: close", *(f"{name}: {value}" for name, value in answer.headers.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        for _ in range(answer.times):
            writer.write(answer.body)
            await writer.drain()
            self.sent_bytes += len(answer.body)


@asynccontextmanager
async def receiver(secure: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """One that listens already."""
    made = Receiver(secure)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


def is_signed(message: Received, secret: str) -> bool:
    """Whether one of the signatures is that of `secret` (Standard Webhooks 1.0): an HMAC over id, time and the very bytes."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((message.id.encode(), message.headers["webhook-timestamp"].encode(), message.body))
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    return any(hmac.compare_digest(expected, each) for each in message.headers["webhook-signature"].encode().split(b" "))


def ids(messages: Sequence[Received]) -> list[str]:
    """The ids of messages, in the order in which they came."""
    return [message.id for message in messages]
