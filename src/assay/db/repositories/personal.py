"""What is kept about a person, table by table: found, read out, taken away, and counted again to see that it is gone."""

# ruff: noqa: S608 - statements are put together from constants of this module, values are bound

from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Base, RecommendationFeedback, User
from assay.db.models.base import encrypted
from assay.db.types import key_ring

ERASED_NAME: Final = "Erased person"


class Trail(NamedTuple):
    """A person and everything that other rows are found by. Taken before an erasure, it finds afterwards what was left behind."""

    person: UUID
    assessments: list[UUID]
    scores: list[UUID]
    recommendations: list[UUID]
    events: list[UUID]
    deliveries: list[UUID]
    jobs: list[UUID]
    replies: list[str]


class Holding(NamedTuple):
    """How a table's rows about a person are found (SQL over a `Trail`), and which of them still say something after an erasure.

    Without `readable` that is every one of them; `kept` rows name the person by id alone and stay. `omitted` columns are not the person's
    to have: secrets, keyed hashes, who else was involved.
    """

    rows: str
    readable: str | None = None
    kept: bool = False
    omitted: frozenset[str] = frozenset()


_ASSESSED: Final = "assessment_id = ANY(:assessments)"
_RECOMMENDED: Final = "recommendation_id = ANY(:recommendations)"
_AUTHOR: Final = frozenset({"author_id"})
HOLDINGS: Final[dict[str, Holding]] = {
    "users": Holding("id = :person", "id = :person AND erased_at IS NULL", omitted=frozenset({"password_hash", "email_index"})),
    "refresh_tokens": Holding("user_id = :person", omitted=frozenset({"token_hash"})),
    "web_sessions": Holding("user_id = :person", omitted=frozenset({"secret_hash"})),
    "external_identities": Holding("user_id = :person", omitted=frozenset({"subject_index"})),
    "password_links": Holding("user_id = :person", omitted=frozenset({"secret_hash"})),
    "cohort_members": Holding("user_id = :person"),
    "learner_declarations": Holding("student_id = :person"),
    "idempotency_keys": Holding("actor_id = :person", omitted=frozenset({"request_hash"})),
    "legal_holds": Holding("person_id = :person", omitted=frozenset({"reason", "set_by", "lifted_by"})),
    "assessments": Holding("id = ANY(:assessments)"),
    "assessment_question_snapshots": Holding(_ASSESSED),
    "assessment_responses": Holding(_ASSESSED),
    "response_batches": Holding(_ASSESSED),
    "rule_scores": Holding(_ASSESSED),
    "essay_scores": Holding(_ASSESSED),
    "essay_score_overrides": Holding(
        "essay_score_id = ANY(:scores) OR author_id = :person",
        "essay_score_id = ANY(:scores) OR author_id = :person AND reason IS NOT NULL",
        omitted=_AUTHOR,
    ),
    "assessment_flags": Holding(
        f"{_ASSESSED} OR author_id = :person", f"{_ASSESSED} OR author_id = :person AND note IS NOT NULL", omitted=_AUTHOR
    ),
    "advisor_notes": Holding(f"{_ASSESSED} OR author_id = :person", omitted=_AUTHOR),
    "degraded_stages": Holding(_ASSESSED),
    "analytics_events": Holding(_ASSESSED),
    "recommendations": Holding(_ASSESSED),
    "recommendation_items": Holding(_RECOMMENDED),
    "rag_traces": Holding(_RECOMMENDED),
    "recommendation_feedback": Holding(
        f"{_RECOMMENDED} OR author_id = :person", f"{_RECOMMENDED} OR author_id = :person AND comment IS NOT NULL", omitted=_AUTHOR
    ),
    "model_calls": Holding(_ASSESSED),
    "model_replies": Holding(f"key = ANY(:replies) OR {_ASSESSED}"),
    "async_jobs": Holding("id = ANY(:jobs)", omitted=frozenset({"lease_owner", "stack", "dedupe_key"})),
    "effect_log": Holding("job_id = ANY(:jobs)"),
    "webhook_events": Holding("id = ANY(:events)"),
    "webhook_deliveries": Holding("id = ANY(:deliveries)"),
    "webhook_attempts": Holding("delivery_id = ANY(:deliveries)"),
    "audit_logs": Holding(
        "actor_id = :person OR target_type = 'person' AND target_id = CAST(CAST(:person AS uuid) AS text)"
        " OR target_type = 'assessment' AND target_id IN (SELECT CAST(each AS text) FROM unnest(CAST(:assessments AS uuid[])) AS each)",
        kept=True,
        omitted=frozenset({"actor_id", "hash", "previous_hash"}),
    ),
}
"""Every table with rows about a person. A test holds this list and that of the tables about nobody against the schema."""
_TRAIL: Final = text(
    """
    WITH a AS (SELECT id FROM assessments WHERE student_id = :person),
    s AS (SELECT id, reply_key FROM essay_scores WHERE assessment_id IN (SELECT id FROM a)),
    e AS (SELECT id FROM webhook_events WHERE assessment_id IN (SELECT id FROM a)),
    d AS (SELECT id FROM webhook_deliveries WHERE event_id IN (SELECT id FROM e))
    SELECT ARRAY(SELECT id FROM a), ARRAY(SELECT id FROM s),
        ARRAY(SELECT id FROM recommendations WHERE assessment_id IN (SELECT id FROM a)),
        ARRAY(SELECT id FROM e), ARRAY(SELECT id FROM d),
        ARRAY(SELECT id FROM async_jobs WHERE assessment_id IN (SELECT id FROM a) OR delivery_id IN (SELECT id FROM d)),
        ARRAY(SELECT reply_key FROM s WHERE reply_key IS NOT NULL
              UNION SELECT reply_key FROM model_calls WHERE assessment_id IN (SELECT id FROM a) AND reply_key IS NOT NULL)
    """
)
_ASKED: Final = text(
    "SELECT DISTINCT s.question_id, v.content ->> 'prompt' AS prompt FROM assessment_question_snapshots s"
    " JOIN question_versions v ON v.id = s.question_version_id WHERE s.assessment_id = ANY(:assessments)"
)
# In this order: what only their rows lead to goes first. Calls to models are kept as figures of what was spent.
_REMOVALS: Final = (
    "DELETE FROM model_replies WHERE key = ANY(:replies) OR assessment_id = ANY(:assessments)",
    "UPDATE model_calls SET assessment_id = NULL, reply_key = NULL WHERE assessment_id = ANY(:assessments)",
    "DELETE FROM assessments WHERE student_id = :person",
    "DELETE FROM advisor_notes WHERE author_id = :person",
    "UPDATE assessment_flags SET note = NULL WHERE author_id = :person AND note IS NOT NULL",
    "UPDATE essay_score_overrides SET reason = NULL WHERE author_id = :person AND reason IS NOT NULL",
    "UPDATE recommendation_feedback SET comment = NULL WHERE author_id = :person AND comment IS NOT NULL",
    "DELETE FROM idempotency_keys WHERE actor_id = :person",
    "DELETE FROM refresh_tokens WHERE user_id = :person",
    "DELETE FROM web_sessions WHERE user_id = :person",
    "DELETE FROM external_identities WHERE user_id = :person",
    "DELETE FROM password_links WHERE user_id = :person",
    "DELETE FROM cohort_members WHERE user_id = :person",
    "DELETE FROM learner_declarations WHERE student_id = :person",
    "DELETE FROM legal_holds WHERE person_id = :person AND lifted_at IS NOT NULL",
)
_END: Final = text(
    "UPDATE users SET is_active = false, erased_at = clock_timestamp(),"
    " sessions_ended_at = CASE WHEN is_active OR sessions_ended_at IS NULL THEN clock_timestamp() ELSE sessions_ended_at END"
    " WHERE id = :person"
)

_NAME: Final = encrypted(User, "name")
_EMAIL: Final = encrypted(User, "email")
_ITEMS: Final = encrypted(RecommendationFeedback, "items")


class PersonalData:
    """What is kept about people, in this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def trail(self, person: UUID) -> Trail:
        """What a person's rows are found by."""
        return Trail(person, *(await self._session.execute(_TRAIL, {"person": person})).one())

    async def counts(self, trail: Trail) -> dict[str, int]:
        """How many rows each table has about the person; tables without any are left out."""
        return await self._counted({table: holding.rows for table, holding in HOLDINGS.items()}, trail)

    async def readable(self, trail: Trail) -> dict[str, int]:
        """How many rows of each table still say anything of or by the person; empty when nothing does."""
        left = await self._counted({name: each.readable or each.rows for name, each in HOLDINGS.items() if not each.kept}, trail)
        user = await self._session.get(User, trail.person, populate_existing=True)
        if user and (user.name != ERASED_NAME or user.external_id or user.password_hash or user.email != erased_email(trail.person)):
            left["users"] = 1
        reasons = [row for row in await self._feedback(trail.person) if any(item.get("reason") for item in row.items)]
        if reasons:
            left["recommendation_feedback"] = left.get("recommendation_feedback", 0) + len(reasons)
        return left

    async def rows(self, trail: Trail) -> dict[str, list[dict[str, Any]]]:
        """Everything, decrypted, by table; columns that are not the person's to have are left out."""
        return {name: found for name, each in HOLDINGS.items() if (found := await self._read(name, each, trail))}

    async def prompts(self, trail: Trail) -> dict[UUID, str]:
        """What was asked, by question: the answers mean nothing without it."""
        rows = await self._session.execute(_ASKED, {"assessments": trail.assessments})
        return {row.question_id: row.prompt for row in rows}

    async def erase(self, trail: Trail) -> None:
        """Take away everything readable; the account's row stays, emptied, for what refers to it. Hold that row first."""
        values = trail._asdict()
        await self._session.execute(text("SELECT set_config('assay.erasing', CAST(:person AS text), true)"), {"person": str(trail.person)})
        for removal in _REMOVALS:
            wanted = {name: value for name, value in values.items() if f":{name}" in removal}
            await self._session.execute(text(removal), wanted)
        for row in await self._feedback(trail.person):
            items = _ITEMS.sealed([{**item, "reason": ""} for item in row.items], row.recommendation_id, row.author_id)
            query = update(RecommendationFeedback).where(RecommendationFeedback.id == row.id).values(items=items)
            await self._session.execute(query, execution_options={"synchronize_session": False})
        email = erased_email(trail.person)
        sealed = {"name": _NAME.sealed(ERASED_NAME, trail.person), "email": _EMAIL.sealed(email, trail.person)}
        emptied = {**sealed, "email_index": key_ring().blind_index(email)}
        await self._session.execute(
            update(User).where(User.id == trail.person).values(**emptied, external_id=None, password_hash=None),
            execution_options={"synchronize_session": False},
        )
        await self._session.execute(_END, {"person": trail.person})
        await self._session.execute(text("SELECT set_config('assay.erasing', '', true)"))

    async def _feedback(self, author: UUID) -> list[RecommendationFeedback]:
        query = select(RecommendationFeedback).where(RecommendationFeedback.author_id == author)
        return list(await self._session.scalars(query.execution_options(populate_existing=True)))

    async def _read(self, name: str, holding: Holding, trail: Trail) -> list[dict[str, Any]]:
        table = Base.metadata.tables[name]
        shown = [column for column in table.columns if column.name not in holding.omitted]
        condition, values = _bound(holding.rows, trail)
        rows = await self._session.execute(select(*shown).where(condition).order_by(*table.primary_key.columns), values)
        return [dict(row) for row in rows.mappings()]

    async def _counted(self, conditions: dict[str, str], trail: Trail) -> dict[str, int]:
        parts = " UNION ALL ".join(f"SELECT '{name}', (SELECT count(*) FROM {name} WHERE {each})" for name, each in conditions.items())
        statement, values = _bound(parts, trail)
        return {name: count for name, count in await self._session.execute(statement, values) if count}


def erased_email(person: UUID) -> str:
    """What stands in place of an erased person's address; `invalid` is nobody's domain (RFC 2606)."""
    return f"{person}@erased.invalid"


def _bound(sql: str, trail: Trail) -> tuple[TextClause, dict[str, Any]]:
    values = {name: value for name, value in trail._asdict().items() if f":{name}" in sql}
    return text(sql), values
