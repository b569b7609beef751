"""Rows that are written once: whatever happened stays as it was written, by order of the database and not of our code."""

from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from assay.db.models import Base
from assay.db.unit_of_work import OpenUnitOfWork

# Written out, not read from the models: a table that loses its trigger there must fail here.
IMMUTABLE = {
    "advisor_notes",
    "analytics_events",
    "assessment_flags",
    "assessment_question_snapshots",
    "audit_logs",
    "credential_versions",
    "effect_log",
    "essay_score_overrides",
    "essay_scores",
    "question_versions",
    "rag_traces",
    "recommendation_items",
    "recommendations",
    "rule_scores",
}
ROWS = """
INSERT INTO assessment_question_snapshots (assessment_id, position, question_id, question_version_id)
SELECT :assessment, 1, question_id, id FROM question_versions LIMIT 1;
INSERT INTO rule_scores (assessment_id, question_id, credit, answered, signals)
SELECT assessment_id, question_id, 0.5, true, '{}' FROM assessment_question_snapshots;
INSERT INTO essay_scores (assessment_id, question_id, clarity, percent, flags, verdict, provenance)
SELECT assessment_id, question_id, 2, 50, '{}', '\\x00', '{}' FROM assessment_question_snapshots;
INSERT INTO essay_score_overrides (essay_score_id, author_id, dimension, level)
SELECT s.id, u.id, 'clarity', 3 FROM essay_scores s, users u WHERE u.role = 'advisor';
INSERT INTO assessment_flags (assessment_id, author_id, code)
SELECT a.id, u.id, 'followUp' FROM assessments a, users u WHERE u.role = 'advisor';
INSERT INTO advisor_notes (assessment_id, author_id, about, body)
SELECT a.id, u.id, 'student', '\\x00' FROM assessments a, users u WHERE u.role = 'advisor';
INSERT INTO analytics_events (event, pseudonym, track_slug, assessment_id) VALUES ('assessment.started', uuidv7(), 't', :assessment);
INSERT INTO async_jobs (job_type, assessment_id, track_slug, priority, run_at, dedupe_key, correlation_id)
VALUES ('score_essay', :assessment, 't', 1, now(), 'k', 'c');
INSERT INTO effect_log (job_id, fence) SELECT id, 1 FROM async_jobs;
INSERT INTO recommendations (assessment_id, summary, excluded, provenance, processing_ms) VALUES (:assessment, '\\x00', '[]', '{}', 1);
INSERT INTO recommendation_items (recommendation_id, rank, credential_version_id, score, reasons, sources, ranks)
SELECT r.id, 1, (SELECT id FROM credential_versions LIMIT 1), 0.5, '[]', '[]', '{}' FROM recommendations r;
INSERT INTO rag_traces (recommendation_id, part, query, weight, hits) SELECT id, 'track', '\\x00', 1, '[]' FROM recommendations;
INSERT INTO audit_logs (action, target_type, target_id, changes, correlation_id, previous_hash, hash)
VALUES ('track:update', 'track', '1', '{}', 'c', '', 'h')
"""


@pytest_asyncio.fixture
async def one_of_each(open_uow: OpenUnitOfWork, new_assessment: Any) -> OpenUnitOfWork:
    """At least one row in every immutable table."""
    async with open_uow() as uow:
        assessment_id = await new_assessment(uow)
        for statement in ROWS.split(";"):
            values = {"assessment": assessment_id} if ":assessment" in statement else {}
            await uow.session.execute(text(statement), values)
    return open_uow


def columns(table: str) -> list[str]:
    """Every column that SQL may assign to."""
    return [column.name for column in Base.metadata.tables[table].columns if column.computed is None and column.identity is None]


@pytest.mark.parametrize("table", sorted(IMMUTABLE))
async def test_no_column_of_an_immutable_row_can_be_updated(one_of_each: OpenUnitOfWork, table: str) -> None:
    """Not even to the value it has."""
    for column in columns(table):
        with pytest.raises(DBAPIError, match=f"{table} is immutable") as raised:
            async with one_of_each() as uow:
                await uow.session.execute(text(f'UPDATE {table} SET "{column}" = "{column}"'))
        assert raised.value.orig.sqlstate == "23001"  # type: ignore[union-attr]


async def test_the_list_of_immutable_tables_is_whole(open_uow: OpenUnitOfWork) -> None:
    """Exactly these tables carry the trigger, and it is enabled."""
    query = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'immutable' AND tgenabled = 'O'"
    async with open_uow() as uow:
        assert set(await uow.session.scalars(text(query))) == IMMUTABLE


async def test_an_upsert_cannot_slip_past(one_of_each: OpenUnitOfWork) -> None:
    """ON CONFLICT DO UPDATE is an update."""
    upsert = "INSERT INTO effect_log (job_id, fence) SELECT job_id, 9 FROM effect_log ON CONFLICT (job_id) DO UPDATE SET fence = 9"
    with pytest.raises(DBAPIError, match="effect_log is immutable"):
        async with one_of_each() as uow:
            await uow.session.execute(text(upsert))


async def test_erasure_is_still_possible(one_of_each: OpenUnitOfWork) -> None:
    """Immutable does not mean for ever: deleting an assessment takes its rows along, the audit log stays."""
    async with one_of_each() as uow:
        await uow.session.execute(text("DELETE FROM assessments"))
        for table in IMMUTABLE - {"audit_logs", "credential_versions", "question_versions"}:
            assert await uow.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
        assert await uow.session.scalar(text("SELECT count(*) FROM audit_logs")) == 1


@pytest.mark.parametrize(
    "change",
    [
        (
            "INSERT INTO rule_scores (assessment_id, question_id, credit, answered, signals)"
            " SELECT assessment_id, uuidv7(), 1, true, '{}' FROM assessment_question_snapshots"
        ),
        (
            "INSERT INTO essay_scores (assessment_id, question_id, version, clarity, percent, flags, verdict, provenance)"
            " SELECT assessment_id, question_id, 2, 5, 50, '{}', '\\x00', '{}' FROM assessment_question_snapshots"
        ),
        (
            "INSERT INTO essay_scores (assessment_id, question_id, version, clarity, percent, flags, verdict, provenance)"
            " SELECT assessment_id, question_id, 2, 4, 100.5, '{}', '\\x00', '{}' FROM assessment_question_snapshots"
        ),
        (
            "INSERT INTO essay_scores (assessment_id, question_id, version, clarity, percent, flags, verdict, provenance)"
            " SELECT assessment_id, question_id, 2, 4, 'NaN', '{}', '\\x00', '{}' FROM assessment_question_snapshots"
        ),
        (
            "INSERT INTO essay_score_overrides (essay_score_id, author_id, dimension, level)"
            " SELECT essay_score_id, author_id, dimension, 5 FROM essay_score_overrides"
        ),
        (
            "INSERT INTO essay_score_overrides (essay_score_id, author_id, dimension, level)"
            " SELECT essay_score_id, author_id, 'style', 4 FROM essay_score_overrides"
        ),
        ("INSERT INTO assessment_flags (assessment_id, author_id, code) SELECT assessment_id, author_id, 'boring' FROM assessment_flags"),
        (
            "INSERT INTO advisor_notes (assessment_id, author_id, about, body)"
            " SELECT assessment_id, author_id, 'weather', body FROM advisor_notes"
        ),
        "INSERT INTO bank_state (singleton, version) VALUES (false, 1)",
        "UPDATE assessments SET completed_at = now(), closed_at = NULL",
        "UPDATE assessments SET completed_at = now(), submitted_at = NULL",
    ],
)
async def test_an_impossible_row_is_refused(one_of_each: OpenUnitOfWork, change: str) -> None:
    """Scores out of bounds, scores of what was not asked, flags of no kind, a second bank, a result without a submission."""
    with pytest.raises(DBAPIError):
        async with one_of_each() as uow:
            await uow.session.execute(text(change))
