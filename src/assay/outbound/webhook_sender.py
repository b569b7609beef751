"""Posting to an endpoint: its name is resolved once, what it stands for is checked, and the connection goes exactly there.

No redirect is followed, no proxy of the environment is asked, nothing of the answer is unpacked, and the whole of it has one time limit.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from assay.domain.errors import Fault, ProviderError
from assay.domain.ports import Posted
from assay.kit.transactions import assert_no_transaction
from assay.outbound.addresses import Network, Refused, Target, require_permitted, target_of

if TYPE_CHECKING:
    from httpcore2 import AsyncNetworkBackend

type Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class HttpWebhookSender:
    """The ports `WebhookSender` and `LinkProbe`: POST or HEAD over a connection of its own each time."""

    def __init__(
        self,
        *,
        seconds: float,
        allowed: Sequence[Network] = (),
        resolve: Resolve | None = None,
        network: "AsyncNetworkBackend | None" = None,
    ) -> None:
        """`seconds` limits the whole of a post; `allowed` are networks that may be spoken to although they are not public."""
        self._seconds = seconds
        self._allowed = allowed
        self._resolve = resolve or _resolved
        self._network = network

    async def check(self, url: str) -> None:
        """Raises `ProviderError(MISCONFIGURED)` with the reason when nothing may be posted there as things stand now."""
        assert_no_transaction()
        try:
            async with asyncio.timeout(self._seconds):
                await self._permitted(url)
        except TimeoutError as error:
            raise ProviderError(Fault.MISCONFIGURED, "its name could not be resolved in time") from error
        except OSError as error:
            raise ProviderError(Fault.MISCONFIGURED, "its name could not be resolved") from error

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Posted:
        """Post `body` and read the answer's status. Raises `ProviderError` when there is none, or it must not be asked."""
        return await self._ask("POST", url, headers, body)

    async def head(self, url: str) -> Posted:
        """Ask whether there is something. Raises as `post` does."""
        return await self._ask("HEAD", url, {}, b"")

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Posted:
        assert_no_transaction()
        from assay.outbound import posting  # noqa: PLC0415 - 3 MB in every process that posts nothing

        try:
            async with asyncio.timeout(self._seconds) as limit:
                target, addresses = await self._permitted(url)

                def answered() -> None:  # the status counts, whatever becomes of its body
                    limit.reschedule(asyncio.get_running_loop().time() + 2 * posting.DRAIN_SECONDS)

                secure = self._secure if target.scheme == "https" else None
                return await posting.post(
                    target, addresses, headers, body, network=self._network, secure=secure, answered=answered, method=method
                )
        except TimeoutError as error:
            raise ProviderError(Fault.TIMEOUT, f"no answer within {self._seconds:g} s") from error
        except OSError as error:
            raise ProviderError(Fault.UNAVAILABLE, f"cannot be reached: {type(error).__name__}") from error

    async def _permitted(self, url: str) -> tuple[Target, Sequence[str]]:
        try:
            target = target_of(url)
            addresses = await self._resolve(target.host, target.port)
            require_permitted(target, addresses, self._allowed)
        except Refused as error:
            raise ProviderError(Fault.MISCONFIGURED, str(error)) from error
        return target, addresses

    @cached_property
    def _secure(self) -> ssl.SSLContext:
        from assay.outbound import posting  # noqa: PLC0415 - as above

        return posting.secure_context()


async def _resolved(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
