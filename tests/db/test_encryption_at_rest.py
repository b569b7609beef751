"""Personal data at rest: after a whole journey no table, no message of the queue, no log line and no metric says who or what in clear."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import redis
from canaries import COMMENT, EMAIL, ESSAY, EXTERNAL, FREE_TEXT, NAME, PERSON, REASON, WORDS, captured_logs, found, rename
from journeys import Student
from sqlalchemy import text

from assay.db.models import Base, RagTrace, Recommendation, User, WebhookEndpoint, WebhookEvent
from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.actors import Role
from assay.domain.grading import Identity, ModelReply
from assay.kit.ids import new_id
from assay.observability import metrics
from assay.runtime import Runtime
from assay.settings import Settings
from assay.worker.drainer import Drainer


async def everything(open_uow: OpenUnitOfWork) -> dict[str, str]:
    """Every table as text, binary columns in hexadecimal."""
    dumps = {}
    async with open_uow() as uow:
        for table in Base.metadata.tables:
            rows = await uow.session.scalars(text(f'SELECT row_to_json(t)::text FROM "{table}" t'))
            dumps[table] = "\n".join(rows)
    return dumps


def test_the_search_finds_what_it_looks_for() -> None:
    """A search that finds nothing proves nothing unless it finds what is there."""
    for hidden in (NAME, NAME.upper(), NAME.encode().hex(), base64.b64encode(b"ab" + NAME.encode() + b"abc").decode()):
        assert found(f'{{"column": "{hidden}"}}', PERSON)
    assert not found('{"column": "nothing to see"}', PERSON)


@pytest.fixture
def log_lines() -> Iterator[io.StringIO]:
    """Everything logged meanwhile, at the most talkative level."""
    with captured_logs() as stream:
        yield stream


async def test_a_whole_journey_leaves_nothing_in_clear(
    log_lines: io.StringIO,
    student: Student,
    advisor: Student,
    student_actor: Any,
    runtime: Runtime,
    track_id: UUID,
    drainer: Drainer,
    settings: Settings,
) -> None:
    """Answer, submit, be graded, recommended to, corrected, flagged, refused: tables, Redis, logs and metrics hold no name, no sentence."""
    await rename(runtime, student_actor.id)
    bundle, result = await student.finished(track_id, essay=ESSAY, freeText=FREE_TEXT)
    recommendation = result["recommendation"]
    assert any(word in json.dumps(result) for word in WORDS), "the journey quotes the essay, or this test looks for nothing"
    feedback = {
        "relevance": 4,
        "fit": 5,
        "comment": COMMENT,
        "items": [{"credentialId": recommendation["items"][0]["credentialId"], "decision": "reject", "reason": REASON}],
    }
    path = f"/recommendations/{recommendation['id']}/feedback"
    given = await student.request("POST", path, json=feedback, headers={"Idempotency-Key": "feedback-key-1"})
    assert given.status_code == 200, given.text
    correction = {"levels": {"clarity": 4, "accuracy": 0}, "reason": f"{NAME} speaks of Wobblethwaite, which Ottoline denies."}
    said = await advisor.request(
        "POST", f"/essay-scores/{result['essayScores'][0]['id']}/override", json=correction, headers={"Idempotency-Key": "override-key-1"}
    )
    assert said.status_code == 201, said.text
    note = {"code": "followUp", "note": f"Ask {EMAIL} about Perpetuus."}
    flagged = await advisor.request("POST", f"/assessments/{bundle['assessmentId']}/flags", json=note)
    assert flagged.status_code == 201, flagged.text
    noted = await advisor.request("POST", f"/assessments/{bundle['assessmentId']}/notes", json={"body": f"{NAME} works at Wobblethwaite."})
    assert noted.status_code == 201, noted.text
    late = await student.save(bundle, {bundle["questions"][0]["id"]: ESSAY}, batch="too-late")
    odd = await student.request("POST", path, json={**feedback, "comment": COMMENT + "\x00"})
    nowhere = await student.request("GET", f"/assessments/{NAME}")
    assert (late.status_code, odd.status_code, nowhere.status_code) == (409, 422, 422)
    assert found(late.text + odd.text + nowhere.text, PERSON + WORDS) == set()

    dumps = await everything(runtime.open_uow)
    assert dumps["essay_scores"]
    assert dumps["recommendation_feedback"]
    assert dumps["rag_traces"]
    assert dumps["essay_score_overrides"]
    assert dumps["assessment_flags"]
    assert dumps["advisor_notes"]
    assert dumps["audit_logs"]
    assert {table: hits for table, dump in dumps.items() if (hits := found(dump, PERSON + WORDS))} == {}
    store = redis.Redis.from_url(settings.redis_url.get_secret_value())
    messages = b"".join(key + (store.dump(key) or b"") for key in store.scan_iter("*"))
    store.close()
    assert found(messages.decode("latin-1"), PERSON + WORDS) == set()
    assert log_lines.getvalue().count("\n") > 10
    assert found(log_lines.getvalue(), PERSON + WORDS) == set()
    assert found(metrics.exposition()[0].decode(), PERSON + WORDS) == set()


async def test_what_no_journey_reaches_is_encrypted_too(open_uow: OpenUnitOfWork, new_assessment: Any) -> None:
    """Secrets and payloads of webhooks, stored replies, answers under a key, queries and summaries, written directly."""
    async with open_uow() as uow:
        assessment_id = await new_assessment(uow)
        user = User(id=new_id(), email=EMAIL, name=NAME, external_id=EXTERNAL, role=Role.STUDENT.value, pseudonym=new_id())
        uow.accounts.add(user)
        identity = Identity(producer="openai", model="m", prompt_hash="p")
        reply = ModelReply(content={"quote": ESSAY})
        await uow.replies.record(
            assessment_id=assessment_id, purpose="score_essay", identity=identity, outcome="ok", reply=reply, key="key"
        )
        recommendation_id = new_id()
        values: dict[str, Any] = {"excluded": [], "provenance": {}, "processing_ms": 1.0}
        uow.session.add_all(
            [
                WebhookEndpoint(url="https://lms.example/hook", secret="Wobblethwaite", events=[]),
                WebhookEvent(event="assessment.completed", dedupe_key="d", assessment_id=assessment_id, payload={"name": NAME}),
                Recommendation(id=recommendation_id, assessment_id=assessment_id, summary={"text": ESSAY}, **values),
            ]
        )
        await uow.session.flush()
        uow.session.add(RagTrace(recommendation_id=recommendation_id, part="essay", query=ESSAY, weight=1.0, hits=[]))
        assert await uow.idempotency.claim(user.id, "k", "hash")
        await uow.idempotency.answer(user.id, "k", {"name": NAME, "essay": ESSAY})
    dumps = await everything(open_uow)
    for table in ("webhook_endpoints", "webhook_events", "recommendations", "rag_traces", "idempotency_keys", "model_replies"):
        assert dumps[table]
    assert {table: hits for table, dump in dumps.items() if (hits := found(dump, PERSON + WORDS))} == {}
    async with open_uow() as uow:
        kept = await uow.accounts.by_email(f" {EMAIL.upper()} ")
        assert kept is not None
        assert (kept.name, kept.email, kept.external_id) == (NAME, EMAIL, EXTERNAL)
        reply, answered = await uow.replies.find("key"), await uow.idempotency.find(kept.id, "k")
        assert reply is not None
        assert reply.content == {"quote": ESSAY}
        assert answered is not None
        assert answered.response == {"name": NAME, "essay": ESSAY}
