"""The index over HTTP: admins ask for builds, watch, switch and roll back; nobody else does, and everything is recorded."""

import httpx2
import pytest
from journeys import Student

from assay.runtime import Runtime
from assay.services import indexing

ROUTES = (
    ("GET", "/index/versions"),
    ("POST", "/index/rebuild"),
    ("POST", "/index/versions"),
    ("POST", "/index/rollback"),
    ("GET", "/index/drift"),
)


async def _build(runtime: Runtime) -> None:
    assert await indexing.build_next(runtime.open_uow, runtime.embedder, runtime.vector_store)


async def test_a_rebuild_is_asked_for_watched_and_switched_to(admin: Student, runtime: Runtime) -> None:
    """202 with a queued version; a repeated key gives the same one; once built it is the active one, and the list shows both."""
    key = {"headers": {"Idempotency-Key": "k-1"}, "json": {"afresh": True}}
    first, again = [await admin.request("POST", "/index/rebuild", **key) for _ in range(2)]
    assert first.status_code == again.status_code == 202, first.text
    assert first.json() == again.json()
    wanted = first.json()
    assert (wanted["status"], wanted["progress"]["percent"]) == ("queued", 0)
    refused = await admin.request("POST", "/index/rebuild", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "index_building")
    await _build(runtime)
    built = (await admin.request("GET", f"/index/versions/{wanted['id']}")).json()
    assert (built["status"], built["progress"]["percent"], built["copied"]) == ("active", 100, 0)
    assert built["embedded"] == built["chunkCount"] > 1_000
    listed = (await admin.request("GET", "/index/versions")).json()
    assert [each["status"] for each in listed["items"]] == ["active", "retired"]
    page = (await admin.request("GET", "/index/versions", params={"limit": 1})).json()
    rest = (await admin.request("GET", "/index/versions", params={"cursor": page["nextCursor"]})).json()
    assert [*page["items"], *rest["items"]] == listed["items"]


async def test_a_version_may_wait_for_the_switch(admin: Student, runtime: Runtime) -> None:
    """Built without switching it is ready; activating makes it the active one; rolling back returns to the one before."""
    before = (await admin.request("GET", "/index/versions")).json()["items"][0]["id"]
    wanted = (await admin.request("POST", "/index/versions", json={})).json()["id"]
    early = await admin.request("POST", f"/index/versions/{wanted}/activate")
    assert (early.status_code, early.json()["code"]) == (409, "index_not_ready")
    await _build(runtime)
    assert (await admin.request("GET", f"/index/versions/{wanted}")).json()["status"] == "ready"
    switched = await admin.request("POST", f"/index/versions/{wanted}/activate")
    assert (switched.status_code, switched.json()["status"]) == (200, "active")
    key = {"headers": {"Idempotency-Key": "back"}}
    back, again = [await admin.request("POST", "/index/rollback", **key) for _ in range(2)]
    assert (back.status_code, back.json()["id"]) == (200, before)
    assert again.json() == back.json()


async def test_nothing_to_roll_back_to(admin: Student) -> None:
    """With one version alone, rolling back is a conflict that says so."""
    refused = await admin.request("POST", "/index/rollback")
    assert (refused.status_code, refused.json()["code"]) == (409, "index_nothing_before")


async def test_drift_is_told(admin: Student) -> None:
    """The seeded index is current: nothing has changed, no reason to rebuild."""
    found = (await admin.request("GET", "/index/drift")).json()
    assert (found["current"], found["reasons"], found["addedCount"]) == (True, [], 0)


async def test_what_an_admin_does_is_recorded(admin: Student, runtime: Runtime) -> None:
    """The request and the switch that follows stand in the audit trail under the admin's id."""
    await admin.request("POST", "/index/rebuild", json={})
    await _build(runtime)
    async with runtime.open_uow() as uow:
        entries = [link.entry for link in await uow.audit.chain()]
        user = await uow.accounts.by_email("admin@assay.example")
    assert user is not None
    assert [(entry.action, entry.actor_id) for entry in entries] == [("index:request", user.id), ("index:switch", user.id)]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_else(student: Student, advisor: Student, client: httpx2.AsyncClient, method: str, path: str) -> None:
    """Students and advisors are refused, strangers unknown."""
    for caller in (student, advisor):
        assert (await caller.request(method, path, json={})).status_code == 403
    assert (await client.request(method, f"/api/v1{path}", json={})).status_code == 401


async def test_unknown_versions(admin: Student) -> None:
    """A version that does not exist is 404, for reading and for activating."""
    unknown = "01900000-0000-7000-8000-000000000000"
    assert (await admin.request("GET", f"/index/versions/{unknown}")).status_code == 404
    assert (await admin.request("POST", f"/index/versions/{unknown}/activate")).status_code == 404
