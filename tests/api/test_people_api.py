"""People's rights at the API: find, hand out everything that is kept, and who learns of it."""

import json

from canaries import COMMENT, EMAIL, ESSAY, EXTERNAL, NAME, rename
from journeys import Student

from assay.domain.actors import Actor
from assay.edge import sessions
from assay.runtime import Runtime
from assay.services import audit
from assay.worker.drainer import Drainer

SECRETS = {"passwordHash", "password_hash", "token_hash", "email_index", "request_hash", "author_id", "actor_id", "stack", "lease_owner"}


def columns(document: dict[str, list[dict[str, object]]]) -> set[str]:
    """Every column that a document shows."""
    return {column for rows in document.values() for row in rows for column in row}


async def test_everything_about_me(
    student: Student, advisor: Student, runtime: Runtime, student_actor: Actor, track_id: object, drainer: Drainer
) -> None:
    """Account, answers with what was asked, scores with quotes, recommendations, what I and my advisor said; no secrets."""
    await rename(runtime, student_actor.id)
    _, result = await student.finished(track_id, essay=ESSAY)  # type: ignore[arg-type]
    path = f"/recommendations/{result['recommendation']['id']}/feedback"
    assert (await student.request("POST", path, json={"relevance": 4, "fit": 5, "comment": COMMENT})).status_code == 200
    note = {"code": "followUp", "note": "Speak with them"}
    assert (await advisor.request("POST", f"/assessments/{result['assessmentId']}/flags", json=note)).status_code == 201

    answer = await student.request("GET", "/me/export")
    assert answer.status_code == 200, answer.text
    document = answer.json()
    kept = document["kept"]
    (account,) = kept["users"]
    assert (account["name"], account["email"], account["external_id"]) == (NAME, EMAIL, EXTERNAL)
    assert ESSAY in [row["answer"][0] for row in kept["assessment_responses"]]
    assert {row["question_id"] for row in kept["assessment_responses"]} == set(document["asked"])
    assert all(document["asked"].values())
    assert kept["recommendation_feedback"][0]["comment"] == COMMENT
    assert kept["assessment_flags"][0]["note"] == "Speak with them"
    assert {"essay_scores", "rule_scores", "recommendation_items", "rag_traces", "model_replies", "async_jobs", "cohort_members"} <= set(
        kept
    )
    assert not columns(kept) & SECRETS
    assert "rubric" not in json.dumps([*document["asked"].values(), kept["assessment_question_snapshots"]])


async def test_somebody_else_needs_a_reason_that_is_kept(admin: Student, runtime: Runtime, student_actor: Actor) -> None:
    """The same document, and an entry with the reason, without the name that it mentions."""
    await rename(runtime, student_actor.id)
    reason = {"X-Reason": f"Subject access request of {NAME}"}
    answer = await admin.request("GET", f"/people/{student_actor.id}/export", headers=reason)
    assert answer.status_code == 200, answer.text
    assert answer.json()["kept"]["users"][0]["email"] == EMAIL
    async with runtime.open_uow(autocommit=True) as uow:
        (link,) = await uow.audit.chain()
        assert (link.entry.action, link.entry.target_id) == ("person:export", str(student_actor.id))
        assert link.entry.changes["reason"] == "Subject access request of [masked] [masked]"
        assert (await audit.verify(uow)).holds
    own = await admin.request("GET", "/me/export")
    assert [row["action"] for row in own.json()["kept"]["audit_logs"]] == ["person:export"]


async def test_a_person_is_found_by_address(admin: Student, student_actor: Actor) -> None:
    """By the keyed hash, whatever the case, or by pseudonym, one of both; nobody is a 404; neither name nor address comes back."""
    found = await admin.request("POST", "/people/find", json={"email": "Student@assay.example"})
    assert (found.status_code, found.json()["id"], found.json()["role"]) == (200, str(student_actor.id), "student")
    assert "Student@" not in found.text
    by_pseudonym = await admin.request("POST", "/people/find", json={"pseudonym": found.json()["pseudonym"]})
    assert by_pseudonym.json() == found.json()
    for neither in ({}, {"email": "student@assay.example", "pseudonym": found.json()["pseudonym"]}):
        assert (await admin.request("POST", "/people/find", json=neither)).status_code == 422
    assert (await admin.request("POST", "/people/find", json={"pseudonym": str(student_actor.id)})).status_code == 404
    assert (await admin.request("POST", "/people/find", json={"email": "nobody@assay.example"})).status_code == 404


async def test_a_token_for_one_assessment_exports_nothing(student: Student, track_id: object) -> None:
    """Whoever has the link of one assessment does not get the rest."""
    bundle = await student.start(track_id)  # type: ignore[arg-type]
    resumed = await student.client.post("/api/v1/assessments/resume", json={"resumeToken": bundle["resumeToken"]})
    assert resumed.status_code == 200, resumed.text
    headers = {"Authorization": f"Bearer {resumed.json()['accessToken']}"}
    assert (await student.client.get("/api/v1/me/export", headers=headers)).status_code == 404


async def test_other_processes_learn_who_left(student: Student, runtime: Runtime, student_actor: Actor) -> None:
    """Sessions ended elsewhere end here too, as soon as the watch has looked."""
    assert (await student.request("GET", "/tracks")).status_code == 200
    async with runtime.open_uow() as uow:
        trail = await uow.personal.trail(student_actor.id)
        await uow.personal.erase(trail)
    async with sessions.watching_who_leaves(runtime):
        for _ in range(100):
            if (status := (await student.request("GET", "/tracks")).status_code) == 401:
                break
    assert status == 401
