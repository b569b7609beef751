"""Tracks at the API of those who keep them: guards that name what is missing, tags against lost updates, an entry for every change."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from journeys import Student
from sqlalchemy import text

from assay.runtime import Runtime
from assay.services import audit

NEW = {
    "slug": "platform-engineer",
    "name": "Platform Engineer",
    "description": "Keeps the ground on which others build their services.",
    "skillFocus": ["sql"],
}


async def _entries(runtime: Runtime) -> list[tuple[str, dict[str, Any]]]:
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await audit.verify(uow)).holds
        return [(link.entry.action, link.entry.changes) for link in await uow.audit.chain()]


def _write(track: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What a client sends back of what it has read."""
    told = ("name", "description", "skillFocus", "questionMix", "targetLevel", "expiryDays", "fallbackCredentials", "status")
    return {name: track[name] for name in told} | changes


async def test_a_track_from_draft_to_retired(admin: Student, student: Student, runtime: Runtime) -> None:
    """A draft is nobody's but the admins'; its life is told in four entries, with what changed."""
    made = await admin.request("POST", "/tracks", json=NEW)
    assert made.status_code == 201, made.text
    track = made.json()
    assert (track["status"], track["version"], track["questionMix"]) == ("draft", 1, {"theoretical": 3, "essay": 3, "profile": 4})
    path = f"/tracks/{track['id']}"
    assert (await student.request("GET", path)).status_code == 404
    assert track["id"] in {each["id"] for each in (await admin.request("GET", "/tracks?status=draft")).json()["items"]}
    edited = await admin.request("PUT", path, json=_write(track, expiryDays=14), headers={"If-Match": made.headers["ETag"]})
    assert (edited.status_code, edited.json()["expiryDays"], edited.json()["version"]) == (200, 14, 2)
    same = await admin.request("PUT", path, json=_write(edited.json()), headers={"If-Match": edited.headers["ETag"]})
    assert (same.json(), same.headers["ETag"]) == (edited.json(), edited.headers["ETag"])
    gone = await admin.request("DELETE", path, headers={"If-Match": same.headers["ETag"]})
    assert (gone.status_code, gone.json()["status"]) == (200, "retired")
    entries = await _entries(runtime)
    assert [action for action, _ in entries] == ["track:create", "track:update", "track:retire"]
    assert entries[1][1]["/expiryDays"] == {"before": 7, "after": 14}


async def test_a_lost_update_is_noticed(admin: Student, track_id: UUID) -> None:
    """Of two who have read the same state one is told to read again; who has read nothing is told so."""
    path = f"/tracks/{track_id}"
    read = await admin.request("GET", path)
    seen = {"If-Match": read.headers["ETag"]}
    bodies = [_write(read.json(), expiryDays=days) for days in (8, 9)]
    answers = await asyncio.gather(*(admin.request("PUT", path, json=body, headers=seen) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    assert (await admin.request("PUT", path, json=bodies[0])).status_code == 428
    assert (await admin.request("PUT", path, json=bodies[0], headers={"If-Match": "*"})).status_code == 200
    assert (await admin.request("PUT", path, json=bodies[0], headers={"If-Match": 'W/"0", "1"'})).status_code == 412


async def test_an_active_track_can_be_asked_in_full(admin: Student, track_id: UUID) -> None:
    """Neither a new track without questions nor a mix beyond the bank becomes active; the answer names types and counts."""
    empty = await admin.request("POST", "/tracks", json=NEW | {"status": "active"})
    assert (empty.status_code, empty.json()["code"]) == (409, "track_short_of_questions")
    assert "needs 3 essay questions and has 0" in empty.json()["detail"]
    assert {each["pointer"] for each in empty.json()["errors"]} == {f"/questionMix/{kind}" for kind in ("theoretical", "essay", "profile")}
    read = await admin.request("GET", f"/tracks/{track_id}")
    greedy = _write(read.json(), questionMix={"theoretical": 0, "essay": 10, "profile": 0})
    refused = await admin.request("PUT", f"/tracks/{track_id}", json=greedy, headers={"If-Match": read.headers["ETag"]})
    assert refused.status_code == 409
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/questionMix/essay"]
    assert (await admin.request("GET", f"/tracks/{track_id}")).json() == read.json()


async def test_names_must_exist(admin: Student) -> None:
    """Skills and credentials that there are not are named by their places; a taken slug and a mix of eleven are refused."""
    unknown = NEW | {"skillFocus": ["sql", "witchcraft"], "fallbackCredentials": ["no-such-credential"]}
    answer = await admin.request("POST", "/tracks", json=unknown)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/skillFocus/1", "/fallbackCredentials/0"]
    assert (await admin.request("POST", "/tracks", json=NEW | {"slug": "backend-engineer"})).json()["code"] == "slug_taken"
    eleven = await admin.request("POST", "/tracks", json=NEW | {"questionMix": {"theoretical": 4, "essay": 3, "profile": 4}})
    assert [each["pointer"] for each in eleven.json()["errors"]] == ["/questionMix"]
    nul = await admin.request("POST", "/tracks", json=NEW | {"name": "Platform\x00Engineer"})
    assert nul.status_code == 422


async def test_the_same_key_makes_one_track(admin: Student, runtime: Runtime) -> None:
    """Repeated under its key, the request is answered with what it made, under the same tag."""
    headers = {"Idempotency-Key": "make-platform"}
    one, two = [await admin.request("POST", "/tracks", json=NEW, headers=headers) for _ in range(2)]
    assert (one.status_code, two.status_code) == (201, 201)
    assert (one.json(), one.headers["ETag"]) == (two.json(), two.headers["ETag"])
    assert [action for action, _ in await _entries(runtime)] == ["track:create"]


@pytest.mark.parametrize("who", ["student", "advisor"])
async def test_only_admins_keep_tracks(student: Student, advisor: Student, track_id: UUID, who: str) -> None:
    """Nobody else writes, and their attempts change nothing."""
    person = {"student": student, "advisor": advisor}[who]
    for method, path in (("POST", "/tracks"), ("PUT", f"/tracks/{track_id}"), ("DELETE", f"/tracks/{track_id}")):
        answer = await person.request(method, path, json=NEW if method != "DELETE" else None, headers={"If-Match": "*"})
        assert answer.status_code in {403, 422}


async def test_an_open_assessment_is_not_touched(admin: Student, student: Student, track_id: UUID, runtime: Runtime) -> None:
    """Retired while somebody is answering: what was asked stays and can be submitted; nobody new starts."""
    bundle = await student.start(track_id)
    read = await admin.request("GET", f"/tracks/{track_id}")
    assert (await admin.request("DELETE", f"/tracks/{track_id}", headers={"If-Match": read.headers["ETag"]})).status_code == 200
    await student.answer_all(bundle)
    assert (await student.submit(bundle)).status_code == 202
    async with runtime.open_uow(autocommit=True) as uow:
        assert await uow.session.scalar(text("SELECT count(*) FROM async_jobs")) == 2
