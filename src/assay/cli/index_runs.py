"""What `assay index` asks of the services: one function a verb, each with a runtime of its own."""

import asyncio
from contextlib import suppress
from uuid import UUID

import typer
from rich.console import Console

from assay.cli.opened import REFUSED, opened
from assay.domain.errors import ProviderError
from assay.runtime import Runtime
from assay.services import index_versions, indexing
from assay.services.index_versions import DriftRead, IndexRead
from assay.settings import Settings

_MANY = 1_000
_LOOK_SECONDS = 0.2


def versions(settings: Settings) -> tuple[IndexRead, ...]:
    """All versions, newest first."""

    async def ask(runtime: Runtime) -> tuple[IndexRead, ...]:
        async with runtime.open_uow(autocommit=True) as uow:
            return (await index_versions.page(uow, None, _MANY)).items

    return opened(settings, ask)


def rebuild(settings: Settings, console: Console, *, afresh: bool, switch: bool) -> IndexRead:
    """Build a version, telling how far it is on `console`. Raises `typer.Exit` with 1 when a provider fails."""

    async def ask(runtime: Runtime) -> IndexRead:
        telling = asyncio.create_task(_tell(runtime, console))
        try:
            adapters = (runtime.open_uow, runtime.embedder, runtime.vector_store)
            report = await indexing.rebuild(*adapters, afresh=afresh, switch=switch)
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling
        async with runtime.open_uow(autocommit=True) as uow:
            return await index_versions.get(uow, report.version_id)

    try:
        return opened(settings, ask)
    except ProviderError as problem:
        console.print(f"The rebuild has failed, the index is as it was: {problem.detail}", soft_wrap=True)
        raise typer.Exit(REFUSED) from problem


def switch(settings: Settings, version_id: UUID | None) -> IndexRead:
    """Search `version_id`, or the version that was searched before."""

    async def ask(runtime: Runtime) -> IndexRead:
        async with runtime.open_uow(autocommit=True) as uow:
            wanted = version_id or await index_versions.before(uow)
        await index_versions.require_switchable(runtime.open_uow, runtime.embedder, runtime.vector_store, wanted)
        async with runtime.open_uow() as uow:
            return await index_versions.activate(uow, wanted, actor_id=None)

    return opened(settings, ask)


def drift(settings: Settings) -> DriftRead:
    """The catalog beside the active version."""

    async def ask(runtime: Runtime) -> DriftRead:
        async with runtime.open_uow(autocommit=True) as uow:
            return await index_versions.compare(uow, runtime.embedder)

    return opened(settings, ask)


async def _tell(runtime: Runtime, console: Console) -> None:
    """The progress of the build that runs, whenever it has changed, until cancelled."""
    told = ""
    with console.status("Index …") as status:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            async with runtime.open_uow(autocommit=True) as uow:
                row = await uow.index.unfinished()
            progress = index_versions.read(row).progress if row else None
            line = f"{progress.phase} {progress.done} of {progress.total} credentials" if progress else ""
            if line not in {told, ""}:
                told = line
                status.update(line)
