"""The audit trail at the API: filters, pages, files, the check of the chain; and admins who read what a student wrote."""

import csv
import io
import json
from typing import Any
from uuid import UUID

import pytest
from canaries import ESSAY, NAME, rename
from journeys import Student
from sqlalchemy import text

from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import audit, audit_reading
from assay.worker.drainer import Drainer


@pytest.fixture
async def entries(runtime: Runtime, student_actor: Actor) -> list[UUID]:
    """Five entries of two kinds, by one actor and by the operator, one of them in the words of old; the targets."""
    targets = [new_id() for _ in range(5)]
    for number, target in enumerate(targets):
        async with runtime.open_uow() as uow:
            action: Any = "track.updated" if number == 0 else AuditAction.TRACK_UPDATED if number % 2 == 0 else AuditAction.QUESTION_CREATED
            await uow.audit.append(
                actor_id=student_actor.id if number < 2 else None,
                action=action,
                target_type="track" if number % 2 == 0 else "question",
                target_id=str(target),
                changes={"/name": {"before": "=A", "after": f"B, {number}"}},
                correlation_id=f"c-{number}",
            )
    return targets


async def numbers(admin: Student, query: str = "") -> list[int]:
    """The entries that a query gives."""
    answer = await admin.request("GET", f"/audit{query}")
    assert answer.status_code == 200, answer.text
    return [item["sequence"] for item in answer.json()["items"]]


async def test_filters(admin: Student, entries: list[UUID], student_actor: Actor, runtime: Runtime) -> None:
    """By action (old words too), actor, target, correlation id, time; together they narrow."""
    assert await numbers(admin) == [5, 4, 3, 2, 1]
    assert await numbers(admin, "?action=track:update") == [5, 3, 1]
    assert await numbers(admin, f"?actorId={student_actor.id}") == [2, 1]
    assert await numbers(admin, f"?actorId={student_actor.id}&action=track:update") == [1]
    assert await numbers(admin, "?targetType=question") == [4, 2]
    assert await numbers(admin, f"?targetId={entries[3]}") == [4]
    assert await numbers(admin, "?correlationId=c-2") == [3]
    async with runtime.open_uow() as uow:
        third = await uow.session.scalar(
            text("SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM audit_logs WHERE sequence = 3")
        )
    assert await numbers(admin, f"?from={third}") == [5, 4, 3]
    assert await numbers(admin, f"?to={third}") == [2, 1]
    item = (await admin.request("GET", f"/audit?targetId={entries[0]}")).json()["items"][0]
    assert (item["action"], item["changes"]) == ("track:update", {"/name": {"before": "=A", "after": "B, 0"}})


async def test_pages_continue_where_they_ended(admin: Student, entries: list[UUID]) -> None:
    """Also while entries are added."""
    first = (await admin.request("GET", "/audit?limit=2")).json()
    assert (len(first["items"]), first["nextCursor"]) == (2, 4)
    await admin.request("POST", "/people/find", json={"email": "student@assay.example"})
    assert await numbers(admin, "?limit=2&cursor=4") == [3, 2]
    assert (await admin.request("GET", "/audit?limit=2&cursor=2")).json()["nextCursor"] is None


@pytest.mark.parametrize("query", ["?action=track.updated", "?action=sleep", "?limit=0", "?from=yesterday", "?from=2026-01-01", "?who=me"])
async def test_a_filter_that_cannot_be_meant_is_refused(admin: Student, query: str) -> None:
    """Not ignored, which would show too much."""
    assert (await admin.request("GET", f"/audit{query}")).status_code == 422


async def test_files_are_streamed_and_their_taking_is_an_entry(
    admin: Student, entries: list[UUID], runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON Lines and CSV hold every entry that fits, portion by portion; a formula is none; the export is the newest entry."""
    monkeypatch.setattr(audit_reading, "PORTION", 2)
    lines = await admin.request("GET", "/audit/export?targetType=track")
    assert lines.headers["content-type"] == "application/jsonl"
    assert [json.loads(line)["sequence"] for line in lines.text.splitlines()] == [5, 3, 1]
    table = await admin.request("GET", "/audit/export?format=csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [row["sequence"] for row in rows] == ["7", "6", "5", "4", "3", "2", "1"]
    assert json.loads(rows[-1]["changes"])["/name"]["after"] == "B, 0"
    assert rows[0]["action"] == "audit:export"
    assert json.loads(rows[1]["changes"]) == {"format": "jsonl", "filter": {"target_type": "track"}}
    assert audit_reading._cell("=1+1") == "'=1+1"
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await audit.verify(uow)).holds


async def test_the_chain_is_checked_on_request(admin: Student, entries: list[UUID], runtime: Runtime) -> None:
    """As a report, with the number of the first entry that does not fit."""
    assert (await admin.request("GET", "/audit/verify")).json() == {
        "holds": True,
        "entries": 5,
        "upTo": 5,
        "beginsAfter": None,
        "brokenAt": None,
        "why": None,
    }
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("SET LOCAL session_replication_role = replica"))
        await uow.session.execute(text("UPDATE audit_logs SET target_id = 'x' WHERE sequence = 2"))
    report = (await admin.request("GET", "/audit/verify")).json()
    assert (report["holds"], report["brokenAt"]) == (False, 2)


@pytest.mark.parametrize("path", ["/audit", "/audit/verify", "/audit/export"])
async def test_only_admins_read_the_trail(student: Student, advisor: Student, path: str) -> None:
    """Neither students nor advisors."""
    for person in (student, advisor):
        assert (await person.request("GET", path)).status_code == 403


async def test_content_is_read_for_a_reason_alone(
    admin: Student, student: Student, advisor: Student, student_actor: Actor, runtime: Runtime, track_id: UUID, drainer: Drainer
) -> None:
    """Every ordinary way is closed to an admin; this one shows what the student sees and says in the trail who read it and why."""
    await rename(runtime, student_actor.id)
    _, result = await student.finished(track_id, essay=ESSAY)
    path = f"/assessments/{result['assessmentId']}"
    for way in (path, f"{path}/result", f"{path}/status", "/assessments"):
        assert (await admin.request("GET", way)).status_code == 403
    assert (await admin.request("POST", f"{path}/inspect", json={})).status_code == 422
    for person in (student, advisor):
        assert (await person.request("POST", f"{path}/inspect", json={"reason": "I am curious"})).status_code == 403
    shown = await admin.request("POST", f"{path}/inspect", json={"reason": f"Complaint 12/34 of {NAME}"})
    assert shown.status_code == 200, shown.text
    assert ESSAY in [answer["answer"] for answer in shown.json()["assessment"]["answers"].values()]
    assert shown.json()["result"]["scores"] == result["scores"]
    assert NAME not in shown.text
    assert (await admin.request("POST", f"/assessments/{new_id()}/inspect", json={"reason": "Looking around"})).status_code == 404
    (entry,) = (await admin.request("GET", "/audit?action=assessment:inspect")).json()["items"]
    assert (entry["targetId"], entry["changes"]) == (result["assessmentId"], {"reason": "Complaint 12/34 of [masked] [masked]"})


async def test_an_open_assessment_is_read_without_a_result(admin: Student, student: Student, track_id: UUID) -> None:
    """There is none yet."""
    bundle = await student.start(track_id)
    shown = await admin.request("POST", f"/assessments/{bundle['assessmentId']}/inspect", json={"reason": "Why is it stuck?"})
    assert (shown.status_code, shown.json()["result"], shown.json()["assessment"]["status"]) == (200, None, "inProgress")
