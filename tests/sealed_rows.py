"""A row in every table with encrypted columns, each column with a word of its own, and what is found there."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from assay.db.models import AssessmentResponse, EssayScore, RagTrace, Recommendation, User, WebhookEvent
from assay.db.sealing import SEALED
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Role
from assay.domain.flags import FlagCode
from assay.domain.grading import Identity, ModelReply
from assay.domain.notes import NoteAbout
from assay.domain.rubric import Dimension
from assay.kit.ids import new_id

PLACES: Final = tuple(f"{table}.{column}" for table, sealed in SEALED.items() for column in sealed.columns)
_ASKED: Final = text(
    "INSERT INTO assessment_question_snapshots (assessment_id, position, question_id, question_version_id)"
    " SELECT :assessment, 1, question_id, id FROM question_versions LIMIT 1 RETURNING question_id"
)


def word(mark: str, place: str) -> str:
    """What `fill` writes to a place."""
    return f"{mark}{place.title().replace('.', '').replace('_', '')}"


async def fill(uow: UnitOfWork, assessment_id: UUID, mark: str) -> UUID:
    """Write a row to each, everything about one person and one assessment; the person's id."""

    def say(place: str) -> str:
        return word(mark, place)

    email = f"{say('users.email')}@uni.example"
    user = User(
        id=new_id(), email=email, name=say("users.name"), external_id=say("users.external_id"), role=Role.STUDENT, pseudonym=new_id()
    )
    uow.accounts.add(user)
    await uow.session.flush()
    await uow.external_identities.add(user.id, "https://idp.example", say("external_identities.subject"))
    await uow.legal_holds.add(user.id, say("legal_holds.reason"), None)
    question = await uow.session.scalar(_ASKED, {"assessment": assessment_id})
    asked: dict[str, Any] = {"assessment_id": assessment_id, "question_id": question}
    now = datetime.now(UTC)
    score = EssayScore(**asked, id=new_id(), percent=50, flags=[], verdict={"quote": say("essay_scores.verdict")}, provenance={}, version=1)
    recommendation = Recommendation(
        id=new_id(),
        assessment_id=assessment_id,
        summary={"text": say("recommendations.summary")},
        excluded=[],
        provenance={},
        processing_ms=1.0,
    )
    uow.session.add_all(
        [
            AssessmentResponse(**asked, answer=[say("assessment_responses.answer")], is_blank=False, answered_at=now, saved_at=now),
            score,
            recommendation,
            WebhookEvent(event="e", dedupe_key=mark, assessment_id=assessment_id, payload={"name": say("webhook_events.payload")}),
        ]
    )
    await uow.session.flush()
    uow.session.add(RagTrace(recommendation_id=recommendation.id, part="essay", query=say("rag_traces.query"), weight=1.0, hits=[]))
    await uow.overrides.add(score.id, user.id, {Dimension.CLARITY: 3}, say("essay_score_overrides.reason"))
    await uow.flags.add(assessment_id, user.id, FlagCode.FOLLOW_UP, say("assessment_flags.note"))
    await uow.notes.add(assessment_id, user.id, NoteAbout.ASSESSMENT, say("advisor_notes.body"))
    await uow.feedback.put(
        recommendation_id=recommendation.id,
        author_id=user.id,
        author_role="student",
        track_slug="t",
        relevance=3,
        fit=3,
        decision=None,
        items=[{"reason": say("recommendation_feedback.items")}],
        comment=say("recommendation_feedback.comment"),
    )
    reply = ModelReply(content={"quote": say("model_replies.reply")})
    identity = Identity(producer="openai", model="m", prompt_hash="p")
    await uow.replies.record(assessment_id=assessment_id, purpose="score_essay", identity=identity, outcome="ok", reply=reply, key=mark)
    assert await uow.idempotency.claim(user.id, mark, "hash")
    await uow.idempotency.answer(user.id, mark, {"name": say("idempotency_keys.response")})
    endpoint = new_id()
    await uow.webhooks.add(endpoint, "https://lms.example/hook", say("webhook_endpoints.previous_secret"), [])
    await uow.webhooks.rotate(endpoint, say("webhook_endpoints.secret"), now - now)
    return user.id


async def read_all(uow: UnitOfWork) -> dict[str, str]:
    """What stands in each place, decrypted, all rows in one text."""
    found = {}
    for name, sealed in SEALED.items():
        for column in sealed.columns:
            rows = await uow.session.scalars(select(sealed.table.c[column]))
            found[f"{name}.{column}"] = "\n".join(map(str, rows))
    return found
