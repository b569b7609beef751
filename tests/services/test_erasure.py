"""Erasing a person: nothing readable stays anywhere, what was done stays under an id, work under way ends, and holds are respected."""

import asyncio
import json
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx2
import pytest
import redis
from canaries import COMMENT, EMAIL, ESSAY, EXTERNAL, FREE_TEXT, NAME, PERSON, REASON, WORDS, ask_for_words, captured_logs, found, rename
from graders import ScriptedGrader, quoting
from journeys import Student
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from assay.db.models import Base, WebhookEndpoint
from assay.db.repositories.jobs import Fenced
from assay.db.repositories.personal import HOLDINGS
from assay.domain.actors import Actor
from assay.domain.errors import Conflict, NotFound
from assay.domain.fusion import Fact
from assay.domain.grading import EssayTask, ModelReply
from assay.domain.jobs import JobType
from assay.embedded import postgres
from assay.kit.ids import new_id
from assay.observability import metrics
from assay.runtime import Runtime
from assay.services import audit, erasure, essay_scoring, invariants, people
from assay.services.grading import Graders
from assay.services.people import Reasoned
from assay.worker.drainer import Drainer
from assay.worker.handlers import HANDLERS

WHY = Reasoned(reason=f"Request of {NAME} ({EMAIL}), by letter.")
ABOUT_NOBODY = {
    "audit_anchors",
    "audit_head",
    "bank_state",
    "catalog_import_chunks",
    "catalog_import_problems",
    "catalog_imports",
    "cohorts",
    "credential_catalog",
    "credential_versions",
    "embedding_artifacts",
    "index_versions",
    "key_proofs",
    "metric_snapshots",
    "question_tracks",
    "question_versions",
    "questions",
    "retention_runs",
    "role_catalog",
    "service_accounts",
    "service_keys",
    "skills",
    "webhook_endpoints",
}


def test_every_table_is_known_to_be_about_people_or_about_nobody() -> None:
    """A new table is on one of the two lists, or this fails: what nobody knows of is neither handed out nor erased."""
    assert set(HOLDINGS) | ABOUT_NOBODY == set(Base.metadata.tables)
    assert not set(HOLDINGS) & ABOUT_NOBODY


async def opened(runtime: Runtime) -> str:
    """Every row of every table with all that is encrypted in it decrypted."""
    async with runtime.open_uow(autocommit=True) as uow:
        rows = [[dict(row) for row in (await uow.session.execute(select(table))).mappings()] for table in Base.metadata.tables.values()]
    return json.dumps(rows, default=str, ensure_ascii=False)


async def ciphertexts(runtime: Runtime, person: UUID) -> set[str]:
    """The bytes, in hexadecimal, of everything encrypted about a person."""
    async with runtime.open_uow() as uow:
        trail = await uow.personal.trail(person)
        values = {name: value for name, value in trail._asdict().items() if value}
        found_rows = []
        for table, holding in HOLDINGS.items():
            wanted = {name: values.get(name, []) for name in trail._fields if f":{name}" in holding.rows}
            query = text(f"SELECT row_to_json(t)::text FROM {table} t WHERE {holding.rows}")
            found_rows += [json.loads(row) for row in await uow.session.scalars(query, wanted)]
    return {
        value[2:] for row in found_rows for value in row.values() if isinstance(value, str) and value.startswith("\\x") and len(value) > 60
    }


def dumped(url: str) -> str:
    """What pg_dump writes of the data."""
    program = postgres.binaries() / "pg_dump"
    return subprocess.run([str(program), "--data-only", "--inserts", url], capture_output=True, text=True, check=True).stdout


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every student is asked for words of their own."""
    ask_for_words(monkeypatch)


async def life(runtime: Runtime, student: Student, advisor: Student, track_id: UUID, student_id: UUID) -> dict[str, Any]:
    """A whole journey with everything that can be said on the way; its result."""
    await rename(runtime, student_id)
    async with runtime.open_uow() as uow:
        uow.session.add(WebhookEndpoint(url="https://lms.example/hook", secret="whsec_c2VjcmV0", events=[]))
    declared = {"completed": [], "priorLearning": ["sql"], "languages": ["en"], "hoursPerWeek": 5}
    assert (await student.request("PUT", "/me/learning", json=declared)).status_code == 200
    bundle, result = await student.finished(track_id, essay=ESSAY, freeText=FREE_TEXT)
    item = result["recommendation"]["items"][0]["credentialId"]
    said = {"relevance": 4, "fit": 5, "comment": COMMENT, "items": [{"credentialId": item, "decision": "reject", "reason": REASON}]}
    path = f"/recommendations/{result['recommendation']['id']}/feedback"
    assert (await student.request("POST", path, json=said, headers={"Idempotency-Key": "feedback-1"})).status_code == 200
    assert (await advisor.request("POST", path, json=said)).status_code == 200
    correction = {"levels": {"clarity": 4, "accuracy": 0}, "reason": f"{NAME} speaks of Wobblethwaite."}
    override = f"/essay-scores/{result['essayScores'][0]['id']}/override"
    assert (await advisor.request("POST", override, json=correction)).status_code == 201
    note = {"code": "followUp", "note": f"Ask {EMAIL} about Perpetuus."}
    assert (await advisor.request("POST", f"/assessments/{bundle['assessmentId']}/flags", json=note)).status_code == 201
    again = await student.start(track_id)
    await student.answer_all(again, essay=ESSAY)
    return result


async def tokens(student: Student) -> dict[str, Any]:
    """A sign-in of the person."""
    signed_in = await student.client.post("/api/v1/auth/token", json={"email": EMAIL, "password": "assay-demo"})
    assert signed_in.status_code == 200, signed_in.text
    return signed_in.json()


async def test_nothing_readable_is_left_anywhere(
    runtime: Runtime,
    student: Student,
    advisor: Student,
    admin: Student,
    student_actor: Actor,
    track_id: UUID,
    drainer: Drainer,
) -> None:
    """Tables, decrypted or dumped, ciphertexts, Valkey, logs and metrics: all that told who it was or what they wrote is gone."""
    with captured_logs() as logs:
        result = await life(runtime, student, advisor, track_id, student_actor.id)
        session = await tokens(student)
        before = await opened(runtime)
        assert found(before, PERSON + WORDS) == {*PERSON, *WORDS}, (
            "the journey leaves less than it should: this test would look for nothing"
        )
        secrets = await ciphertexts(runtime, student_actor.id)
        url = runtime.settings.database_url.get_secret_value()
        dump = dumped(url)
        assert len(secrets) > 20
        assert [each for each in secrets if each not in dump] == []

        answer = await admin.request("POST", f"/people/{student_actor.id}/erase", json=WHY.model_dump())
        assert answer.status_code == 200, answer.text
        report = answer.json()
        assert (report["complete"], report["readable"]) == (True, {})
        assert set(report["kept"]) == {"users", "audit_logs"}
        gone = {"assessments", "assessment_responses", "essay_scores", "recommendations", "rag_traces", "recommendation_feedback"}
        gone |= {"model_replies", "webhook_events", "webhook_deliveries", "idempotency_keys", "refresh_tokens", "learner_declarations"}
        assert gone <= set(report["erased"])

        assert found(await opened(runtime), PERSON + WORDS) == set()
        dump = dumped(url)
        assert found(dump, PERSON + WORDS) == set()
        assert [each for each in secrets if each in dump] == []
        store = redis.Redis.from_url(runtime.settings.redis_url.get_secret_value())
        messages = b"".join(key + (store.dump(key) or b"") for key in store.scan_iter("*"))
        store.close()
        assert found(messages.decode("latin-1"), PERSON + WORDS) == set()
        assert found(metrics.exposition()[0].decode(), PERSON + WORDS) == set()

        for attempt in (
            student.request("GET", "/me"),
            student.request("POST", "/assessments/start", json={"trackId": str(track_id)}),
            student.client.post("/api/v1/auth/refresh", json={"refreshToken": session["refreshToken"]}),
            student.client.post("/api/v1/auth/token", json={"email": EMAIL, "password": "assay-demo"}),
            student.client.get("/api/v1/me", headers={"Authorization": f"Bearer {session['accessToken']}"}),
        ):
            assert (await attempt).status_code == 401
        assert (await advisor.request("GET", f"/assessments/{result['assessmentId']}/result")).status_code == 404
    assert "person_erased" in logs.getvalue()
    assert found(logs.getvalue(), PERSON + WORDS) == set()

    async with runtime.open_uow(autocommit=True) as uow:
        assert (await audit.verify(uow)).holds
        (entry,) = [link.entry for link in await uow.audit.chain() if link.entry.action == "person:erase"]
        assert entry.changes["reason"] == "Request of [masked] [masked] ([masked]), by letter."
        assert entry.changes["rows"] == report["erased"]
    broken = [finding for finding in (await invariants.check(runtime.open_uow)).findings if finding.violations]
    assert broken == []
    repeated = await erasure.erase(runtime.open_uow, None, student_actor.id, WHY)
    assert (repeated.complete, set(repeated.erased)) == (True, {"users", "audit_logs"})


async def test_what_is_left_is_found(runtime: Runtime, student: Student, student_actor: Actor, track_id: UUID) -> None:
    """The proof itself: before an erasure it counts rows in every table that has any, and a name that came back."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    async with runtime.open_uow(autocommit=True) as uow:
        trail = await uow.personal.trail(student_actor.id)
        readable = await uow.personal.readable(trail)
    assert readable["assessment_responses"] == 10
    assert {"users", "assessments", "assessment_question_snapshots", "analytics_events", "cohort_members"} <= set(readable)
    await erasure.erase(runtime.open_uow, None, student_actor.id, WHY)
    await rename(runtime, student_actor.id)
    async with runtime.open_uow(autocommit=True) as uow:
        assert await uow.personal.readable(trail) == {"users": 1}
    again = await erasure.erase(runtime.open_uow, None, student_actor.id, WHY)
    assert again.complete


async def test_an_advisor_leaves_decisions_without_words(
    runtime: Runtime, student: Student, advisor: Student, admin: Student, track_id: UUID, drainer: Drainer, student_actor: Actor
) -> None:
    """Levels, ratings and flags an advisor gave stand; the words beside them are emptied, and nothing of the student's is touched."""
    await life(runtime, student, advisor, track_id, student_actor.id)
    async with runtime.open_uow() as uow:
        someone = await uow.accounts.by_email("advisor@assay.example")
        assert someone
    report = await erasure.erase(runtime.open_uow, None, someone.id, WHY)
    assert (report.complete, report.readable) == (True, {})
    assert {"essay_score_overrides", "assessment_flags", "recommendation_feedback"} <= set(report.kept)
    async with runtime.open_uow() as uow:
        rows = (await uow.session.execute(text("SELECT level, reason FROM essay_score_overrides ORDER BY level"))).all()
        assert [tuple(row) for row in rows] == [(0, None), (4, None)]
        own, theirs = sorted(
            (await uow.session.execute(select(Base.metadata.tables["recommendation_feedback"]))).mappings(),
            key=lambda row: row["author_role"] == "advisor",
        )
        assert (own["comment"], own["items"][0]["reason"]) == (COMMENT, REASON)
        assert (theirs["comment"], theirs["items"][0]["reason"], theirs["items"][0]["decision"]) == (None, "", "reject")
    assert (await student.request("GET", "/assessments")).status_code == 200
    await runtime.identity.learn_who_left(runtime.open_uow)
    assert (await advisor.request("GET", "/advisor/cohorts")).status_code == 401


async def changed_by(runtime: Runtime, author: UUID, change: str) -> None:
    """Change every override as whoever erases `author`."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("SELECT set_config('assay.erasing', :author, true)"), {"author": str(author)})
        await uow.session.execute(text(f"UPDATE essay_score_overrides SET {change}"))


async def test_the_words_of_others_stay_guarded(
    runtime: Runtime, student: Student, advisor: Student, track_id: UUID, drainer: Drainer, student_actor: Actor
) -> None:
    """The gate past immutability opens for one author's words alone: not for levels, not for another's, not to write new words."""
    await life(runtime, student, advisor, track_id, student_actor.id)
    async with runtime.open_uow() as uow:
        someone = await uow.accounts.by_email("advisor@assay.example")
        assert someone
    for author, change in (
        (someone.id, "level = 1"),
        (someone.id, "reason = NULL, level = 1"),
        (someone.id, "reason = '\\x00'"),
        (student_actor.id, "reason = NULL"),
    ):
        with pytest.raises(DBAPIError, match="essay_score_overrides is immutable"):
            await changed_by(runtime, author, change)


async def test_a_legal_hold_refuses_and_says_why(
    runtime: Runtime, student: Student, admin: Student, student_actor: Actor, track_id: UUID
) -> None:
    """Nothing is erased while it stands; lifted, everything is. Setting and lifting are audited, without names."""
    await rename(runtime, student_actor.id)
    await student.answer_all(await student.start(track_id))
    path = f"/people/{student_actor.id}"
    held = await admin.request("PUT", f"{path}/hold", json={"reason": f"Appeal of {NAME} is pending"})
    assert (held.status_code, held.json()["hold"]["reason"]) == (200, f"Appeal of {NAME} is pending")
    assert (await admin.request("PUT", f"{path}/hold", json={"reason": f"Appeal of {NAME} is pending"})).status_code == 200
    assert (await admin.request("PUT", f"{path}/hold", json={"reason": "Another reason"})).status_code == 409
    refused = await admin.request("POST", f"{path}/erase", json=WHY.model_dump())
    assert (refused.status_code, refused.json()["code"]) == (409, "legal_hold")
    assert f"Appeal of {NAME} is pending" in refused.json()["detail"]
    assert (await student.request("GET", "/me")).json()["name"] == NAME
    assert (await admin.request("DELETE", f"{path}/hold")).status_code == 422
    lifted = await admin.request("DELETE", f"{path}/hold", headers={"X-Reason": "The appeal is decided"})
    assert (lifted.status_code, lifted.json()["hold"]) == (200, None)
    assert (await admin.request("DELETE", f"{path}/hold", headers={"X-Reason": "The appeal is decided"})).status_code == 409
    assert (await admin.request("POST", f"{path}/erase", json=WHY.model_dump())).json()["complete"]
    assert (await admin.request("PUT", f"{path}/hold", json={"reason": "Too late for that"})).json()["code"] == "already_erased"
    async with runtime.open_uow(autocommit=True) as uow:
        entries = [(link.entry.action, link.entry.changes["reason"]) for link in await uow.audit.chain()]
        assert entries[:2] == [("person:hold", "Appeal of [masked] [masked] is pending"), ("person:release", "The appeal is decided")]
        assert found(await opened(runtime), PERSON) == set()


class PausedGrader(ScriptedGrader):
    """A grader that answers once it is let."""

    def __init__(self) -> None:
        super().__init__(quoting())
        self.let, self.begun = asyncio.Event(), asyncio.Event()

    async def ask(self, task: EssayTask, *, failed_quotes: Sequence[str] = ()) -> ModelReply:
        """Wait, then answer."""
        self.begun.set()
        await self.let.wait()
        return await super().ask(task, failed_quotes=failed_quotes)


async def test_a_job_under_way_ends_without_a_trace(runtime: Runtime, student: Student, student_actor: Actor, track_id: UUID) -> None:
    """Erased while the model reads the essays: the paid call is counted, its reply is not kept, the job writes nothing."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle, essay=ESSAY)
    await student.submit(bundle)
    async with runtime.open_uow() as uow:
        (claim,) = await uow.jobs.claim("test:1", 5, 30)
    grader = PausedGrader()
    graders = Graders(grader, runtime.graders.fallback)
    job = asyncio.create_task(
        essay_scoring.score(
            claim.job, open_uow=runtime.open_uow, bank=runtime.bank, graders=graders, clock=runtime.clock, seconds_left=60.0
        )
    )
    await grader.begun.wait()
    assert (await erasure.erase(runtime.open_uow, None, student_actor.id, WHY)).complete
    grader.let.set()
    with pytest.raises(Fenced):
        await job
    async with runtime.open_uow() as uow:
        for table in ("model_replies", "essay_scores", "async_jobs"):
            assert await uow.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
        calls = (await uow.session.execute(text("SELECT assessment_id, reply_key, outcome FROM model_calls"))).all()
        assert [tuple(call) for call in calls] == [(None, None, "ok")] * 3
    assert found(await opened(runtime), WORDS) == set()


class PausedNarrator:
    """A narrator that speaks once it is let."""

    def __init__(self, inner: Any) -> None:
        self._inner, self.identity = inner, inner.identity.model_copy(update={"producer": "openai"})
        self.let, self.begun = asyncio.Event(), asyncio.Event()

    async def ask(self, facts: Sequence[Fact]) -> ModelReply:
        """Wait, then speak."""
        self.begun.set()
        await self.let.wait()
        reply: ModelReply = await self._inner.ask(facts)
        return reply

    def read(self, reply: ModelReply) -> Any:
        """As the other."""
        return self._inner.read(reply)


async def test_a_recommendation_under_way_ends_without_a_trace(
    runtime: Runtime, student: Student, student_actor: Actor, track_id: UUID
) -> None:
    """The same while the summary is told."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle, essay=ESSAY)
    await student.submit(bundle)
    narrator = PausedNarrator(runtime.narrator)
    paused = replace(runtime, narrator=narrator)
    async with runtime.open_uow() as uow:
        (essays,) = await uow.jobs.claim("test:1", 5, 30)
    await HANDLERS[JobType.SCORE_ESSAY](paused, essays.job, 0.0)
    async with runtime.open_uow() as uow:
        (claim,) = await uow.jobs.claim("test:1", 5, 30)
    job = asyncio.create_task(HANDLERS[JobType.GENERATE_RECOMMENDATIONS](paused, claim.job, 0.0))
    await narrator.begun.wait()
    assert (await erasure.erase(runtime.open_uow, None, student_actor.id, WHY)).complete
    narrator.let.set()
    with pytest.raises(Fenced):
        await job
    assert found(await opened(runtime), WORDS) == set()


async def test_who_cannot_be_erased(runtime: Runtime, admin: Student) -> None:
    """Nobody there, the last admin, oneself."""
    with pytest.raises(NotFound):
        await erasure.erase(runtime.open_uow, None, new_id(), WHY)
    async with runtime.open_uow() as uow:
        someone = await uow.accounts.by_email("admin@assay.example")
        assert someone
    with pytest.raises(Conflict, match="last admin"):
        await erasure.erase(runtime.open_uow, None, someone.id, WHY)
    own = await admin.request("POST", f"/people/{someone.id}/erase", json=WHY.model_dump())
    assert own.json()["code"] == "own_account"
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await people.get(uow, someone.id)).is_active


async def test_only_admins_look_after_people(client: httpx2.AsyncClient, student: Student, advisor: Student, student_actor: Actor) -> None:
    """Neither a student nor an advisor may read, hold or erase anybody; a reason is needed."""
    for person in (student, advisor):
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/export", None),
            ("POST", "/erase", WHY.model_dump()),
            ("PUT", "/hold", WHY.model_dump()),
        ):
            answer = await person.request(method, f"/people/{student_actor.id}{path}", json=body, headers={"X-Reason": "Because I can"})
            assert answer.status_code == 403, (method, path)


async def test_a_reason_is_needed(admin: Student, student_actor: Actor) -> None:
    """None, or one too short to mean anything, is refused."""
    for body in ({}, {"reason": "no"}, {"reason": " " * 20}, {"reason": "\x00" * 10}):
        assert (await admin.request("POST", f"/people/{student_actor.id}/erase", json=body)).status_code == 422
    assert (await admin.request("GET", f"/people/{student_actor.id}/export")).status_code == 422
    assert EXTERNAL not in (await admin.request("GET", f"/people/{student_actor.id}")).text
