"""The search index's pages without a script: what is searched, drift, rebuilding, comparing, switching and going back."""

from uuid import UUID

import pytest
from sqlalchemy import text
from test_catalog_pages import sound
from visitor import Visit

from assay.domain.errors import Fault, ProviderError
from assay.runtime import Runtime
from assay.services import indexing
from assay.web.admin.index import REFUSALS


async def built(runtime: Runtime) -> None:
    """What was asked for, built as the background does it."""
    assert await indexing.build_next(runtime.open_uow, runtime.embedder, runtime.vector_store)


async def change(runtime: Runtime, statement: str) -> None:
    """Change the database as others would."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text(statement))


async def test_drift_rebuild_and_the_way_back(visit: Visit, runtime: Runtime) -> None:
    """What has changed is told by name; a rebuild is asked for once; then one can compare and go back."""
    admin = await visit("admin")
    fresh = await sound(await admin.get("/admin/index"))
    assert all(words in fresh.text for words in ("Searches know the catalog as it is", "Credentials 231", "There is no earlier version"))
    await change(runtime, "UPDATE credential_catalog SET status = 'draft' WHERE slug = 'designing-http-apis'")
    drifted = await sound(await admin.get("/admin/index"))
    assert "1 credential has changed since the index was built" in drifted.text
    assert "Held though no longer published: 1 credential designing-http-apis" in drifted.text
    assert "Searches that are running keep the version that they began with" in drifted.text
    asked = await sound(await admin.fill(drifted, "/rebuild"))
    assert "The index is being rebuilt" in asked.text
    assert "A version is being built already" in asked.text
    assert not [form for form in asked.forms if form.action.endswith("/rebuild")]
    assert 'http-equiv="refresh"' in asked.html
    twice = await sound(await admin.fill(drifted, "/rebuild"), 409)
    assert "Nothing was done A version is being built already" in twice.text
    assert "Waiting for its turn" in (await admin.get("/admin/index/fragment")).text
    await built(runtime)
    assert 'data-ended="yes"' in (await admin.get("/admin/index/fragment")).html
    done = await sound(await admin.get("/admin/index"))
    assert "Searches know the catalog as it is" in done.text
    before = next(link for link in done.links if "/versions/" in link)
    version = await sound(await admin.get(before))
    assert all(words in version.text for words in ("Before you switch", "Go back to this version", "Held though no longer published 1 0"))
    back = await sound(await admin.fill(version, "/activate"))
    assert "Searches go to this version from now on" in back.text
    assert "Searches do not know the catalog as it is" in (await admin.get("/admin/index")).text


async def test_built_beside_and_switched_to_later(visit: Visit, runtime: Runtime) -> None:
    """A version that was only built is ready; it says what it lacks before it is switched to, and in red what it knows less."""
    admin = await visit("admin")
    page = await admin.get("/admin/index")
    form = next(form for form in page.forms if ("switch", "no") in form.fields)
    await admin.post(form.action, form.fields)
    await change(runtime, "UPDATE credential_catalog SET status = 'draft' WHERE slug = 'designing-http-apis'")
    await built(runtime)
    await change(runtime, "UPDATE credential_catalog SET status = 'published' WHERE slug = 'designing-http-apis'")
    listed = await sound(await admin.get("/admin/index"))
    assert "Ready" in listed.text
    version = await sound(await admin.get(next(link for link in listed.links if "/versions/" in link)))
    assert "It knows less than the one that is searched" in version.text
    assert "Missing in it: 1 credential designing-http-apis" in version.text
    assert "Switch" in version.text
    assert "1 recommendation is being made" not in version.text


async def test_a_version_that_cannot_be_searched_says_why(visit: Visit, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the click, in a sentence for each reason; the form behind it is refused with the same sentence."""
    admin = await visit("admin")
    await admin.fill(await admin.get("/admin/index"), "/rebuild")
    unfinished = await sound(await admin.get(next(link for link in (await admin.get("/admin/index")).links if "/versions/" in link)))
    assert "It is not whole yet" in unfinished.text
    await built(runtime)
    listed = await admin.get("/admin/index")
    new, old = sorted({link for link in listed.links if "/versions/" in link}, reverse=True)
    ready = await sound(await admin.get(old))
    await change(runtime, f"UPDATE index_versions SET embedder = 'another' WHERE id = '{UUID(old[-36:])}'")
    foreign = await sound(await admin.get(old))
    assert REFUSALS["index_of_another_embedder"] in foreign.text
    assert not [form for form in foreign.forms if form.action.endswith("/activate")]
    refused = await sound(await admin.fill(ready, "/activate"), 409)
    assert "Nothing was switched" in refused.text
    await change(runtime, f"UPDATE index_versions SET embedder = '{runtime.embedder.name}', chunk_count = 1 WHERE id = '{UUID(old[-36:])}'")
    assert REFUSALS["index_not_held"] in (await admin.get(old)).text
    assert "Searches go to this version." in (await sound(await admin.get(new))).text

    async def away(*_: object) -> int:
        raise ProviderError(Fault.UNAVAILABLE, "nobody there")

    monkeypatch.setattr(type(runtime.vector_store), "holds", away)
    assert REFUSALS["unavailable"] in (await sound(await admin.get(old))).text


async def test_a_failed_build_and_an_empty_index(visit: Visit, runtime: Runtime) -> None:
    """What failed says why and that searches were not touched; without any index the page says what students get."""
    admin = await visit("admin")
    await admin.fill(await admin.get("/admin/index"), "/rebuild")
    failed = "status = 'failed', phase = 'done', failure = 'unavailable: <b>nobody</b> there'"
    await change(runtime, f"UPDATE index_versions SET {failed} WHERE status = 'queued'")
    listed = await sound(await admin.get("/admin/index"))
    page = await sound(await admin.get(next(link for link in listed.links if "/versions/" in link)))
    assert "Searches were not touched" in page.text
    assert "&lt;b&gt;nobody" in page.html
    assert not [form for form in page.forms if form.action.endswith("/activate")]
    await change(runtime, "UPDATE index_versions SET status = 'failed'")
    assert "Nothing is searched" in (await sound(await admin.get("/admin/index"))).text
    assert (await admin.get("/admin/index/versions/01900000-0000-7000-8000-000000000000")).status == 404
