"""Applications that go from test to test: what they are made of is the same for all, and making one takes longer than most tests."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from starlette.applications import Starlette

from assay.asgi import create_app
from assay.runtime import Runtime
from assay.settings import Settings

MADE_OF = ("allowed_hosts", "cors_origins", "inner_networks", "public_url", "secure_cookies", "trace_incoming", "trusted_proxies")
"""The settings that `create_app` reads itself; all else comes with the runtime."""


class Lent(NamedTuple):
    """An application, and the runtime that its lifespan finds."""

    app: Starlette
    runtimes: list[Runtime]


_at_hand: dict[tuple[object, ...], list[Lent]] = defaultdict(list)


@asynccontextmanager
async def on(runtime: Runtime, **changes: object) -> AsyncIterator[Starlette]:
    """An application on `runtime`, as started, for one borrower at a time; `changes` are settings it is made of."""
    settings = runtime.settings.model_copy(update=changes)
    shelf = _at_hand[tuple(getattr(settings, name) for name in MADE_OF)]
    lent = shelf.pop() if shelf else _made(settings)
    lent.runtimes.append(runtime)
    lent.app.state.leaving = False
    async with lent.app.router.lifespan_context(lent.app):
        yield lent.app
    lent.runtimes.clear()
    shelf.append(lent)


def _made(settings: Settings) -> Lent:
    runtimes: list[Runtime] = []

    @asynccontextmanager
    async def given(_settings: Settings) -> AsyncIterator[Runtime]:
        yield runtimes[-1]

    return Lent(create_app(settings, given), runtimes)
