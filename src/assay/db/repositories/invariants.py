"""What must hold in the database at any moment, each as a query that finds what breaks it."""

# ruff: noqa: S608 - queries are put together from constants of this module, nothing comes from outside

from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import null, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import CredentialVersion, QuestionVersion
from assay.db.models.base import Json
from assay.db.sealing import SEALED
from assay.domain.invariants import EXAMPLES, QUEUE_RETENTION_DAYS, Invariant

IMMUTABLE_TABLES: Final = frozenset(
    {
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
)
"""Tables whose rows are written once."""
# Ciphertexts may be renewed (decision 19): the trigger of a table that holds some runs unless nothing else changes.
_UNLESS_RENEWED: Final = (
    "WHEN (((current_setting(''assay.rekeying''::text, true) IS DISTINCT FROM ''on''::text)"
    " OR (NOT only_renewed(to_jsonb(old.*), to_jsonb(new.*), ''{{{}}}''::text[]))))"
)


def _guarded(name: str) -> str:
    columns = ",".join(sorted(SEALED[name].columns)) if name in SEALED else ""
    return f"('{name}', 'immutable', '{_UNLESS_RENEWED.format(columns) if columns else ''}')"


_GUARDED: Final = ", ".join([*map(_guarded, sorted(IMMUTABLE_TABLES)), "('async_jobs', 'terminal_jobs_stay', '')"])
_REMEMBERED: Final = f"a.submitted_at > clock_timestamp() - interval '{QUEUE_RETENTION_DAYS} days'"
_ENDED: Final = "status IN ('succeeded', 'degraded', 'dead')"
_LEASE_SLACK: Final = "interval '5 s'"  # the sweeper looks each second

# A row-level trigger (1) before (2) an update (16). One that runs only under a condition or for some columns guards nothing, except
# that of the jobs, whose condition is that they have ended, and those that let ciphertexts be renewed and nothing else.
_GUARDS: Final = """
    SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgrelid = to_regclass(wanted.relation) AND t.tgname = wanted.trigger AND t.tgenabled IN ('O', 'A')
      AND t.tgtype & 19 = 19 AND t.tgattr::text = ''
      AND (wanted.trigger <> 'immutable' OR CASE wanted.condition WHEN '' THEN t.tgqual IS NULL ELSE
          position(wanted.condition IN pg_get_triggerdef(t.oid)) > 0 AND EXISTS (SELECT FROM pg_proc renewed
              WHERE renewed.proname = 'only_renewed' AND renewed.prosrc LIKE '%before - ciphertexts <> after - ciphertexts%') END)
      AND p.proname = 'refuse_change' AND p.prosrc LIKE '%RAISE EXCEPTION%'
"""

QUERIES: Final[dict[Invariant, str]] = {
    Invariant.SUBMITTED_HAS_JOBS: f"""
        SELECT a.id FROM assessments a WHERE a.submitted_at IS NOT NULL AND (a.completed_at IS NULL OR {_REMEMBERED})
        AND (SELECT array_agg(job_type ORDER BY job_type) FROM async_jobs WHERE assessment_id = a.id AND parent_job_id IS NULL)
            IS DISTINCT FROM ARRAY['generate_recommendations', 'score_essay']
    """,
    Invariant.FINISHED_HAS_RECOMMENDATION: """
        SELECT a.id FROM assessments a
        WHERE a.completed_at IS NOT NULL AND NOT EXISTS (SELECT FROM recommendations WHERE assessment_id = a.id)
    """,
    Invariant.RECOMMENDED_IS_FINISHED: f"""
        SELECT a.id FROM assessments a WHERE a.completed_at IS NULL AND EXISTS (
            SELECT FROM async_jobs WHERE assessment_id = a.id AND job_type = 'generate_recommendations' AND {_ENDED})
    """,
    Invariant.ONE_SCORE_SET: """
        SELECT DISTINCT assessment_id FROM (
            SELECT assessment_id FROM rule_scores GROUP BY assessment_id, question_id HAVING count(*) > 1
            UNION ALL SELECT assessment_id FROM essay_scores GROUP BY assessment_id, question_id, version HAVING count(*) > 1
            UNION ALL SELECT assessment_id FROM recommendations GROUP BY assessment_id, version HAVING count(*) > 1
        ) AS doubled
    """,
    Invariant.VERSIONS_HAVE_JOBS: f"""
        SELECT DISTINCT a.id FROM (
            SELECT assessment_id, 'score_essay' AS job_type, version FROM essay_scores
            UNION ALL SELECT assessment_id, 'generate_recommendations', version FROM recommendations
        ) AS written JOIN assessments a ON a.id = written.assessment_id
        WHERE {_REMEMBERED} AND written.version > (
            SELECT count(*) FROM async_jobs j WHERE j.assessment_id = a.id AND j.job_type = written.job_type AND {_ENDED})
    """,
    Invariant.ENDED_HAS_EFFECT: f"""
        SELECT j.id FROM async_jobs j WHERE {_ENDED} AND (SELECT count(*) FROM effect_log WHERE job_id = j.id) <> 1
    """,
    Invariant.EFFECT_HAS_ITS_FENCE: """
        SELECT e.job_id FROM effect_log e JOIN async_jobs j ON j.id = e.job_id WHERE e.fence <> j.fence
    """,
    Invariant.EFFECT_HAS_ITS_JOB: f"""
        SELECT e.job_id FROM effect_log e WHERE NOT EXISTS (SELECT FROM async_jobs WHERE id = e.job_id AND {_ENDED})
    """,
    Invariant.LEASES_ARE_TAKEN_BACK: f"""
        SELECT id FROM async_jobs
        WHERE status = 'leased' AND coalesce(lease_expires_at < clock_timestamp() - {_LEASE_SLACK}, true)
    """,
    Invariant.NOTHING_WAITS_FOR_EVER: """
        SELECT w.id FROM async_jobs w WHERE w.finished_at IS NULL AND w.run_at = 'infinity' AND NOT EXISTS (
            SELECT FROM async_jobs p WHERE p.assessment_id = w.assessment_id AND p.finished_at IS NULL AND p.run_at < 'infinity')
    """,
    Invariant.ONE_AT_A_TIME: """
        SELECT assessment_id FROM async_jobs WHERE finished_at IS NULL AND assessment_id IS NOT NULL
        GROUP BY assessment_id, job_type HAVING count(*) > 1
    """,
    Invariant.DELIVERY_HAS_ITS_JOB: """
        SELECT d.id FROM webhook_deliveries d WHERE (d.status = 'pending')
            <> EXISTS (SELECT FROM async_jobs WHERE delivery_id = d.id AND finished_at IS NULL)
    """,
    Invariant.SNAPSHOT_OF_ITS_QUESTION: """
        SELECT s.assessment_id FROM assessment_question_snapshots s
        LEFT JOIN question_versions v ON v.id = s.question_version_id WHERE v.question_id IS DISTINCT FROM s.question_id
    """,
    Invariant.WRITTEN_ONCE_IS_GUARDED: f"""
        SELECT relation FROM (VALUES {_GUARDED}) AS wanted (relation, trigger, condition) WHERE NOT EXISTS ({_GUARDS})
    """,
}  # fmt: skip
"""One column each: whatever breaks the invariant, by id or (tables) by name."""
_COUNTED: Final = {
    invariant: text(
        f"WITH broken (id) AS ({query})"
        f" SELECT count(*), coalesce((array_agg(id::text ORDER BY id::text))[1:{EXAMPLES}], '{{}}') FROM broken"
    )
    for invariant, query in QUERIES.items()
}


class Broken(NamedTuple):
    """How often an invariant is broken, and the first few that break it."""

    violations: int
    examples: tuple[str, ...]


class Content(NamedTuple):
    """What an immutable version says, and the hashes stored beside it."""

    id: UUID
    content: Json
    content_hash: str
    rubric_hash: str | None


class Invariants:
    """The invariants as this transaction sees them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def broken(self, invariant: Invariant) -> Broken:
        """What breaks one of `QUERIES`."""
        violations, examples = (await self._session.execute(_COUNTED[invariant])).one()
        return Broken(violations, tuple(examples))

    async def question_contents(self, after: UUID | None, limit: int) -> list[Content]:
        """Versions of questions behind the id `after`, in the order of their ids."""
        version = QuestionVersion
        query = select(version.id, version.content, version.content_hash, version.rubric_hash).order_by(version.id).limit(limit)
        return [Content(*row) for row in await self._session.execute(query if after is None else query.where(version.id > after))]

    async def credential_contents(self, after: UUID | None, limit: int) -> list[Content]:
        """Versions of credentials behind the id `after`, in the order of their ids."""
        version = CredentialVersion
        query = select(version.id, version.content, version.content_hash, null()).order_by(version.id).limit(limit)
        return [Content(*row) for row in await self._session.execute(query if after is None else query.where(version.id > after))]
