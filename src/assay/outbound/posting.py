"""One POST over a connection of its own to an address that has been checked; imported when the first is sent, for it costs 3 MB."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpcore2

from assay.domain.errors import Fault, ProviderError
from assay.domain.ports import Posted
from assay.outbound.addresses import DEFAULT_PORTS, Target

BODY_CAP: Final = 64 * 1024
"""Bytes of an answer that are read, and thrown away: the status says all."""
DRAIN_SECONDS: Final = 1.0
FIXED_HEADERS: Final = {"content-type": "application/json", "user-agent": "Assay"}


class Pinned(httpcore2.AsyncNetworkBackend):
    """Connects to one of these addresses, whatever name is asked for."""

    def __init__(self, addresses: Sequence[str], network: httpcore2.AsyncNetworkBackend) -> None:
        self._addresses = addresses
        self._network = network

    async def connect_tcp(  # the signature is httpcore's
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """The first of the addresses that answers. Raises `ConnectError` when none does."""
        del host  # TLS and the Host header still name it
        problem: Exception = httpcore2.ConnectError("no address")
        for address in self._addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore2.ConnectError as error:
                problem = error
        raise problem


async def post(
    target: Target,
    addresses: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    network: httpcore2.AsyncNetworkBackend | None,
    secure: ssl.SSLContext | None,
    answered: Callable[[], None],
    method: str = "POST",
) -> Posted:
    """Post to one of `addresses`, and call `answered` once the status is there. Raises `ProviderError` when nobody answers in HTTP."""
    url = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    pinned = Pinned(addresses, network or httpcore2.AnyIOBackend())
    sent = list({"host": _authority(target), **FIXED_HEADERS, **headers}.items())
    try:
        async with (
            httpcore2.AsyncConnectionPool(ssl_context=secure, network_backend=pinned, max_connections=1) as connection,
            connection.stream(method, url, headers=sent, content=body or None) as answer,
        ):
            answered()
            named = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
            posted = Posted(answer.status, retry_after(named.get(b"retry-after", ""), datetime.now(UTC)))
            with suppress(httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException, TimeoutError):
                await _drained(answer)
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
        raise ProviderError(Fault.UNAVAILABLE, f"cannot be reached: {type(error).__name__}") from error
    return posted


def secure_context() -> ssl.SSLContext:
    """TLS by the system's certificates, names checked."""
    return httpcore2.default_ssl_context()


def retry_after(header: str, now: datetime) -> float | None:
    """Seconds to wait by a `Retry-After` (RFC 9110, 10.2.3), as seconds or as a date; None when it says nothing."""
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def _authority(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == DEFAULT_PORTS[target.scheme] else f"{host}:{target.port}"


async def _drained(answer: httpcore2.Response) -> None:
    """Read an answer to its end or to the cap, whichever comes first, so that a receiver can finish writing."""
    read = 0
    async with asyncio.timeout(DRAIN_SECONDS):
        async for part in answer.aiter_stream():
            read += len(part)
            if read >= BODY_CAP:
                return
