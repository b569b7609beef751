"""What must not break anything: wrong types, foreign ids, huge and unstorable text, doing things twice or too early."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from journeys import ESSAY, Student
from sqlalchemy import text

from assay.runtime import Runtime


def _problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["correlationId"] == answer.headers["x-correlation-id"]
    return body


async def _raw(student: Student, method: str, path: str, body: bytes) -> httpx2.Response:
    return await student.request(method, path, content=body, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"{}", "/trackId"),
        (b'{"trackId": 7}', "/trackId"),
        (b'{"trackId": "x"}', "/trackId"),
        (b'{"trackId": "01a20353-5ac7-721f-be6f-b970f08d9a1c", "role": "admin"}', "/role"),
        (b"[1]", "/"),
        (b"null", "/"),
    ],
)
async def test_wrong_bodies_name_the_field(student: Student, body: bytes, pointer: str) -> None:
    """Missing, mistyped, unknown fields and wrong shapes: 422 with a pointer."""
    problem = _problem(await _raw(student, "POST", "/assessments/start", body), 422, "invalid")
    assert problem["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"a":' * 50_000, b'{"trackId": NaN}'])
async def test_unreadable_bodies_are_refused(student: Student, body: bytes) -> None:
    """Broken, non-UTF-8 and absurdly deep JSON."""
    answer = await _raw(student, "POST", "/assessments/start", body)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_unknown_track_and_assessment_are_not_found(student: Student) -> None:
    """404 with the same body whatever the reason."""
    _problem(await student.request("POST", "/assessments/start", json={"trackId": str(uuid4())}), 404, "not_found")
    for path in ("", "/status", "/result", "/events"):
        _problem(await student.request("GET", f"/assessments/{uuid4()}{path}"), 404, "not_found")


async def test_another_students_assessment_does_not_exist(student: Student, other_student: Student, track_id: UUID) -> None:
    """Every route on a foreign assessment answers like a missing one."""
    bundle = await student.start(track_id)
    missing = uuid4()
    save = {"responses": [{"questionId": bundle["questions"][0]["id"], "answer": None}], "clientBatchId": "x"}
    calls = [("GET", "", None), ("GET", "/status", None), ("GET", "/result", None), ("PATCH", "/responses", save), ("POST", "/submit", {})]
    for method, path, body in calls:
        foreign = await other_student.request(method, f"/assessments/{bundle['assessmentId']}{path}", json=body)
        absent = await other_student.request(method, f"/assessments/{missing}{path}", json=body)
        assert foreign.status_code == absent.status_code == 404
        assert _without_id(foreign) == _without_id(absent)


def _without_id(answer: httpx2.Response) -> dict[str, Any]:
    return {key: value for key, value in answer.json().items() if key != "correlationId"}


async def test_the_advisor_of_the_cohort_reads_but_does_not_write(student: Student, advisor: Student, track_id: UUID) -> None:
    """Reading is allowed, answering is not."""
    bundle = await student.start(track_id)
    assert (await advisor.request("GET", f"/assessments/{bundle['assessmentId']}")).status_code == 200
    _problem(await advisor.save(bundle, {bundle["questions"][0]["id"]: None}), 403, "forbidden")


async def test_an_admin_sees_no_students_assessment(student: Student, admin: Student, track_id: UUID) -> None:
    """Operational roles do not read answers."""
    bundle = await student.start(track_id)
    _problem(await admin.request("GET", f"/assessments/{bundle['assessmentId']}"), 403, "forbidden")


@pytest.mark.parametrize(
    ("format_", "answer"),
    [
        ("essay", 7),
        ("essay", "x" * 6_001),
        ("essay", "with a \x00 inside"),
        ("freeText", ["a"]),
        ("likert", "no-such-option"),
        ("singleChoice", ["a"]),
        ("essay", {"a": "b"}),
        ("likert", True),
    ],
)
async def test_answers_that_do_not_fit_are_named(student: Student, runtime: Runtime, format_: str, answer: Any) -> None:
    """The pointer leads to the answer, and nothing of the batch is saved."""
    bundle, question = await _bundle_with(student, runtime, format_)
    good = next(each for each in bundle["questions"] if each["type"] == "essay" and each["id"] != question["id"])
    body = {
        "responses": [{"questionId": good["id"], "answer": ESSAY}, {"questionId": question["id"], "answer": answer}],
        "clientBatchId": "mixed",
    }
    saved = await student.request("PATCH", f"/assessments/{bundle['assessmentId']}/responses", json=body)
    assert _problem(saved, 422, "invalid")["errors"][0]["pointer"] == "/responses/1/answer"
    read = (await student.request("GET", f"/assessments/{bundle['assessmentId']}")).json()
    assert read["answers"] == {}


async def _bundle_with(student: Student, runtime: Runtime, format_: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """An open assessment that asks a question of this format, in whichever track."""
    for track in (await student.request("GET", "/tracks")).json()["items"]:
        bundle = await student.start(track["id"])
        for question in bundle["questions"]:
            if question["format"] == format_:
                return bundle, question
    pytest.fail(f"no bundle asks a {format_} question")


@pytest.mark.parametrize("raw", [b'"half \\ud800 of a pair"', b'"nul \\u0000 inside"'])
async def test_text_that_cannot_be_stored_is_refused(student: Student, track_id: UUID, raw: bytes) -> None:
    """NUL and lone surrogates: 422, never a 500."""
    bundle = await student.start(track_id)
    essay = next(question for question in bundle["questions"] if question["type"] == "essay")
    body = b'{"clientBatchId":"x","responses":[{"questionId":"%s","answer":%s}]}' % (essay["id"].encode(), raw)
    answer = await _raw(student, "PATCH", f"/assessments/{bundle['assessmentId']}/responses", body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith("/responses/0")


@pytest.mark.parametrize(
    "answer", ["emoji 🎓 and \U0001d4aecript", "\u202eright to left", "e\u0301 is not \u00e9", "  spaces kept  \n\ttoo "]
)
async def test_odd_text_comes_back_as_it_went_in(student: Student, track_id: UUID, answer: str) -> None:
    """Stored and shown byte for byte."""
    bundle = await student.start(track_id)
    essay = next(question for question in bundle["questions"] if question["type"] == "essay")
    assert (await student.save(bundle, {essay["id"]: answer})).status_code == 200
    read = (await student.request("GET", f"/assessments/{bundle['assessmentId']}")).json()
    assert read["answers"][essay["id"]]["answer"] == answer


async def test_a_megabyte_of_essay_is_refused_by_name(student: Student, track_id: UUID) -> None:
    """1 MB: 422 that names the field. 3 MB: 413. What was saved before stays."""
    bundle = await student.start(track_id)
    essay = next(question for question in bundle["questions"] if question["type"] == "essay")
    await student.save(bundle, {essay["id"]: ESSAY})
    large = await student.save(bundle, {essay["id"]: "a" * 1_000_000}, "large")
    assert _problem(large, 422, "invalid")["errors"][0]["pointer"] == "/responses/0/answer"
    _problem(await student.save(bundle, {essay["id"]: "a" * 3_000_000}, "huge"), 413, "too_large")
    read = (await student.request("GET", f"/assessments/{bundle['assessmentId']}")).json()
    assert read["answers"][essay["id"]]["answer"] == ESSAY


async def test_a_body_without_a_length_is_counted_while_it_is_read(student: Student, track_id: UUID) -> None:
    """Three megabytes in pieces: 413, not a broken body."""
    bundle = await student.start(track_id)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b" " * 100_000

    answer = await student.request(
        "PATCH",
        f"/assessments/{bundle['assessmentId']}/responses",
        content=pieces(),
        headers={"Content-Type": "application/json"},
    )
    _problem(answer, 413, "too_large")


async def test_a_foreign_question_is_named(student: Student, track_id: UUID) -> None:
    """An answer to a question that was not asked."""
    bundle = await student.start(track_id)
    problem = _problem(await student.save(bundle, {str(uuid4()): "x"}), 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/responses/0/questionId"


async def test_incomplete_submission_names_what_is_missing_and_can_be_confirmed(student: Student, track_id: UUID) -> None:
    """Ten pointers; with confirmation it goes through and earns nothing."""
    bundle = await student.start(track_id)
    assert len(_problem(await student.submit(bundle), 422, "incomplete")["errors"]) == 10
    confirmed = await student.submit(bundle, json={"confirmUnanswered": True})
    assert confirmed.status_code == 202
    assert confirmed.json()["ruleScores"]["percent"] == 0


async def test_submitting_twice_is_a_conflict_and_answers_are_locked(student: Student, track_id: UUID) -> None:
    """The first one counts."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    assert (await student.submit(bundle)).status_code == 202
    _problem(await student.submit(bundle), 409, "already_submitted")
    _problem(await student.save(bundle, {bundle["questions"][0]["id"]: None}, "late"), 409, "already_submitted")


async def test_fifty_parallel_submissions_make_one_receipt_and_two_jobs(student: Student, track_id: UUID, runtime: Runtime) -> None:
    """Same key: the same bytes fifty times. The ledger has two jobs."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    answers = await asyncio.gather(*(student.submit(bundle, headers={"Idempotency-Key": "once"}) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    async with runtime.open_uow() as uow:
        jobs = (await uow.session.execute(text("SELECT count(*) FROM async_jobs"))).scalar_one()
        keys = (await uow.session.execute(text("SELECT count(*) FROM idempotency_keys"))).scalar_one()
    assert (jobs, keys) == (2, 1)


async def test_different_keys_in_parallel_submit_once(student: Student, track_id: UUID) -> None:
    """One 202, the others 409."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    answers = await asyncio.gather(*(student.submit(bundle, headers={"Idempotency-Key": f"key-{n}"}) for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 19


async def test_a_reused_key_for_another_request_is_a_conflict(student: Student, track_id: UUID) -> None:
    """The key belongs to what was first asked with it."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    key = {"Idempotency-Key": "mine"}
    assert (await student.submit(bundle, headers=key)).status_code == 202
    other = await student.submit(bundle, headers=key, json={"confirmUnanswered": True})
    _problem(other, 409, "idempotency_key_reused")


async def test_two_tabs_the_later_answer_stands(student: Student, track_id: UUID) -> None:
    """An old batch that arrives late does not overwrite, and is told so; a repeated batch changes nothing."""
    bundle = await student.start(track_id)
    essay = next(question for question in bundle["questions"] if question["type"] == "essay")["id"]
    now = datetime.now(UTC)
    old, new = (now - timedelta(minutes=5)).isoformat(), (now - timedelta(minutes=1)).isoformat()
    await student.save(bundle, {essay: "the newer answer"}, "tab-2", answeredAt=new)
    late = await student.save(bundle, {essay: "the older answer"}, "tab-1", answeredAt=old)
    assert late.json()["superseded"] == [essay]
    await student.save(bundle, {essay: "something else"}, "tab-2", answeredAt=new)
    read = (await student.request("GET", f"/assessments/{bundle['assessmentId']}")).json()
    assert read["answers"][essay]["answer"] == "the newer answer"


async def test_two_answers_in_one_batch_the_later_stands(student: Student, track_id: UUID) -> None:
    """By their times, whatever their places in the list."""
    bundle = await student.start(track_id)
    essay = next(question for question in bundle["questions"] if question["type"] == "essay")["id"]
    now = datetime.now(UTC)
    responses = [
        {"questionId": essay, "answer": "later", "answeredAt": (now - timedelta(minutes=1)).isoformat()},
        {"questionId": essay, "answer": "earlier", "answeredAt": (now - timedelta(minutes=2)).isoformat()},
    ]
    body = {"responses": responses, "clientBatchId": "both"}
    await student.request("PATCH", f"/assessments/{bundle['assessmentId']}/responses", json=body)
    read = (await student.request("GET", f"/assessments/{bundle['assessmentId']}")).json()
    assert read["answers"][essay]["answer"] == "later"


async def test_a_clock_that_runs_ahead_does_not_lock_out_later_answers(student: Student, track_id: UUID) -> None:
    """The client's time is capped at the server's."""
    bundle = await student.start(track_id)
    essay = next(question for question in bundle["questions"] if question["type"] == "essay")["id"]
    await student.save(bundle, {essay: "from the future"}, "a", answeredAt=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    await student.save(bundle, {essay: "from now"}, "b")
    read = (await student.request("GET", f"/assessments/{bundle['assessmentId']}")).json()
    assert read["answers"][essay]["answer"] == "from now"


async def test_expired_says_so_and_how_to_begin_again(student: Student, track_id: UUID, runtime: Runtime) -> None:
    """410 on saving, submitting and resuming; starting again makes a new one."""
    bundle = await student.start(track_id)
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE assessments SET expires_at = now() - interval '1 minute'"))
    for answer in (await student.save(bundle, {bundle["questions"][0]["id"]: None}), await student.submit(bundle)):
        assert _problem(answer, 410, "assessment_expired")["trackId"] == str(track_id)
    again = await student.request("POST", "/assessments/start", json={"trackId": str(track_id)})
    assert again.status_code == 201
    assert again.json()["assessmentId"] != bundle["assessmentId"]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "Bearer"])
async def test_bad_tokens_are_unauthenticated(client: httpx2.AsyncClient, token: str) -> None:
    """401 with a challenge."""
    answer = await client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}".encode()})
    _problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_sign_in_refresh_and_sign_out(client: httpx2.AsyncClient) -> None:
    """Tokens rotate; a spent refresh token ends the session."""
    wrong = await client.post("/api/v1/auth/token", json={"email": "student@assay.example", "password": "no"})
    _problem(wrong, 401, "wrong_credentials")
    unknown = await client.post("/api/v1/auth/token", json={"email": "nobody@assay.example", "password": "no"})
    assert _without_id(unknown) == _without_id(wrong)
    pair = (await client.post("/api/v1/auth/token", json={"email": "Student@assay.example", "password": "assay-demo"})).json()
    me = (await client.get("/api/v1/me", headers={"Authorization": f"Bearer {pair['accessToken']}"})).json()
    assert (me["role"], me["email"]) == ("student", "student@assay.example")
    renewed = await client.post("/api/v1/auth/refresh", json={"refreshToken": pair["refreshToken"]})
    assert renewed.status_code == 200
    replayed = await client.post("/api/v1/auth/refresh", json={"refreshToken": pair["refreshToken"]})
    _problem(replayed, 401, "session_ended")
    dead = await client.post("/api/v1/auth/refresh", json={"refreshToken": renewed.json()["refreshToken"]})
    _problem(dead, 401, "session_ended")
    assert (await client.post("/api/v1/auth/logout", json={"refreshToken": "unknown"})).status_code == 204


async def test_unknown_routes_and_methods_are_problems_too(client: httpx2.AsyncClient) -> None:
    """404 and 405 in the same shape, with the security headers."""
    _problem(await client.get("/api/v1/nothing"), 404, "not_found")
    answer = await client.put("/api/v1/tracks")
    assert answer.status_code == 405
    assert answer.headers["x-content-type-options"] == "nosniff"
