"""An index version's life: asked for, built in the background, taken up after a crash, compared, switched to, rolled back."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from waiting import until

from assay.db.models import Credential, CredentialVersion
from assay.domain.actors import Actor
from assay.domain.credentials import CredentialContent
from assay.domain.errors import Conflict, Fault, NotFound, ProviderError, Unavailable
from assay.domain.indexing import IndexStatus
from assay.domain.passages import chunks
from assay.domain.ports import Vector
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import index_versions, indexing
from assay.worker.indexer import build_what_waits


class Counting:
    """The runtime's embedder, writing down what it is asked; does something first when told to."""

    dimension = 256

    def __init__(self, runtime: Runtime, before: Any = None) -> None:
        self._inner = runtime.embedder
        self.name = self._inner.name
        self._before = before
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """As the inner one."""
        if self._before:
            await self._before(len(self.texts))
        self.texts += texts
        return await self._inner.embed(texts)


async def edit(runtime: Runtime, slug: str = "designing-http-apis", **changes: Any) -> tuple[CredentialContent, CredentialContent]:
    """Publish a new version of a credential: the content before and after."""
    async with runtime.open_uow() as uow:
        credential = await uow.credentials.by_slug(slug)
        assert isinstance(credential, Credential)
        row = await uow.credentials.version(credential.id)
        assert row is not None
        before = CredentialContent.model_validate(row.content)
        after = CredentialContent.model_validate({**row.content, **changes})
        version = credential.current_version + 1
        content = after.model_dump(mode="json")
        uow.credentials.add(CredentialVersion(credential_id=credential.id, version=version, content=content, content_hash=after.hash))
        credential.current_version = version
    return before, after


async def active(runtime: Runtime) -> index_versions.IndexRead:
    """The version that is searched."""
    async with runtime.open_uow(autocommit=True) as uow:
        row = await uow.index.active()
    assert row is not None
    return index_versions.read(row)


async def asked(runtime: Runtime, *, afresh: bool = False, switch: bool = True) -> UUID:
    """A version asked for by an admin, not built yet."""
    async with runtime.open_uow() as uow:
        wanted = await index_versions.request(uow, runtime.embedder, afresh=afresh, switch=switch, actor_id=new_id())
    assert wanted.status is IndexStatus.QUEUED
    return wanted.id


async def one(runtime: Runtime, version_id: UUID) -> index_versions.IndexRead:
    """A version as it stands."""
    async with runtime.open_uow(autocommit=True) as uow:
        return await index_versions.get(uow, version_id)


async def test_texts_that_did_not_change_are_not_embedded_again(runtime: Runtime) -> None:
    """One more outcome: of the edited credential that chunk alone is asked for; where only the workload changed, nothing is."""
    before, after = await edit(runtime, outcomes=("A sentence that no other credential has as its outcome",))
    await edit(runtime, slug="messaging-with-queues", workloadHours=77)
    async with runtime.open_uow(autocommit=True) as uow:
        names = await uow.tracks.skill_names()
    new = {chunk.embedded for chunk in chunks(after, names)} - {chunk.embedded for chunk in chunks(before, names)}
    embedder = Counting(runtime)
    report = await indexing.ensure_index(runtime.open_uow, embedder, runtime.vector_store)
    assert set(embedder.texts) == new
    assert report.embedded == 1
    assert report.copied == report.chunk_count - 1


async def test_drift_names_what_has_changed(runtime: Runtime) -> None:
    """New, edited and retired credentials are named and counted; after a rebuild nothing is."""
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await index_versions.compare(uow, runtime.embedder)).current
    before, _ = await edit(runtime, title="Designing APIs over HTTP, Revised")
    async with runtime.open_uow() as uow:
        key = new_id()
        uow.credentials.add(Credential(id=key, slug="brand-new", status="published", current_version=1))
        await uow.session.flush()
        content = before.model_copy(update={"title": "Brand New"})
        uow.credentials.add(
            CredentialVersion(credential_id=key, version=1, content=content.model_dump(mode="json"), content_hash=content.hash)
        )
        await uow.session.execute(text("UPDATE credential_catalog SET status = 'retired' WHERE slug = 'kubernetes-for-the-curious'"))
    async with runtime.open_uow(autocommit=True) as uow:
        found = await index_versions.compare(uow, runtime.embedder)
    assert (found.added, found.edited, found.removed) == (("brand-new",), ("designing-http-apis",), ("kubernetes-for-the-curious",))
    assert (found.current, found.reasons) == (False, ("3 credentials have changed",))
    report = await indexing.rebuild(runtime.open_uow, runtime.embedder, runtime.vector_store)
    async with runtime.open_uow(autocommit=True) as uow:
        found = await index_versions.compare(uow, runtime.embedder)
    assert (found.version_id, found.current, found.count) == (report.version_id, True, 0)


async def test_drift_names_another_embedder(runtime: Runtime) -> None:
    """An index that another embedder built is due for a rebuild though no credential has changed."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE index_versions SET embedder = 'elsewhere/2'"))
    async with runtime.open_uow(autocommit=True) as uow:
        found = await index_versions.compare(uow, runtime.embedder)
    assert not found.current
    assert "elsewhere/2" in found.reasons[0]


async def test_what_is_asked_for_is_built_in_the_background(runtime: Runtime) -> None:
    """The loop builds what waits, switches, writes who asked into the audit trail, and survives a build that fails."""
    old = (await active(runtime)).id
    async with runtime.open_uow() as uow:
        bad = await indexing.request(uow, runtime.embedder, requested_by=new_id())
        await uow.session.execute(text("ALTER TABLE embedding_artifacts RENAME TO hidden"))
    looping = asyncio.create_task(build_what_waits(runtime))

    async def ended() -> bool:
        return (await one(runtime, bad.id)).status not in {IndexStatus.QUEUED, IndexStatus.BUILDING}

    await until(ended)
    assert (await one(runtime, bad.id)).status is IndexStatus.FAILED
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("ALTER TABLE hidden RENAME TO embedding_artifacts"))
    wanted = await asked(runtime)

    async def switched() -> bool:
        return (await active(runtime)).id != old

    await until(switched, within=60)
    looping.cancel()
    done = await one(runtime, wanted)
    assert (done.status, done.progress.percent, done.progress.phase) == (IndexStatus.ACTIVE, 100, "done")
    assert done.progress.done == done.progress.total > 0
    async with runtime.open_uow(autocommit=True) as uow:
        actions = [link.entry.action for link in await uow.audit.chain()]
    assert actions == ["index:request", "index:switch"]


async def test_one_build_at_a_time(runtime: Runtime) -> None:
    """A second request while one waits is refused with its id; two processes never take up the same one."""
    first = await asked(runtime)
    with pytest.raises(Conflict) as refused:
        await asked(runtime)
    assert refused.value.facts["version_id"] == str(first)
    reports = await asyncio.gather(*(indexing.build_next(runtime.open_uow, runtime.embedder, runtime.vector_store) for _ in range(3)))
    assert [report.version_id for report in reports if report] == [first]


async def test_a_build_whose_process_died_goes_on_where_it_stood(runtime: Runtime) -> None:
    """The process dies in the middle: nobody takes the build up while it may live; then the next one does, and embeds the rest alone."""
    wanted = await asked(runtime, afresh=True)

    async def die(texts: int) -> None:
        if texts > 500:
            raise Unavailable("the database is away with the process")

    dying = Counting(runtime, die)
    async with runtime.open_uow(autocommit=True) as uow:
        assert await uow.index.claim(indexing.SILENT_SECONDS) == wanted
    plan = await indexing._begin(runtime.open_uow, dying, wanted)
    with pytest.raises(Unavailable):
        await indexing._embed(runtime.open_uow, dying, plan)
    half = await one(runtime, wanted)
    assert 0 < half.progress.percent < 100
    assert half.chunk_count == len(dying.texts) > 500
    assert await indexing.build_next(runtime.open_uow, runtime.embedder, runtime.vector_store) is None
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE index_versions SET beat_at = now() - interval '1 hour' WHERE status = 'building'"))
    heir = Counting(runtime)
    report = await indexing.build_next(runtime.open_uow, heir, runtime.vector_store)
    assert report is not None
    assert (report.version_id, report.active) == (wanted, True)
    assert not set(heir.texts) & set(dying.texts)
    assert len(heir.texts) + len(dying.texts) == report.chunk_count


async def test_a_build_that_is_cut_off_waits_for_the_next_process(runtime: Runtime) -> None:
    """Cancelled, as when its process is told to end, the version is queued again; the next process finishes it."""
    wanted = await asked(runtime, afresh=True)
    reached = asyncio.Event()

    async def hang(texts: int) -> None:
        if texts > 300:
            reached.set()
            await asyncio.Event().wait()

    building = asyncio.create_task(indexing.build_next(runtime.open_uow, Counting(runtime, hang), runtime.vector_store))
    await reached.wait()
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert (await one(runtime, wanted)).status is IndexStatus.QUEUED
    report = await indexing.build_next(runtime.open_uow, runtime.embedder, runtime.vector_store)
    assert report is not None
    assert report.version_id == wanted


async def test_a_failed_build_leaves_nothing_behind(runtime: Runtime) -> None:
    """The failure is kept in words, what was written is removed, the active version is the old one."""
    old = (await active(runtime)).id
    wanted = await asked(runtime, afresh=True)

    async def fail(texts: int) -> None:
        if texts > 300:
            raise ProviderError(Fault.QUOTA_EXHAUSTED, "nothing left to spend")

    assert await indexing.build_next(runtime.open_uow, Counting(runtime, fail), runtime.vector_store) is None
    failed = await one(runtime, wanted)
    assert (failed.status, failed.chunk_count) == (IndexStatus.FAILED, 0)
    assert "nothing left to spend" in (failed.failure or "")
    async with runtime.open_uow(autocommit=True) as uow:
        assert await uow.index.count(wanted) == 0
    assert (await active(runtime)).id == old


async def test_there_and_back_again(runtime: Runtime) -> None:
    """A version left ready is not searched until it is switched to; rolling back searches the one before, and again the other one."""
    old = (await active(runtime)).id
    with pytest.raises(Conflict):
        async with runtime.open_uow(autocommit=True) as uow:
            await index_versions.before(uow)
    report = await indexing.rebuild(runtime.open_uow, runtime.embedder, runtime.vector_store, afresh=True, switch=False)
    assert (await active(runtime)).id == old
    assert not report.active
    await switch(runtime, report.version_id)
    assert (await active(runtime)).id == report.version_id
    for expected in (old, report.version_id, old):
        async with runtime.open_uow(autocommit=True) as uow:
            back = await index_versions.before(uow)
        await switch(runtime, back)
        assert (await active(runtime)).id == expected
    async with runtime.open_uow(autocommit=True) as uow:
        switches = [link.entry.changes for link in await uow.audit.chain()]
    assert [change["to"] for change in switches] == [str(each) for each in (report.version_id, old, report.version_id, old)]


async def switch(runtime: Runtime, version_id: UUID) -> None:
    """As the route and the command line do."""
    await index_versions.require_switchable(runtime.open_uow, runtime.embedder, runtime.vector_store, version_id)
    async with runtime.open_uow() as uow:
        await index_versions.activate(uow, version_id, actor_id=None)


async def test_what_cannot_be_searched_is_not_switched_to(runtime: Runtime, student_actor: Actor) -> None:
    """Unknown, unfinished, of another embedder, lost by the store: each is refused with its reason, and the active one stays."""
    del student_actor
    old = (await active(runtime)).id
    with pytest.raises(NotFound):
        await switch(runtime, new_id())
    waiting = await asked(runtime)
    with pytest.raises(Conflict, match="queued"):
        await switch(runtime, waiting)
    async with runtime.open_uow() as uow:
        assert await uow.index.activate(waiting) is None
    report = await indexing.rebuild(runtime.open_uow, runtime.embedder, runtime.vector_store, switch=False)
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("DELETE FROM embedding_artifacts WHERE index_version_id = :id"), {"id": report.version_id})
    with pytest.raises(Conflict, match="does not hold"):
        await switch(runtime, report.version_id)
    async with runtime.open_uow() as uow:
        elsewhere = "UPDATE index_versions SET embedder = 'elsewhere/2' WHERE id = :id"
        await uow.session.execute(text(elsewhere), {"id": report.version_id})
    with pytest.raises(Conflict, match="elsewhere/2"):
        await switch(runtime, report.version_id)
    assert (await active(runtime)).id == old
