"""The one OpenAI client of a process, and the one gate every call goes through: no transaction, a hard deadline, named faults."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Final

import aiohttp
from openai import AsyncOpenAI, DefaultAioHttpClient, OpenAIError, Timeout

from assay.ai.openai_faults import named_fault
from assay.domain.errors import Fault, ProviderError
from assay.kit.transactions import assert_no_transaction

type AsyncClient = AsyncOpenAI
"""The client's type, for those who hold it but must not know the SDK."""

CONNECT_SECONDS: Final = 5.0


def open_client(*, api_key: str, base_url: str | None = None, call_timeout: float = 15.0) -> AsyncClient:
    """Build the client: once per process (it takes 0.3 s), to be closed with `await client.close()`.

    `base_url` points at any OpenAI-compatible server; such a server may need no key. `call_timeout` is in seconds. The SDK never
    retries (the ledger does), and never follows a redirect: essays go where they were configured to go and nowhere else.
    """
    timeout = Timeout(call_timeout, connect=min(CONNECT_SECONDS, call_timeout))
    return AsyncOpenAI(
        api_key=api_key or "none",
        base_url=base_url,
        timeout=timeout,
        max_retries=0,
        http_client=DefaultAioHttpClient(timeout=timeout, follow_redirects=False),
    )


def load_resources() -> None:
    """Import what the SDK leaves to the first call: 0.2 s, in which nothing else on its event loop goes on."""
    for name in ("openai.resources.responses.responses", "openai.resources.chat.completions"):
        import_module(name)


async def call[Reply](send: Callable[[], Awaitable[Reply]], *, deadline: float) -> Reply:
    """Await `send()` for at most `deadline` seconds in all: a reply that drips in never trips the client's own read timeout.

    Raises `ProviderError` with a named fault, whatever goes wrong on the way to the provider and back.
    """
    assert_no_transaction()
    try:
        async with asyncio.timeout(deadline):
            return await send()
    except TimeoutError:
        raise ProviderError(Fault.TIMEOUT, f"no whole reply within {deadline:g} s") from None
    except (OpenAIError, aiohttp.ClientError, OSError) as error:
        # `from None`: the provider's message may echo the essay, and a chained traceback would carry it into the logs.
        raise named_fault(error) from None
