"""Catalog files at the API: a dry run, all or nothing, bad rows left out, the same file again, and the way out and back in."""

import asyncio
import io
import json
from contextvars import Context
from typing import Any
from uuid import UUID

import httpx2
import pytest
from catalogs import RECORD
from journeys import Student
from sqlalchemy import text

from assay.domain.errors import Conflict
from assay.domain.imports import CatalogFormat
from assay.runtime import Runtime
from assay.services import audit, catalog_import_runs, seeding

TYPES = {CatalogFormat.CSV: "text/csv", CatalogFormat.JSONL: "application/jsonl", CatalogFormat.CTDL: "application/ld+json"}


def lines(*rows: dict[str, Any]) -> bytes:
    """A file of JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def numbered(count: int, **changes: Any) -> list[dict[str, Any]]:
    """Different credentials."""
    return [{**RECORD, "slug": f"course-{number}", "title": f"Course {number}", **changes} for number in range(count)]


async def send(admin: Student, data: bytes, media: str = "application/jsonl", key: str | None = None, **query: Any) -> httpx2.Response:
    """Import a file."""
    headers = {"Content-Type": media} | ({"Idempotency-Key": key} if key else {})
    return await admin.request("POST", "/credentials/import", content=data, params=query, headers=headers)


async def through(admin: Student, runtime: Runtime, answer: httpx2.Response) -> dict[str, Any]:
    """An import that has ended, also one that is worked off in the background."""
    if answer.status_code == 202:
        await catalog_import_runs.import_next(runtime.open_uow)
    found: dict[str, Any] = (await admin.request("GET", f"/credentials/imports/{answer.json()['id']}")).json()
    return found


async def told(admin: Student, import_id: str, **query: Any) -> list[dict[str, Any]]:
    """The problems of an import, all pages."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await admin.request("GET", f"/credentials/imports/{import_id}/problems", params={**query, **cursor})).json()
        found += page["items"]
        if page["nextCursor"] is None:
            return found
        cursor = {"cursor": page["nextCursor"]}


async def looked_at_and_confirmed(admin: Student, data: bytes = lines(RECORD), **query: Any) -> httpx2.Response:
    """A dry run, and what it looked at in earnest."""
    dry = (await send(admin, data, dryRun=True)).json()
    return await admin.request("POST", f"/credentials/imports/{dry['id']}/confirm", params=query)


async def count(runtime: Runtime, condition: str = "true") -> int:
    """Credentials that there are."""
    async with runtime.open_uow(autocommit=True) as uow:
        return int((await uow.session.execute(text(f"SELECT count(*) FROM credential_catalog WHERE {condition}"))).scalar_one())


async def test_first_dry_then_in_earnest(admin: Student, runtime: Runtime) -> None:
    """The dry run counts what would be and writes nothing; the same file in earnest does it; again, nothing is left to do."""
    before = await count(runtime)
    file = lines(*numbered(3), RECORD)
    dry = await send(admin, file, dryRun=True)
    assert (dry.status_code, dry.json()["status"], dry.json()["rows"]) == (200, "done", 4)
    assert dry.json()["counts"] == {"created": 4, "updated": 0, "unchanged": 0, "refused": 0}
    assert await count(runtime) == before
    done = (await send(admin, file)).json()
    assert (done["counts"]["created"], done["percent"], await count(runtime, "status = 'draft'")) == (4, 100, 4)
    again = (await send(admin, file)).json()
    assert again["counts"] == {"created": 0, "updated": 0, "unchanged": 4, "refused": 0}
    changed = (
        await send(admin, lines(*numbered(2), {**RECORD, "title": "Reading Plans"}, {**RECORD, "slug": "new"}), status="published")
    ).json()
    assert changed["counts"] == {"created": 1, "updated": 1, "unchanged": 2, "refused": 0}
    assert await count(runtime, "slug = 'new' AND status = 'published'") == 1
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await audit.verify(uow)).holds
        entries = [(link.entry.action, link.entry.changes["created"]) for link in await uow.audit.chain()]
    assert entries == [("catalog:import", 4), ("catalog:import", 0), ("catalog:import", 1)]
    listed = (await admin.request("GET", "/credentials/imports?limit=3")).json()
    assert listed["items"][0]["id"] == changed["id"]
    assert listed["nextCursor"] == listed["items"][-1]["id"]


async def test_what_was_looked_at_is_brought_in_once(admin: Student, runtime: Runtime) -> None:
    """The file of a dry run, small or large, need not be sent again; twice it cannot be confirmed, nor after a day, nor in earnest."""
    for file, rows in ((lines(*numbered(3)), 3), (lines(*numbered(1_200)), 1_200)):
        dry = await through(admin, runtime, await send(admin, file, dryRun=True))
        path = f"/credentials/imports/{dry['id']}/confirm"
        confirmed = await admin.request("POST", path)
        assert (confirmed.status_code, confirmed.json()["status"], confirmed.json()["options"]["dryRun"]) == (202, "queued", False)
        assert (await admin.request("POST", path)).json()["code"] == "import_file_gone"
        done = await through(admin, runtime, confirmed)
        assert (done["status"], done["rows"], done["fileHash"]) == ("done", rows, dry["fileHash"])
        again = await admin.request("POST", f"/credentials/imports/{done['id']}/confirm")
        assert (again.status_code, again.json()["code"]) == (409, "import_not_dry")
    old = (await send(admin, lines(RECORD), dryRun=True)).json()
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE catalog_imports SET finished_at = clock_timestamp() - interval '25 hours'"))
    await catalog_import_runs.import_next(runtime.open_uow)
    assert (await admin.request("POST", f"/credentials/imports/{old['id']}/confirm")).json()["code"] == "import_file_gone"
    assert (await admin.request("POST", f"/credentials/imports/{UUID(int=1)}/confirm")).status_code == 404


async def test_bad_rows_may_be_left_out_after_all(admin: Student, runtime: Runtime) -> None:
    """Whoever has seen in the dry run which rows would be refused can bring in the others."""
    file = lines(*numbered(2), {**RECORD, "level": "wizard"})
    refused = await through(admin, runtime, await looked_at_and_confirmed(admin, file))
    assert (refused["status"], refused["counts"]["refused"]) == ("refused", 1)
    skipped = await through(admin, runtime, await looked_at_and_confirmed(admin, file, onError="skip"))
    assert (skipped["status"], skipped["counts"]["created"], skipped["counts"]["refused"]) == ("done", 2, 1)


async def test_a_changed_row_is_another_version(admin: Student, runtime: Runtime) -> None:
    """The version before stays, and each names the import that brought it; a changed status alone makes none."""
    first = (await send(admin, lines(RECORD))).json()
    second = (await send(admin, lines({**RECORD, "workloadHours": 30, "eqfLevel": 5}))).json()
    third = (await send(admin, lines({**RECORD, "workloadHours": 30, "eqfLevel": 5, "status": "published"}))).json()
    assert third["counts"]["updated"] == 1
    (found,) = (
        await admin.request("GET", "/credentials?status=published&text=%22query%20plans%22&provider=Lakeside%20Open%20School")
    ).json()["items"]
    assert (found["slug"], found["version"], found["eqfLevel"]) == (RECORD["slug"], 2, 5)
    history = (await admin.request("GET", f"/credentials/{found['id']}/versions")).json()["items"]
    assert [(each["content"]["workloadHours"], each["importId"]) for each in history] == [(30, second["id"]), (25, first["id"])]


async def test_one_bad_row_stops_all_unless_it_is_skipped(admin: Student, runtime: Runtime) -> None:
    """Every bad row is told, with line, pointer and reason; counts add up either way."""
    bad = [{**RECORD, "slug": "no-level", "level": "wizard"}, {**RECORD, "slug": "no-skill", "skills": ["witchcraft"]}]
    good = numbered(4)
    file = lines(good[0], bad[0], good[1], good[1], good[2]) + b"{\n" + lines(bad[1], good[3])
    before = await count(runtime)
    refused = (await send(admin, file)).json()
    assert (refused["status"], refused["rows"], refused["counts"]["refused"]) == ("refused", 8, 4)
    assert await count(runtime) == before
    problems = await told(admin, refused["id"], limit=1)
    assert [(each["row"], each["line"], each["pointer"]) for each in problems] == [
        (2, 2, "/level"),
        (4, 4, ""),
        (6, 6, ""),
        (7, 7, "/skills/0"),
    ]
    assert problems[1]["reason"] == "an earlier row of the file is the same credential"
    skipped = (await send(admin, file, onError="skip")).json()
    assert (skipped["status"], skipped["counts"]) == ("done", {"created": 4, "updated": 0, "unchanged": 0, "refused": 4})
    assert await count(runtime) == before + 4
    assert await told(admin, skipped["id"]) == problems


async def test_a_credential_is_known_by_its_source(admin: Student, runtime: Runtime) -> None:
    """Its slug is made once; the source finds it again, a slug adopts a source once, and neither is moved to another credential."""
    unnamed = {name: value for name, value in RECORD.items() if name != "slug"} | {"sourceId": "https://campus.example/17"}
    made = (await send(admin, lines(unnamed))).json()
    assert made["counts"]["created"] == 1
    assert (await send(admin, lines({**unnamed, "title": "Other Title"}))).json()["counts"]["updated"] == 1
    assert (await send(admin, lines(RECORD))).json()["counts"]["created"] == 1
    assert (await send(admin, lines({**RECORD, "sourceId": "x-1"}))).json()["counts"]["updated"] == 1
    assert (await send(admin, lines(RECORD))).json()["counts"]["unchanged"] == 1
    clashes = (await send(admin, lines({**RECORD, "sourceId": "x-2"}, {**unnamed, "slug": "other"}), onError="skip")).json()
    assert [each["pointer"] for each in await told(admin, clashes["id"])] == ["/sourceId", "/slug"]
    assert await count(runtime, "source_id IN ('x-1', 'https://campus.example/17')") == 2


@pytest.mark.parametrize("kind", CatalogFormat)
async def test_out_and_back_in(admin: Student, runtime: Runtime, kind: CatalogFormat) -> None:
    """The whole catalog, exported and imported, is unchanged; emptied before, it is the same catalog again."""
    await send(
        admin, lines({**RECORD, "title": "=1+1", "assessment": "@home", "country": "AT", "ects": 1.5, "homepage": "https://a.example"})
    )
    exported = await admin.request("GET", "/credentials/export", params={"format": kind})
    assert exported.headers["content-type"].startswith(TYPES[kind])
    same = await through(admin, runtime, await send(admin, exported.content, TYPES[kind], format=kind))
    assert (same["counts"], same["notUnderstood"]) == ({"created": 0, "updated": 0, "unchanged": await count(runtime), "refused": 0}, {})
    async with runtime.open_uow() as uow:
        for statement in ("DELETE FROM embedding_artifacts", "DELETE FROM credential_versions", "DELETE FROM credential_catalog"):
            await uow.session.execute(text(statement))
    await through(admin, runtime, await send(admin, exported.content, TYPES[kind]))
    assert (await admin.request("GET", "/credentials/export", params={"format": kind})).content == exported.content


async def test_a_large_file_is_worked_off_in_the_background(admin: Student, runtime: Runtime) -> None:
    """It is taken in with 202; a worker that died is followed by another, which begins anew; a repeated request tells how it stands."""
    file = lines(*numbered(1_200))
    taken = await send(admin, file, key="large")
    assert (taken.status_code, taken.json()["status"]) == (202, "queued")
    before = await count(runtime)
    async with runtime.open_uow() as uow:  # somebody takes it up, notes a problem, and dies
        claimed = await uow.catalog_imports.claim(60)
        assert str(claimed) == taken.json()["id"]
        assert claimed
        await uow.catalog_imports.add_problems([{"import_id": claimed, "row": 1, "number": 1, "line": 1, "pointer": "", "reason": "old"}])
    assert await catalog_import_runs.import_next(runtime.open_uow) is None
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE catalog_imports SET beat_at = clock_timestamp() - interval '2 minutes'"))
    done = await catalog_import_runs.import_next(runtime.open_uow)
    assert done
    assert (done.status, done.counts.created, await count(runtime)) == ("done", 1_200, before + 1_200)
    assert await told(admin, str(done.id)) == []
    repeated = await send(admin, file, key="large")
    assert (repeated.status_code, repeated.json()["id"], repeated.json()["percent"]) == (200, taken.json()["id"], 100)
    assert (await send(admin, lines(RECORD), key="large")).status_code == 409
    async with runtime.open_uow(autocommit=True) as uow:
        assert await uow.catalog_imports.chunk(done.id, 0) is None


async def test_a_worker_that_was_taken_for_dead_writes_nothing(admin: Student, runtime: Runtime) -> None:
    """When another has taken up the import meanwhile, what the first has written is undone."""
    taken = await send(admin, lines(*numbered(1_200)))
    before = await count(runtime)
    async with runtime.open_uow() as uow:
        claimed = await uow.catalog_imports.claim(60)
        assert claimed

    def taken_up(_done: int, _size: int, _counts: Any) -> None:
        overtaking.append(asyncio.ensure_future(overtake()))

    async def overtake() -> None:
        async with runtime.open_uow() as uow:
            await uow.session.execute(text("UPDATE catalog_imports SET attempt = attempt + 1"))

    overtaking: list[asyncio.Future[None]] = []
    with pytest.raises(Conflict, match="taken up"):
        await catalog_import_runs.run(runtime.open_uow, io.BytesIO(lines(*numbered(1_200))), UUID(taken.json()["id"]), taken_up)
    await asyncio.gather(*overtaking)
    assert await count(runtime) == before


async def test_two_imports_do_not_mix(admin: Student, runtime: Runtime) -> None:
    """While one writes, another is told to wait, and may come back under its key; a dry run need not wait."""
    async with runtime.open_uow() as uow:
        assert await uow.catalog_imports.alone()
        # sent by somebody else, who holds no transaction
        refused = await asyncio.create_task(send(admin, lines(RECORD), key="again"), context=Context())
        assert (refused.status_code, refused.json()["code"]) == (409, "import_running")
        assert (await asyncio.create_task(send(admin, lines(RECORD), dryRun=True), context=Context())).json()["counts"]["created"] == 1
    assert (await send(admin, lines(RECORD), key="again")).json()["counts"]["created"] == 1


async def test_what_cannot_be_read_on_is_refused_whole(admin: Student, runtime: Runtime) -> None:
    """A file that breaks off, also when bad rows are to be skipped; and one of no known kind, before it is read."""
    before = await count(runtime)
    exported = (await admin.request("GET", "/credentials/export?format=ctdl")).content
    sent = await send(admin, exported[: len(exported) // 2], TYPES[CatalogFormat.CTDL], onError="skip")
    broken = await through(admin, runtime, sent)
    assert broken["status"] == "refused"
    assert "no whole JSON" in (await told(admin, broken["id"]))[-1]["reason"]
    assert (await send(admin, b"price,colour\n1,red\n", "text/csv", onError="skip")).json()["status"] == "refused"
    unknown = await send(admin, b"x", "application/zip")
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/header/content-type")
    assert await count(runtime) == before


async def test_new_skills_and_what_tracks_fall_back_on(admin: Student, runtime: Runtime) -> None:
    """Skills are taken in where that is asked for; what an active track falls back on is not retired by a file."""
    row = {**RECORD, "skills": ["SQL", "Query plans"]}
    assert (await send(admin, lines(row))).json()["status"] == "refused"
    assert (await send(admin, lines(row), addSkills=True, dryRun=True)).json()["counts"]["created"] == 1
    assert (await send(admin, lines(row), addSkills=True)).json()["counts"]["created"] == 1
    async with runtime.open_uow() as uow:
        assert (await uow.tracks.skill_names())["query-plans"] == "Query plans"
        track = await uow.tracks.by_slug("backend-engineer")
        assert track is not None
    refused = (await send(admin, lines({**RECORD, "slug": track.fallback_credentials[0], "status": "retired"}))).json()
    assert [each["pointer"] for each in await told(admin, refused["id"])] == ["/status"]


async def test_an_imported_credential_is_no_seed_any_more(admin: Student, runtime: Runtime, request: pytest.FixtureRequest) -> None:
    """Loading the seeds again leaves it as the institution wants it."""
    assert (await send(admin, lines({**RECORD, "slug": "designing-http-apis"}))).json()["counts"]["updated"] == 1
    assert (await seeding.load(runtime.open_uow, request.config.rootpath / "seeds")).credentials == 0
    assert await count(runtime, "slug = 'designing-http-apis' AND current_version = 2") == 1


@pytest.mark.parametrize("who", ["student", "advisor"])
async def test_only_admins_import(student: Student, advisor: Student, who: str) -> None:
    """Others are refused before their file is read, and see neither imports nor the export."""
    caller = {"student": student, "advisor": advisor}[who]
    answers = [
        await send(caller, lines(RECORD)),
        *[await caller.request("GET", f"/credentials/{path}") for path in ("imports", f"imports/{UUID(int=1)}", "export")],
    ]
    assert {answer.status_code for answer in answers} == {403}


async def test_files_may_be_larger_than_other_bodies(admin: Student) -> None:
    """What is declared beyond the limit is refused unread; other routes keep theirs."""
    for path, size in (("/credentials/import", 2**28 + 1), ("/credentials", 2**21 + 1)):
        answer = await admin.request("POST", path, content=b"", headers={"Content-Length": str(size), "Content-Type": "text/csv"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
