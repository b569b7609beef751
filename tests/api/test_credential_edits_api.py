"""The catalog at the API of those who keep it: versions that citations keep, tags against lost updates, and what searches know of it."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from catalogs import RECORD
from journeys import Student
from sqlalchemy import text

from assay.domain.credentials import CredentialDetails, CredentialRecord
from assay.runtime import Runtime
from assay.services import audit, indexing, seeding

SEEDS = Path(__file__).parents[2] / "seeds"
NEW: dict[str, Any] = {
    **RECORD,
    "sourceId": "https://campus.example/credentials/17",
    "awardingBody": "Lakeside University",
    "country": "AT",
    "ects": 1.0,
    "eqfLevel": 6,
    "participation": "online",
    "supervision": "identityVerified",
    "qualityAssurance": "Evaluated every third year by an agency on EQAR.",
    "stackability": "Counts towards the certificate Data Engineering.",
    "homepage": "https://campus.example/query-plans",
}


async def entries(runtime: Runtime) -> list[tuple[str, dict[str, Any]]]:
    """What the audit trail says, its chain whole."""
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await audit.verify(uow)).holds
        return [(link.entry.action, link.entry.changes) for link in await uow.audit.chain()]


def write(credential: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What a client sends back of what it has read."""
    told = {field.alias for field in CredentialRecord.model_fields.values()}
    return {name: value for name, value in credential.items() if name in told} | changes


async def made(admin: Student, **changes: Any) -> httpx2.Response:
    """The new credential, as it was answered."""
    answer = await admin.request("POST", "/credentials", json=NEW | changes)
    assert answer.status_code == 201, answer.text
    return answer


async def offered(admin: Student, slug: str) -> httpx2.Response:
    """One of the seeds, as it is read."""
    page = await admin.request("GET", "/credentials", params={"limit": 200})
    (found,) = [each for each in page.json()["items"] if each["slug"] == slug]
    return await admin.request("GET", f"/credentials/{found['id']}")


async def test_a_credential_from_draft_to_retired(admin: Student, student: Student, runtime: Runtime) -> None:
    """A draft is the admins' alone, published it is everybody's, retired it can still be read by whom it was recommended."""
    draft = await made(admin)
    credential = draft.json()
    assert NEW.items() <= credential.items()
    assert (credential["status"], credential["version"], credential["index"]) == (
        "draft",
        1,
        {"current": True, "behind": 0, "rebuild": None},
    )
    path = f"/credentials/{credential['id']}"
    assert (await student.request("GET", path)).status_code == 404
    published = await admin.request("POST", f"{path}/publish", headers={"If-Match": draft.headers["ETag"]})
    assert (published.status_code, published.json()["status"]) == (200, "published")
    assert published.json()["index"] == {"current": False, "behind": 1, "rebuild": "/api/v1/index/rebuild"}
    read = await student.request("GET", path)
    assert (read.status_code, read.headers["ETag"]) == (200, published.headers["ETag"])
    gone = await admin.request("DELETE", path, headers={"If-Match": published.headers["ETag"]})
    assert (gone.json()["status"], gone.json()["index"]["behind"]) == ("retired", 0)
    assert (await student.request("GET", path)).json()["status"] == "retired"
    assert credential["slug"] not in {each["slug"] for each in (await student.request("GET", "/credentials?limit=200")).json()["items"]}
    told = await entries(runtime)
    assert [action for action, _ in told] == ["credential:create", "credential:publish", "credential:retire"]
    assert told[1][1] == {"/status": {"before": "draft", "after": "published"}}


async def test_an_edit_is_another_version(admin: Student, student: Student, runtime: Runtime) -> None:
    """The old one stays as it was, under its number; the same content again is no version; details alone are one."""
    before = await offered(admin, "designing-http-apis")
    path = f"/credentials/{before.json()['id']}"
    edited = await admin.request(
        "PUT", path, json=write(before.json(), title="Designing APIs"), headers={"If-Match": before.headers["ETag"]}
    )
    assert (edited.status_code, edited.json()["version"], edited.json()["index"]["behind"]) == (200, 2, 1)
    same = await admin.request("PUT", path, json=write(edited.json()), headers={"If-Match": edited.headers["ETag"]})
    assert (same.json()["version"], same.headers["ETag"]) == (2, edited.headers["ETag"])
    detailed = await admin.request("PUT", path, json=write(same.json(), eqfLevel=5), headers={"If-Match": same.headers["ETag"]})
    assert detailed.json()["version"] == 3
    old = await student.request("GET", path, params={"version": 1})
    assert old.json()["title"] == before.json()["title"]
    history = (await admin.request("GET", f"{path}/versions")).json()["items"]
    assert [(each["version"], each["content"]["title"], each["content"]["eqfLevel"]) for each in history] == [
        (3, "Designing APIs", 5),
        (2, "Designing APIs", None),
        (1, before.json()["title"], None),
    ]
    assert (await entries(runtime))[0][1]["/title"] == {"before": before.json()["title"], "after": "Designing APIs"}


async def test_the_index_follows_with_a_rebuild(admin: Student, runtime: Runtime) -> None:
    """A change is counted until a rebuild, which embeds what is new and copies the rest."""
    before = await offered(admin, "designing-http-apis")
    path = f"/credentials/{before.json()['id']}"
    await admin.request("PUT", path, json=write(before.json(), title="Designing APIs"), headers={"If-Match": before.headers["ETag"]})
    assert (await made(admin, status="published")).json()["index"]["behind"] == 2
    report = await indexing.rebuild(runtime.open_uow, runtime.embedder, runtime.vector_store)
    assert 0 < report.embedded < report.copied
    async with runtime.open_uow(autocommit=True) as uow:
        assert await uow.index.behind() == 0


async def test_a_lost_update_is_noticed(admin: Student) -> None:
    """Of two who have read the same state one is told to read again; who has read nothing is told so."""
    read = await offered(admin, "designing-http-apis")
    path, seen = f"/credentials/{read.json()['id']}", {"If-Match": read.headers["ETag"]}
    bodies = [write(read.json(), workloadHours=hours) for hours in (41, 42)]
    answers = await asyncio.gather(*(admin.request("PUT", path, json=body, headers=seen) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    assert (await admin.request("PUT", path, json=bodies[0])).status_code == 428
    assert (await admin.request("DELETE", path)).status_code == 428
    assert (await admin.request("POST", f"{path}/publish")).status_code == 428


async def test_names_must_exist(admin: Student) -> None:
    """Skills and prerequisites that there are not are named by their places; a taken slug or source and NUL are refused."""
    unknown = NEW | {"skills": ["sql", "witchcraft"], "prerequisites": ["no-such-credential", NEW["slug"]]}
    answer = await admin.request("POST", "/credentials", json=unknown)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/skills/1", "/prerequisites/0", "/prerequisites/1"]
    await made(admin)
    assert (await admin.request("POST", "/credentials", json=NEW)).json()["code"] == "slug_taken"
    assert (await admin.request("POST", "/credentials", json=NEW | {"slug": "another"})).json()["code"] == "slug_taken"
    assert (await admin.request("POST", "/credentials", json=NEW | {"slug": "nul", "sourceId": None, "title": "A\x00B"})).status_code == 422


async def test_the_same_key_makes_one_credential(admin: Student, runtime: Runtime) -> None:
    """Repeated under its key, the request is answered with what it made, under the same tag."""
    headers = {"Idempotency-Key": "make-plans"}
    one, two = [await admin.request("POST", "/credentials", json=NEW, headers=headers) for _ in range(2)]
    assert (one.status_code, two.status_code) == (201, 201)
    assert (one.json(), one.headers["ETag"]) == (two.json(), two.headers["ETag"])
    assert [action for action, _ in await entries(runtime)] == ["credential:create"]


async def test_what_a_track_falls_back_on_stays(admin: Student, runtime: Runtime) -> None:
    """The answer names the track; taken from its list, the credential can go."""
    async with runtime.open_uow() as uow:
        track = await uow.tracks.by_slug("backend-engineer")
        assert track is not None
        slug = track.fallback_credentials[0]
    read = await offered(admin, slug)
    path, seen = f"/credentials/{read.json()['id']}", {"If-Match": read.headers["ETag"]}
    refused = await admin.request("DELETE", path, headers=seen)
    assert (refused.status_code, refused.json()["code"]) == (409, "credential_is_a_fallback")
    assert refused.json()["tracks"] == [str(track.id)] or str(track.id) in refused.json()["tracks"]
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE role_catalog SET fallback_credentials = '{}'"))
    assert (await admin.request("DELETE", path, headers=seen)).json()["status"] == "retired"


async def test_the_catalog_is_filtered_and_paged(admin: Student, student: Student) -> None:
    """By status, provider, skill, level and words, page after page without a gap; drafts are shown to admins alone."""
    await made(admin)
    drafts = (await admin.request("GET", "/credentials", params={"status": "draft"})).json()["items"]
    assert [each["slug"] for each in drafts] == [NEW["slug"]]
    assert NEW["slug"] not in {each["slug"] for each in await _all(student, status="draft")}
    everything = await _all(student)
    for name, value, holds in (
        ("provider", everything[0]["provider"], lambda each: each["provider"] == everything[0]["provider"]),
        ("skill", "sql", lambda each: "sql" in each["skills"]),
        ("level", "advanced", lambda each: each["level"] == "advanced"),
    ):
        expected = [each["slug"] for each in everything if holds(each)]
        assert expected
        assert [each["slug"] for each in await _all(student, **{name: value})] == expected, name
    worded = await _all(student, text='"status codes" or "rate limits"')
    assert 0 < len(worded) < len(everything)
    assert all("status" in str(each).lower() or "rate" in str(each).lower() for each in worded)


async def _all(who: Student, **filters: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await who.request("GET", "/credentials", params={"limit": 40, **filters, **cursor})).json()
        found += page["items"]
        if page["nextCursor"] is None:
            assert [each["slug"] for each in found] == sorted({each["slug"] for each in found})
            return found
        cursor = {"cursor": page["nextCursor"]}


@pytest.mark.parametrize("who", ["student", "advisor"])
async def test_only_admins_keep_the_catalog(student: Student, advisor: Student, runtime: Runtime, who: str) -> None:
    """Nobody else writes or reads the history, and their attempts change nothing."""
    caller = {"student": student, "advisor": advisor}[who]
    path = f"/credentials/{UUID(int=7)}"
    answers = [
        await caller.request("POST", "/credentials", json=NEW),
        await caller.request("PUT", path, json=NEW, headers={"If-Match": "*"}),
        await caller.request("DELETE", path, headers={"If-Match": "*"}),
        await caller.request("POST", f"{path}/publish", headers={"If-Match": "*"}),
        await caller.request("GET", f"{path}/versions"),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert await entries(runtime) == []


async def test_what_an_admin_has_edited_is_no_seed_any_more(admin: Student, runtime: Runtime) -> None:
    """Loading the seeds again leaves it as the institution wants it."""
    before = await offered(admin, "designing-http-apis")
    path = f"/credentials/{before.json()['id']}"
    await admin.request("PUT", path, json=write(before.json(), title="Our APIs"), headers={"If-Match": before.headers["ETag"]})
    assert (await seeding.load(runtime.open_uow, SEEDS)).credentials == 0
    assert (await admin.request("GET", path)).json()["title"] == "Our APIs"


async def test_a_row_of_an_older_version_is_read(admin: Student, runtime: Runtime) -> None:
    """A version that was written without the newer elements reads as one that does not tell them, with the same hash as ever."""
    read = (await offered(admin, "designing-http-apis")).json()
    assert {name: read[name] for name in ("awardingBody", "country", "ects")} == {"awardingBody": "", "country": None, "ects": None}
    record = CredentialRecord.model_validate(write(read))
    assert (record.details, record.hash) == ({}, record.content.hash)
    assert not set(CredentialDetails.model_fields) & set(type(record.content).model_fields)
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await uow.credentials.content_hashes())["designing-http-apis"] == record.hash
