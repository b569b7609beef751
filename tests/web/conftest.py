"""People at the pages."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio
from starlette.applications import Starlette
from visitor import Visit, Visitor

from assay.domain.actors import Actor, Role
from assay.runtime import Runtime
from assay.services import web_sessions
from assay.web.session import limits_of

ROLES = {"student": Role.STUDENT, "student2": Role.STUDENT, "advisor": Role.ADVISOR, "admin": Role.ADMIN}


@pytest_asyncio.fixture
async def visit(app: Starlette, runtime: Runtime) -> AsyncIterator[Visit]:
    """Opens a browser for one of the demo people, signed in, or for nobody."""
    async with AsyncExitStack() as stack:

        async def opened(name: str | None = None) -> Visitor:
            visitor = Visitor(app, await _secret(runtime, name) if name else None)
            await stack.enter_async_context(visitor.client)
            return visitor

        yield opened


async def _secret(runtime: Runtime, name: str) -> str:
    async with runtime.open_uow() as uow:
        user = await uow.accounts.by_email(f"{name}@assay.example")
        assert user is not None
        return await web_sessions.begin(uow, Actor(id=user.id, role=ROLES[name]), limits_of(runtime), "A test")
