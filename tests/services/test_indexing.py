"""The index's life: built beside the old one, switched at once, rebuilt only where something changed, never blank."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from assay.db.models import Credential, CredentialVersion
from assay.domain.credentials import CredentialContent
from assay.domain.errors import Fault, ProviderError
from assay.domain.passages import chunks
from assay.domain.ports import Vector
from assay.runtime import Runtime
from assay.services import indexing


class CountingEmbedder:
    """The runtime's embedder, counting what it is asked, failing after a number of calls when told to."""

    dimension = 256

    def __init__(self, runtime: Runtime, *, name: str | None = None, fail_after: int | None = None) -> None:
        self._inner = runtime.embedder
        self.name = name or self._inner.name
        self._fail_after = fail_after
        self.texts: list[str] = []
        self.calls = 0

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """As the inner one."""
        if self._fail_after is not None and self.calls >= self._fail_after:
            raise ProviderError(Fault.UNAVAILABLE, "away")
        self.calls += 1
        self.texts += texts
        return await self._inner.embed(texts)


async def _versions(runtime: Runtime) -> list[tuple[UUID, str]]:
    async with runtime.open_uow() as uow:
        return [(version.id, version.status) for version in await uow.index.newest()]


async def _edit(runtime: Runtime, slug: str = "designing-http-apis", **changes: Any) -> CredentialContent:
    """Publish a new version of a credential."""
    async with runtime.open_uow() as uow:
        credential = await uow.credentials.by_slug(slug)
        assert isinstance(credential, Credential)
        row = await uow.credentials.version(credential.id)
        assert row is not None
        content = CredentialContent.model_validate({**row.content, **changes})
        uow.credentials.add(
            CredentialVersion(credential_id=credential.id, version=2, content=content.model_dump(mode="json"), content_hash=content.hash)
        )
        credential.current_version = 2
    return content


async def test_a_current_index_is_left_alone(runtime: Runtime) -> None:
    """Nothing is embedded or built when embedder, cutting and catalog are those of the active version."""
    embedder = CountingEmbedder(runtime)
    before = await _versions(runtime)
    report = await indexing.ensure_index(runtime.open_uow, embedder, runtime.vector_store)
    assert not report.built
    assert report.chunk_count > 1_000
    assert embedder.calls == 0
    assert await _versions(runtime) == before


async def test_only_what_changed_is_embedded_again(runtime: Runtime) -> None:
    """An edited credential makes a new version: its chunks are embedded, all others copied, the old version stays, retired."""
    ((old, _),) = await _versions(runtime)
    content = await _edit(runtime, title="Designing APIs over HTTP, Revised")
    embedder = CountingEmbedder(runtime)
    report = await indexing.ensure_index(runtime.open_uow, embedder, runtime.vector_store)
    assert report.built
    async with runtime.open_uow() as uow:
        names = await uow.tracks.skill_names()
    assert report.embedded == len(embedder.texts) == len(chunks(content, names))
    assert report.copied == report.chunk_count - report.embedded
    assert dict(await _versions(runtime)) == {old: "retired", report.version_id: "active"}


async def test_chunks_stand_verbatim_in_their_section(runtime: Runtime) -> None:
    """Every stored chunk is a span of the section of the version it belongs to, and every published credential has some."""
    async with runtime.open_uow() as uow:
        rows = await uow.session.execute(text('SELECT credential_version_id, section, start, "end", text FROM embedding_artifacts'))
        stored = list(rows)
        catalog = {row.version_id: CredentialContent.model_validate(row.content) for row in await uow.credentials.published()}
    assert {row[0] for row in stored} == set(catalog)
    for version_id, section, start, end, passage in stored:
        assert catalog[version_id].sections()[section][start:end] == passage


async def test_another_embedder_is_another_index(runtime: Runtime) -> None:
    """A change of embedder embeds everything anew: vectors of two models are never mixed."""
    embedder = CountingEmbedder(runtime, name="another/1")
    report = await indexing.ensure_index(runtime.open_uow, embedder, runtime.vector_store)
    assert report.copied == 0
    assert report.embedded == report.chunk_count == len(embedder.texts)


async def test_a_failed_rebuild_changes_nothing(runtime: Runtime) -> None:
    """When the embedder fails half-way, the old version serves on and the new one is marked failed."""
    ((old, _),) = await _versions(runtime)
    with pytest.raises(ProviderError):
        await indexing.rebuild(runtime.open_uow, CountingEmbedder(runtime, fail_after=2), runtime.vector_store, afresh=True)
    versions = dict(await _versions(runtime))
    assert versions.pop(old) == "active"
    assert list(versions.values()) == ["failed"]


async def test_a_forced_rebuild_takes_over(runtime: Runtime) -> None:
    """Asked to embed everything afresh, the new version becomes the active one although the old one was current."""
    ((old, _),) = await _versions(runtime)
    report = await indexing.rebuild(runtime.open_uow, runtime.embedder, runtime.vector_store, afresh=True)
    assert report.copied == 0
    assert dict(await _versions(runtime)) == {old: "retired", report.version_id: "active"}


async def test_two_that_rebuild_at_once_end_with_one(runtime: Runtime) -> None:
    """Of two equal rebuilds under way together one is switched to, and the other steps back."""
    await _edit(runtime, title="Designing APIs over HTTP, Revised")
    reports = await asyncio.gather(*(indexing.ensure_index(runtime.open_uow, runtime.embedder, runtime.vector_store) for _ in range(2)))
    assert len({report.version_id for report in reports}) == 1
    statuses = [status for _, status in await _versions(runtime)]
    assert statuses.count("active") == 1


async def test_search_never_sees_a_gap(runtime: Runtime) -> None:
    """While the index is rebuilt and switched, a searcher that asks all the time always finds something."""
    (vector,) = await runtime.embedder.embed(["relational databases"])
    found: list[int] = []
    done = asyncio.Event()

    async def search() -> None:
        while not done.is_set():
            async with runtime.open_uow() as uow:
                active = await uow.index.active()
            assert active is not None
            (hits,) = await runtime.vector_store.nearest(active.id, [vector], 5)
            found.append(len(hits))

    searching = asyncio.create_task(search())
    report = await indexing.rebuild(runtime.open_uow, runtime.embedder, runtime.vector_store, afresh=True)
    await asyncio.sleep(0.05)
    done.set()
    await searching
    assert report.built
    assert found
    assert set(found) == {5}
