"""`evals stores`: what the students of the golden set find in pgvector, beside what they find in a Chroma server of the same vectors."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from itertools import batched
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
import structlog
from rich.console import Console
from rich.progress import track

from assay.domain.ports import StoredChunk
from assay.domain.retrieval import ChunkHit
from assay.embedded import throwaway
from assay.vectors.chroma import ChromaStore
from evals import catalog, golden
from evals.catalog import Catalog
from evals.essays import Half
from evals.pipeline import Found, recommend, search
from evals.questions import SEEDS, open_grader
from evals.report import Figure, Report
from evals.retrieval_queries import Reader

NEAREST: Final = 10
OVERLAP: Final = 0.95
"""Of the ten nearest, what both stores find: pgvector reads every vector here, Chroma walks a graph."""
_AT_ONCE: Final = 100


def run(console: Console) -> Report:
    """Search both stores for every student of both halves. Raises `StartProblem` when a server cannot be started."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with (
        tempfile.TemporaryDirectory(prefix="assay-eval-") as folder,
        throwaway.chroma_server(Path(folder)) as address,
        catalog.database() as url,
    ):
        return asyncio.run(_compared(console, url, address))


async def _compared(console: Console, url: str, address: str) -> Report:
    reader, store = Reader(open_grader()), ChromaStore(address, seconds=10.0)
    try:
        async with catalog.opened(url, SEEDS) as shelf:
            version, dimension = await _active(shelf)
            await store.build(version, dimension, _stored(shelf, version))
            other = replace(shelf, store=store)
            queries = [await reader.query(student, {}) for half in Half for student in golden.of_half(half)]
            pairs = [
                (await search(shelf, query), await search(other, query))
                for query in track(queries, "searching", console=console, transient=True)
            ]
            chosen = [_share(recommend(shelf, one), recommend(shelf, two)) for one, two in pairs]
            facts = {"catalog": f"{len(shelf.entries)} credentials in {shelf.chunks} passages", "queries": f"{len(queries)}, both halves"}
    finally:
        await store.close()
    nearest = [share for one, two in pairs for share in _overlaps(one, two)]
    return Report(
        "stores",
        "What two vector stores find of the same vectors",
        facts,
        [
            Figure(f"of the {NEAREST} nearest passages, found by both", float(np.mean(nearest)), f"{len(nearest)} parts", at_least=OVERLAP),
            Figure("the same, worst part", min(nearest), f"{len(nearest)} parts"),
            Figure("of the recommended credentials, recommended from both", float(np.mean(chosen)), f"{len(chosen)} queries"),
        ],
        [],
        ["Postgres keeps the vectors and reads all of them in a catalog of this size; Chroma holds a copy and searches it through HNSW."],
    )


def _overlaps(one: Found, two: Found) -> Iterator[float]:
    """For each part of the query the share of its nearest passages that both stores name."""
    for part, hits in one.retrieved.vector_hits.items():
        yield _share(_places(hits), _places(two.retrieved.vector_hits.get(part, ())))


def _places(hits: Sequence[ChunkHit]) -> list[str]:
    return [str(hit.chunk_id) for hit in hits[:NEAREST]]


def _share(one: Sequence[str], two: Sequence[str]) -> float:
    return len({*one} & {*two}) / max(len(one), len(two), 1)


async def _active(shelf: Catalog) -> tuple[UUID, int]:
    async with shelf.open_uow(autocommit=True) as uow:
        active = await uow.index.active()
    if active is None:
        msg = "the catalog has just been indexed"
        raise RuntimeError(msg)
    return active.id, active.dimension


async def _stored(shelf: Catalog, version: UUID) -> AsyncIterator[Sequence[StoredChunk]]:
    async with shelf.open_uow(autocommit=True) as uow:
        held = [each.version_id for each in await uow.index.indexed(version)]
        for batch in batched(held, _AT_ONCE):
            yield await uow.index.stored(version, batch)
