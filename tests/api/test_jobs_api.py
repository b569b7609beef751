"""The ledger at the API: who may look, what is told, and a resend that is done once whatever is sent twice."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest
from dead import buried, jobs_of
from journeys import ESSAY, Student
from sqlalchemy import text

from assay.domain.jobs import JobType
from assay.kit.ids import new_id
from assay.runtime import Runtime


@pytest.fixture
async def result(runtime: Runtime, student: Student, track_id: UUID) -> dict[str, Any]:
    """A finished assessment whose two jobs died."""
    return await buried(runtime, student, track_id, *JobType, error=ZeroDivisionError(ESSAY))


async def count(runtime: Runtime, table: str) -> int:
    """Rows in a table."""
    async with runtime.open_uow() as uow:
        return int(await uow.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def test_an_admin_looks_at_the_dead_letters(admin: Student, student: Student, result: dict[str, Any], runtime: Runtime) -> None:
    """Listed with cause and error, read with the stack; nowhere a word of the essay."""
    essays, recommendation = await jobs_of(runtime, result)
    listed = await admin.request("GET", "/jobs?status=dead&cause=internal_error&limit=1")
    assert listed.status_code == 200, listed.text
    first = listed.json()
    second = (await admin.request("GET", f"/jobs?status=dead&limit=1&cursor={first['nextCursor']}")).json()
    assert {each["items"][0]["id"] for each in (first, second)} == {str(essays.id), str(recommendation.id)}
    assert second["nextCursor"] is None
    item = second["items"][0]
    assert (item["status"], item["cause"], item["error"], item["attempts"]) == ("dead", "internal_error", "ZeroDivisionError", 3)
    assert item["assessmentId"] == result["assessmentId"]
    assert "stack" not in item

    one = await admin.request("GET", f"/jobs/{essays.id}")
    assert one.json()["stack"].endswith("builtins.ZeroDivisionError")
    assert "idempotent" not in (listed.text + one.text)
    assert (await admin.request("GET", f"/jobs/{new_id()}")).status_code == 404
    assert (await admin.request("GET", "/jobs?status=asleep")).status_code == 422
    assert (await admin.request("GET", "/jobs?status=queued")).json()["items"] == []


async def test_nobody_else_may(
    student: Student, advisor: Student, client: httpx2.AsyncClient, result: dict[str, Any], runtime: Runtime
) -> None:
    """Students and advisors: 403. Nobody: 401. Nothing is written."""
    job_id = (await jobs_of(runtime, result))[0].id
    routes: list[tuple[str, str, Any]] = [
        ("GET", "/jobs", None),
        ("GET", f"/jobs/{job_id}", None),
        ("POST", f"/jobs/{job_id}/resend", None),
        ("POST", "/jobs/resend", {"cause": "internal_error"}),
    ]
    for method, path, body in routes:
        for reader in (student, advisor):
            assert (await reader.request(method, path, json=body)).status_code == 403
        assert (await client.request(method, f"/api/v1{path}", json=body)).status_code == 401
    assert len(await jobs_of(runtime, result)) == 2
    assert await count(runtime, "audit_logs") == 0


async def test_sent_again_once_under_one_key(admin: Student, result: dict[str, Any], runtime: Runtime) -> None:
    """Five at once with one key: one resend, the same answer, one entry of the admin's; without the key the sixth is refused."""
    essays = (await jobs_of(runtime, result))[0]
    path, headers = f"/jobs/{essays.id}/resend", {"Idempotency-Key": "again"}
    answers = await asyncio.gather(*(admin.request("POST", path, headers=headers) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}, answers[0].text
    assert len({answer.text for answer in answers}) == 1
    assert len(answers[0].json()["jobs"]) == 2
    assert len(await jobs_of(runtime, result)) == 4
    async with runtime.open_uow() as uow:
        (link,) = await uow.audit.chain()
        someone = await uow.accounts.by_email("admin@assay.example")
    assert someone is not None
    assert (link.entry.action, link.entry.actor_id, link.entry.target_id) == ("job:resend", someone.id, str(essays.id))
    refused = await admin.request("POST", path)
    assert (refused.status_code, refused.json()["code"]) == (409, "job_sent_again")
    assert refused.json()["jobId"] == answers[0].json()["jobs"][0]
    other = await admin.request("POST", "/jobs/resend", json={"cause": "internal_error"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_all_of_a_cause_are_sent_again(admin: Student, result: dict[str, Any], runtime: Runtime) -> None:
    """The essays and with them the recommendation; an unknown cause is bad input."""
    answer = await admin.request("POST", "/jobs/resend", json={"cause": "internal_error"})
    assert answer.status_code == 202, answer.text
    essays, recommendation, *written = await jobs_of(runtime, result)
    assert answer.json() == {
        "resent": [{"id": str(essays.id), "jobs": [str(each.id) for each in written]}],
        "refused": [],
        "remaining": 0,
    }
    assert [each.parent_job_id for each in written] == [essays.id, recommendation.id]
    assert (await admin.request("POST", "/jobs/resend", json={"cause": "boredom"})).status_code == 422
    assert (await admin.request("POST", "/jobs/resend", json={})).status_code == 422


async def test_a_job_that_lives_is_refused_in_words(admin: Student, student: Student, track_id: UUID, runtime: Runtime) -> None:
    """409 with a code, and nothing changes."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    await student.submit(bundle)
    essays = (await jobs_of(runtime, bundle))[0]
    refused = await admin.request("POST", f"/jobs/{essays.id}/resend")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_not_dead")
    assert (await admin.request("POST", f"/jobs/{new_id()}/resend")).status_code == 404
