"""The main job through HTTP: choose, answer, submit, watch, read, say what you think."""

from typing import Any
from uuid import UUID

import httpx2
import pytest
from journeys import ESSAY, Student

from assay.runtime import Runtime
from assay.worker.drainer import Drainer


async def test_a_student_gets_scores_with_evidence_and_recommendations_with_sources(
    student: Student, track_id: UUID, drainer: Drainer
) -> None:
    """From start to result: every level above 0 is proved by a quote, every snippet stands in the cited version."""
    bundle, result = await student.finished(track_id)

    assert len(bundle["questions"]) == 10
    assert result["degraded"] is False
    assert result["degradations"] == []
    assert len(result["essayScores"]) == 3
    for essay in result["essayScores"]:
        for dimension in essay["dimensions"].values():
            assert dimension["level"] == 0 or dimension["quotes"] or dimension["held"]
            for quote in dimension["quotes"]:
                assert ESSAY[quote["start"] : quote["end"]] == quote["text"]
    items = result["recommendation"]["items"]
    assert items
    assert [item["rank"] for item in items] == list(range(1, len(items) + 1))
    for item in items:
        assert item["sources"]
        for source in item["sources"]:
            await _stands_verbatim(student, item["credentialId"], source)
    known = {fact["id"] for fact in result["recommendation"]["summary"]["facts"]}
    assert result["recommendation"]["summary"]["sentences"]
    for sentence in result["recommendation"]["summary"]["sentences"]:
        assert sentence["facts"]
        assert set(sentence["facts"]) <= known


async def _stands_verbatim(student: Student, credential_id: str, source: dict[str, Any]) -> None:
    answer = await student.request("GET", f"/credentials/{credential_id}", params={"version": source["credentialVersion"]})
    section = answer.json()["citedSections"][source["section"]]
    assert section[source["start"] : source["end"]] == source["snippet"]


async def test_tracks_can_be_previewed(student: Student) -> None:
    """The gallery names the skills in focus and a mix of ten."""
    tracks = (await student.request("GET", "/tracks")).json()["items"]
    assert {"backend-engineer", "data-analyst"} <= {track["slug"] for track in tracks}
    for track in tracks:
        assert sum(track["questionMix"].values()) == 10
        assert track["skillFocus"]
        assert (await student.request("GET", f"/tracks/{track['id']}")).json() == track


async def test_starting_again_returns_the_open_assessment(student: Student, track_id: UUID) -> None:
    """201 first, 200 with the very same bundle after."""
    body = {"trackId": str(track_id)}
    first = await student.request("POST", "/assessments/start", json=body)
    second = await student.request("POST", "/assessments/start", json=body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


async def test_questions_never_tell_the_answer(student: Student, track_id: UUID) -> None:
    """Neither the bundle nor the assessment shows a rule, a rubric's key points, grader notes or an explanation."""
    bundle = await student.start(track_id)
    read = await student.request("GET", f"/assessments/{bundle['assessmentId']}")
    allowed = {"id", "position", "type", "format", "prompt", "options", "rubricCriteria"}
    for question in [*bundle["questions"], *read.json()["questions"]]:
        assert set(question) == allowed


async def test_answers_survive_and_can_be_resumed_elsewhere(client: httpx2.AsyncClient, student: Student, track_id: UUID) -> None:
    """A resume token opens this assessment, its answers and nothing else."""
    bundle = await student.start(track_id)
    question = bundle["questions"][3]
    await student.save(bundle, {question["id"]: ESSAY})

    resumed = await client.post("/api/v1/assessments/resume", json={"resumeToken": bundle["resumeToken"]})
    assert resumed.status_code == 200, resumed.text
    body = resumed.json()
    assert body["assessment"]["answers"][question["id"]]["answer"] == ESSAY

    elsewhere = Student(client, body["accessToken"])
    assert (await elsewhere.save(bundle, {question["id"]: ESSAY + " More."}, "phone-1")).status_code == 200
    listed = (await elsewhere.request("GET", "/assessments")).json()["items"]
    assert [item["assessmentId"] for item in listed] == [bundle["assessmentId"]]
    assert (await elsewhere.request("POST", "/assessments/start", json={"trackId": str(track_id)})).status_code == 404


async def test_status_names_the_stages(student: Student, track_id: UUID, drainer: Drainer) -> None:
    """Before, during and after."""
    bundle = await student.start(track_id)
    path = f"/assessments/{bundle['assessmentId']}/status"
    before = (await student.request("GET", path)).json()
    assert (before["status"], before["percent"]) == ("inProgress", 0)
    assert set(before["stages"]) == {"ruleScoring", "essayScoring", "recommendations"}

    await student.answer_all(bundle)
    await student.submit(bundle)
    during = (await student.request("GET", path)).json()
    assert during["stages"]["ruleScoring"]["state"] == "completed"

    await student.result(bundle)
    after = (await student.request("GET", path)).json()
    assert (after["status"], after["percent"], after["estimatedSecondsRemaining"]) == ("completed", 100, 0)
    assert {stage["state"] for stage in after["stages"].values()} == {"completed"}


async def test_events_stream_ends_with_the_result(student: Student, track_id: UUID, drainer: Drainer) -> None:
    """Server-sent events tell each change and stop when it is done."""
    bundle, _ = await student.finished(track_id)
    answer = await student.request("GET", f"/assessments/{bundle['assessmentId']}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert '"status":"completed"' in answer.text


async def test_result_is_pending_until_it_is_there(student: Student, track_id: UUID) -> None:
    """409 with status and estimate, not an empty result."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    await student.submit(bundle)
    answer = await student.request("GET", f"/assessments/{bundle['assessmentId']}/result")
    assert answer.status_code == 409
    assert answer.json()["code"] == "result_pending"
    assert answer.json()["assessmentStatus"] == "processing"


async def test_feedback_is_kept_and_replaced(student: Student, track_id: UUID, drainer: Drainer) -> None:
    """Student says what they think, twice; the later one stands."""
    _, result = await student.finished(track_id)
    recommendation = result["recommendation"]
    path = f"/recommendations/{recommendation['id']}/feedback"
    item = {"credentialId": recommendation["items"][0]["credentialId"], "decision": "accept", "reason": "Just right"}
    first = await student.request("POST", path, json={"relevance": 3, "fit": 4})
    second = await student.request("POST", path, json={"relevance": 5, "fit": 5, "items": [item], "comment": "Thank you"})
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json()["items"] == [item]
    foreign = {**item, "credentialId": str(UUID(int=1))}
    wrong = await student.request("POST", path, json={"relevance": 5, "fit": 5, "items": [foreign]})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/items/0/credentialId"


async def test_an_advisors_feedback_is_an_entry_of_the_audit_trail_and_a_students_is_not(
    student: Student, advisor: Student, runtime: Runtime, track_id: UUID, drainer: Drainer
) -> None:
    """Who decided what about which credential, without the words."""
    _, result = await student.finished(track_id)
    recommendation = result["recommendation"]
    credential_id = recommendation["items"][0]["credentialId"]
    said = {"relevance": 2, "fit": 3, "items": [{"credentialId": credential_id, "decision": "reject", "reason": "Too easy for Ada"}]}
    for person in (student, advisor):
        assert (await person.request("POST", f"/recommendations/{recommendation['id']}/feedback", json=said)).status_code == 200
    async with runtime.open_uow() as uow:
        (link,) = await uow.audit.chain()
    assert (link.entry.action, link.entry.target_id) == ("recommendation:judge", recommendation["id"])
    assert link.entry.changes == {"relevance": 2, "fit": 3, "items": {credential_id: "reject"}}


async def test_feedback_on_anothers_recommendation_looks_like_feedback_on_none(
    student: Student, other_student: Student, track_id: UUID, drainer: Drainer
) -> None:
    """The same status and the same words, so that nobody learns which recommendations there are."""
    _, result = await student.finished(track_id)
    paths = [f"/recommendations/{which}/feedback" for which in (result["recommendation"]["id"], UUID(int=1))]
    theirs, none = [await other_student.request("POST", path, json={"relevance": 3, "fit": 4}) for path in paths]
    assert (theirs.status_code, theirs.json()["detail"]) == (404, none.json()["detail"])
    assert none.status_code == 404


async def test_a_retake_is_possible_after_the_result(student: Student, track_id: UUID, drainer: Drainer) -> None:
    """The finished one stays readable, the new one is another."""
    bundle, _ = await student.finished(track_id)
    again = await student.start(track_id)
    assert again["assessmentId"] != bundle["assessmentId"]
    assert len((await student.request("GET", "/assessments")).json()["items"]) == 2


@pytest.mark.parametrize("slug", ["data-analyst", "frontend-engineer", "machine-learning-engineer"])
async def test_other_tracks_work_too(student: Student, drainer: Drainer, slug: str) -> None:
    """Each track leads to recommendations of its own."""
    tracks = {track["slug"]: track for track in (await student.request("GET", "/tracks")).json()["items"]}
    _, result = await student.finished(tracks[slug]["id"])
    focus = set(tracks[slug]["skillFocus"])
    top = result["recommendation"]["items"][:3]
    assert top
    for item in top:
        credential = (await student.request("GET", f"/credentials/{item['credentialId']}")).json()
        assert focus & set(credential["skills"])
