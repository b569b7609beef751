"""Retrieval over generated catalogs: the whole of it for one learner, exact and through HNSW, and what building the index costs."""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import batched
from time import perf_counter
from typing import Any, Final, NamedTuple

from rich.console import Console
from sqlalchemy import insert, text

from assay.db import vector_index
from assay.db.models import Credential, CredentialVersion
from assay.db.pgvector_store import EXACT_BELOW, PgVectorStore
from assay.domain.learner import EssayResult, Learner, TheoryResult
from assay.domain.ports import VectorStore
from assay.domain.retrieval import build_parts, websearch
from assay.domain.tracks import TrackContent, TrackStatus
from assay.kit.ids import new_id
from assay.observability.logging import configure_logging
from assay.runtime import Runtime, open_runtime
from assay.services import indexing
from assay.services.retrieval import CHUNKS_PER_PART, CREDENTIALS_PER_LIST, TEXT_ALONE_BELOW, retrieve
from benchmarks import generated, machine
from benchmarks.report import Figure, Report, percentile
from benchmarks.stack import Stack, bare_stack

TARGETS_MS: Final[Mapping[int, float]] = {2_000: 60, 100_000: 150}
"""For the whole retrieval at these sizes; at others the figures are context."""
RECALL: Final = 0.95
_WRITTEN_AT_ONCE: Final = 1_000
_WARM_UP: Final = 10
_EXACT_QUERIES: Final = 20
"""Where every vector of a large catalog is read, a few questions tell enough."""
_SENTENCES: Final = (
    "I would put the slow part behind a queue and measure before and after.",
    "Backups are worth nothing until somebody has restored one.",
    "The first thing I look at is what changed since it last worked.",
    "Users should be able to do this with a keyboard alone.",
    "I trust a figure more when I know how it was collected.",
)


class Measured(NamedTuple):
    """What one size gave. Times of queries in milliseconds, of building in seconds."""

    credentials: int
    chunks: int
    embedded: int
    copied: int
    rebuild: float
    build: float
    index_bytes: int
    table_bytes: int
    exact: tuple[float, ...]
    graph: tuple[float, ...]
    embedding: tuple[float, ...]
    full_text: tuple[float, ...]
    vectors: tuple[float, ...]
    recall: float

    @property
    def chosen(self) -> tuple[float, ...]:
        """Latencies of the search that the product uses at this size."""
        return self.exact if self.chunks < EXACT_BELOW else self.graph


def run(console: Console, *, sizes: Sequence[int], queries: int, durable: bool) -> Report:
    """Measure catalogs of `sizes` credentials, smallest first, each with `queries` different learners."""
    configure_logging("console", "WARNING")
    with bare_stack(console, durable=durable) as stack:
        facts, measured = asyncio.run(_measure(stack, sorted(set(sizes)), queries))
    return Report(
        name="retrieval",
        what=f"Retrieval for one learner after another, {queries} learners a size, embedding of the query included",
        machine=facts,
        figures=[*_figures(measured), *_growth(measured)],
        notes=(
            "A chunk is a title, a list of skills, two sentences of a description, or an outcome: about seven a credential.",
            f"Below {EXACT_BELOW:,} chunks the product reads every vector, above it walks the HNSW graph; the other way is shown too.",
            f"From {TEXT_ALONE_BELOW:,} chunks on, full text ranks the credentials that the vectors found instead of the whole catalog.",
            "Recall: of the ten nearest chunks of each part of a query by exact search, the share that the graph finds.",
            "A rebuild copies what has not changed; embedding, writing and the graph are in its time.",
        ),
    )


def _figures(measured: Sequence[Measured]) -> Iterator[Figure]:
    for each in measured:
        at = f"{each.credentials:,}"

        def of(name: str, values: Sequence[float], share: float, at: str = at, **target: Any) -> Figure:
            return Figure(f"{at}: {name} p{100 * share:.0f}", (percentile(values, share),), "ms", 1, **target)

        yield of("retrieval", each.chosen, 0.95, at_most=TARGETS_MS.get(each.credentials))
        yield of("retrieval", each.chosen, 0.5)
        yield of("retrieval, exact", each.exact, 0.95)
        yield of("retrieval, HNSW", each.graph, 0.95)
        yield of("of which embedding", each.embedding, 0.95)
        yield of("of which full text", each.full_text, 0.95)
        yield of("of which vectors", each.vectors, 0.95)
        yield Figure(f"{at}: recall@10 of HNSW", (each.recall,), "", 3, at_least=RECALL)
        yield Figure(f"{at}: chunks", (each.chunks,), "", 0)
        yield Figure(f"{at}: rebuild ({each.embedded:,} embedded, {each.copied:,} copied)", (each.rebuild,), "s", 1)
        yield Figure(f"{at}: HNSW build", (each.build,), "s", 1)
        yield Figure(f"{at}: HNSW size", (each.index_bytes / 2**20,), "MB", 1)
        yield Figure(f"{at}: chunks with their vectors", (each.table_bytes / 2**20,), "MB", 1)


def _growth(measured: Sequence[Measured]) -> Iterator[Figure]:
    """How much slower and larger the last size is than the first."""
    if len(measured) > 1:
        first, last = measured[0], measured[-1]
        yield Figure("growth of credentials", (last.credentials / first.credentials,), "x", 1)
        yield Figure("growth of p95", (percentile(last.chosen, 0.95) / percentile(first.chosen, 0.95),), "x", 1)
        yield Figure("growth of the HNSW index", (last.index_bytes / first.index_bytes,), "x", 1)


async def _measure(stack: Stack, sizes: Sequence[int], queries: int) -> tuple[dict[str, str], list[Measured]]:
    facts = await machine.facts(stack.database_url)
    measured: list[Measured] = []
    async with open_runtime(stack.settings) as runtime:
        async with runtime.open_uow() as uow:
            names = await uow.tracks.skill_names()
            await uow.session.execute(text("UPDATE credential_catalog SET status = 'retired'"))
        there = 0
        for size in sizes:
            with _step(stack.console, f"{size:,} credentials: write"):
                await _write(runtime, names, there, size)
                there = size
            measured.append(await _size(runtime, stack.console, size, queries))
    return facts, measured


async def _write(runtime: Runtime, names: Mapping[str, str], there: int, size: int) -> None:
    contents = enumerate(generated.credentials(size, names))
    for batch in batched(((number, content) for number, content in contents if number >= there), _WRITTEN_AT_ONCE):
        ids = [new_id() for _ in batch]
        async with runtime.open_uow() as uow:
            rows = [{"id": key, "slug": f"generated-{number}"} for key, (number, _) in zip(ids, batch, strict=True)]
            await uow.session.execute(insert(Credential), rows)
            versions = [
                {"credential_id": key, "version": 1, "content": content.model_dump(mode="json"), "content_hash": content.hash}
                for key, (_, content) in zip(ids, batch, strict=True)
            ]
            await uow.session.execute(insert(CredentialVersion), versions)
    async with runtime.open_uow(autocommit=True) as uow:
        for table in ("credential_catalog", "credential_versions"):
            await uow.session.execute(text(f"VACUUM ANALYZE {table}"))


async def _size(runtime: Runtime, console: Console, size: int, queries: int) -> Measured:
    exact, graph = PgVectorStore(runtime.engine, exact_below=None), PgVectorStore(runtime.engine, exact_below=1)
    with _step(console, f"{size:,} credentials: rebuild"):
        begun = perf_counter()
        report = await indexing.rebuild(runtime.open_uow, runtime.embedder, exact)
        filled = perf_counter() - begun
    with _step(console, f"{size:,} credentials: HNSW"):
        begun = perf_counter()
        await graph.build(report.version_id, runtime.embedder.dimension, _nothing())
        build = perf_counter() - begun
    async with runtime.engine.connect() as connection:
        index_bytes = await vector_index.size(connection, report.version_id)
        share = "SELECT pg_table_size('embedding_artifacts') * :own / count(*) FROM embedding_artifacts"
        table_bytes = int((await connection.execute(text(share), {"own": report.chunk_count})).scalar_one())
    asked = await _learners(runtime, queries)
    few = asked if report.chunk_count < EXACT_BELOW else asked[:_EXACT_QUERIES]
    with _step(console, f"{size:,} credentials: search"):
        return Measured(
            credentials=size,
            chunks=report.chunk_count,
            embedded=report.embedded,
            copied=report.copied,
            rebuild=filled + (build if report.chunk_count >= EXACT_BELOW else 0),
            build=build,
            index_bytes=index_bytes,
            table_bytes=table_bytes,
            graph=await _latencies(runtime, graph, asked),
            exact=await _latencies(runtime, exact, few),
            recall=await _recall(runtime, report, exact, graph, few),
            **await _parts(runtime, report, exact if report.chunk_count < EXACT_BELOW else graph, asked),
        )


async def _learners(runtime: Runtime, count: int) -> list[tuple[Learner, Mapping[str, str]]]:
    async with runtime.open_uow(autocommit=True) as uow:
        names = await uow.tracks.skill_names()
        fields = TrackContent.model_fields
        rows = await uow.tracks.list([TrackStatus.ACTIVE])
    tracks = [TrackContent.model_validate({name: getattr(row, name) for name in fields}) for row in rows]
    return [(_learner(random.Random(number), tracks, list(names)), names) for number in range(count)]


def _learner(dice: random.Random, tracks: Sequence[Any], skills: Sequence[str]) -> Learner:
    track = dice.choice(tracks)
    weak, strong = dice.sample(track.skill_focus, 2) if len(track.skill_focus) > 1 else (track.skill_focus[0], dice.choice(skills))
    essay = EssayResult(skills=(strong,), percent=70, accuracy=3, sentences=tuple(dice.sample(_SENTENCES, 3)))
    return Learner(
        track=track,
        theory=(TheoryResult(skills=(weak,), credit=0), TheoryResult(skills=(strong,), credit=1)),
        essays=(essay,),
        signals={f"interest:{skill}": weight for skill, weight in zip(dice.sample(list(skills), 2), (1.0, 0.6), strict=True)},
    )


async def _latencies(runtime: Runtime, store: VectorStore, asked: Sequence[tuple[Learner, Mapping[str, str]]]) -> tuple[float, ...]:
    """Milliseconds of each retrieval, one after the other, connections and caches warm."""
    taken = []
    for learner, names in (*asked[:_WARM_UP], *asked):
        begun = perf_counter()
        found = await retrieve(learner, names, open_uow=runtime.open_uow, embedder=runtime.embedder, vector_store=store)
        taken.append(1000 * (perf_counter() - begun))
        if found.shortfall or not found.candidates:
            raise RuntimeError(f"a retrieval found nothing: {found.shortfall}")
    return tuple(taken[min(len(asked), _WARM_UP) :])


async def _parts(
    runtime: Runtime, report: indexing.IndexReport, store: VectorStore, asked: Sequence[tuple[Learner, Mapping[str, str]]]
) -> dict[str, Any]:
    """Milliseconds of what a retrieval consists of, each by itself."""
    taken: dict[str, list[float]] = {"embedding": [], "full_text": [], "vectors": []}
    for learner, names in asked:
        parts = build_parts(learner, names)
        begun = perf_counter()
        vectors = await runtime.embedder.embed([part.text for part in parts])
        taken["embedding"].append(1000 * (perf_counter() - begun))
        begun = perf_counter()
        found = await store.nearest(report.version_id, vectors, CHUNKS_PER_PART)
        taken["vectors"].append(1000 * (perf_counter() - begun))
        near = {hit.credential_id for hits in found for hit in hits} if report.chunk_count >= TEXT_ALONE_BELOW else None
        queries: dict[str, str] = {part.name: websearch(part.terms) for part in parts if part.terms}
        begun = perf_counter()
        async with runtime.open_uow(autocommit=True) as uow:
            await uow.search.full_text(queries, CREDENTIALS_PER_LIST, among=near)
        taken["full_text"].append(1000 * (perf_counter() - begun))
    return {name: tuple(values) for name, values in taken.items()}


async def _recall(
    runtime: Runtime,
    report: indexing.IndexReport,
    exact: VectorStore,
    graph: VectorStore,
    asked: Sequence[tuple[Learner, Mapping[str, str]]],
) -> float:
    """Mean share of the ten nearest; a chunk as near as the tenth counts as one of them, since equal texts are frequent."""
    shares = []
    for learner, names in asked:
        vectors = await runtime.embedder.embed([part.text for part in build_parts(learner, names)])
        near, found = [await store.nearest(report.version_id, vectors, CHUNKS_PER_PART) for store in (exact, graph)]
        for truth, hits in zip(near, found, strict=True):
            least = truth[9].score - 1e-6
            shares.append(sum(hit.score >= least for hit in hits[:10]) / 10)
    return sum(shares) / len(shares)


async def _nothing() -> Any:
    """No chunks: pgvector reads them where they are kept."""
    for nothing in ():
        yield nothing


@contextmanager
def _step(console: Console, what: str) -> Iterator[None]:
    begun = perf_counter()
    yield
    console.print(f"[dim]{what} {perf_counter() - begun:.1f} s[/]", highlight=False)
