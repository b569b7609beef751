"""Fills the database: schema, seeds, search index, demo accounts. A step that has nothing new to do does nothing."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assay.domain.errors import Unavailable
from assay.embedded.problems import StartProblem
from assay.embedded.progress import Progress
from assay.settings import Environment, Settings

if TYPE_CHECKING:
    from assay.runtime import Runtime

PROJECT: Final = Path(__file__).parents[3]
DEMO_PASSWORD: Final = "assay-demo"  # noqa: S105 - public by design, exists in the embedded runtime alone
DEMO_ACCOUNTS: Final = {
    "student": "student@assay.example",
    "second student": "student2@assay.example",
    "advisor": "advisor@assay.example",
    "admin": "admin@assay.example",
}

# The imports below are inside the steps because they are part of what a step costs: a second or more.


def seeds_folder() -> Path:
    """Where tracks, questions and credentials are. Raises `StartProblem`."""
    for place in (PROJECT / "seeds", Path.cwd() / "seeds"):
        if place.is_dir():
            return place
    raise StartProblem(f"There is no folder {PROJECT / 'seeds'}. Run this inside a clone of the repository, or name it with --seeds.")


def fingerprint(settings: Settings, seeds: Path) -> str:
    """What the content is made from: seeds, migrations, our own code, and the settings that shape it. 64 hexadecimal digits."""
    chosen = (settings.environment, settings.embedder, settings.openai_embedding_model, settings.vector_store)
    digest = hashlib.sha256(" ".join(chosen).encode())
    for folder, pattern in ((seeds, "*.yaml"), (PROJECT / "migrations", "*.py"), (PROJECT / "src", "*.py")):
        for path in sorted(folder.rglob(pattern)):
            digest.update(f"{path} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def migrate(settings: Settings, progress: Progress) -> None:
    """Bring the schema up to date. Not from inside an event loop. Raises `StartProblem`."""
    with progress.step("Migrate"):
        from assay.db import migrate as schema

        try:
            schema.upgrade(settings.async_database_url)
        except Unavailable as error:
            raise StartProblem(str(error)) from error


async def seed(settings: Settings, progress: Progress, folder: Path | None = None) -> None:
    """Load the content. Raises `StartProblem`."""
    async with _opened(settings, progress) as runtime:
        await _seed(runtime, progress, folder)


async def index(settings: Settings, progress: Progress) -> None:
    """Build the search index unless it is current. Raises `StartProblem`."""
    async with _opened(settings, progress) as runtime:
        await _index(runtime, progress)


async def fill(settings: Settings, progress: Progress) -> None:
    """Content, index and, in the embedded runtime alone, demo accounts. Raises `StartProblem`."""
    async with _opened(settings, progress) as runtime:
        await _seed(runtime, progress, None)
        await _index(runtime, progress)
        if settings.environment is Environment.EMBEDDED:
            with progress.step("Demo accounts"):
                from assay.services import identity

                await identity.ensure_demo_accounts(runtime.open_uow, runtime.passwords, runtime.clock)


@asynccontextmanager
async def _opened(settings: Settings, progress: Progress) -> AsyncIterator["Runtime"]:
    with progress.step("Connect"):
        from assay.runtime import open_runtime
        from assay.security.encryption import KeyRingError
    try:
        async with open_runtime(settings) as runtime:
            yield runtime
    except KeyRingError as error:
        raise StartProblem(str(error)) from error


async def _seed(runtime: "Runtime", progress: Progress, folder: Path | None) -> None:
    with progress.step("Seed"):
        from assay.services import seeding

        await seeding.load(runtime.open_uow, folder or seeds_folder())


async def _index(runtime: "Runtime", progress: Progress) -> None:
    with progress.step("Index"):
        from assay.services import indexing

        await indexing.ensure_index(runtime.open_uow, runtime.embedder, runtime.vector_store)
