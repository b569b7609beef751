"""A service that has been used for a while: people, assessments, jobs, calls and feedback by the number, straight into the tables."""

from typing import Any, Final

from sqlalchemy import text

from assay.runtime import Runtime

_PEOPLE: Final = """
    INSERT INTO users (id, email, email_index, name, role, pseudonym)
    SELECT md5('person' || n)::uuid, '', sha256(('person' || n)::bytea), '', 'student', md5('pseudonym' || n)::uuid
    FROM generate_series(1, :people) AS n
"""
_COHORTS: Final = "INSERT INTO cohorts (name) VALUES ('Evening class') ON CONFLICT DO NOTHING"
_MEMBERS: Final = """
    INSERT INTO cohort_members (cohort_id, user_id)
    SELECT c.id, md5('person' || n)::uuid FROM generate_series(1, :people) AS n
    JOIN cohorts c ON (n % 2 = 0) = (c.name = 'Evening class')
"""
_ASSESSMENTS: Final = """
    INSERT INTO assessments (id, student_id, track_id, track_version, started_at, expires_at, submitted_at, completed_at, closed_at)
    SELECT md5('assessment' || n)::uuid, md5('person' || n)::uuid, t.id, 1, s.at - interval '1 hour', s.at + interval '1 day', s.at,
           s.at + make_interval(secs => n % 10 + 1), s.at + make_interval(secs => n % 10 + 1)
    FROM generate_series(1, :people) AS n
    JOIN role_catalog t ON t.slug = CASE WHEN n % 4 < 2 THEN 'backend-engineer' ELSE 'data-analyst' END
    CROSS JOIN LATERAL (SELECT now() - make_interval(days => :oldest * n / :people, hours => 1) AS at) AS s
"""
_RECOMMENDATIONS: Final = """
    INSERT INTO recommendations (id, assessment_id, version, summary, excluded, provenance, generated_at, processing_ms)
    SELECT md5('recommendation' || n)::uuid, md5('assessment' || n)::uuid, 1, '', '[]', '{}', now(), 1
    FROM generate_series(1, :people) AS n
"""
_STUDENTS_SAID: Final = """
    INSERT INTO recommendation_feedback (recommendation_id, author_id, author_role, track_slug, relevance, fit, items,
                                         created_at, updated_at)
    SELECT md5('recommendation' || n)::uuid, a.student_id, 'student', t.slug, CASE WHEN n % 4 = 0 THEN 3 ELSE 5 END, 4, '',
           a.completed_at, a.completed_at
    FROM generate_series(1, :people) AS n JOIN assessments a ON a.id = md5('assessment' || n)::uuid
    JOIN role_catalog t ON t.id = a.track_id
"""
_ADVISORS_SAID: Final = """
    INSERT INTO recommendation_feedback (recommendation_id, author_id, author_role, track_slug, relevance, fit, decision, items,
                                         created_at, updated_at)
    SELECT md5('recommendation' || n)::uuid, u.id, 'advisor', t.slug, 4, 4,
           CASE n % 10 WHEN 0 THEN 'reject' WHEN 1 THEN NULL ELSE 'accept' END,
           '', s.at, s.at
    FROM generate_series(1, :people) AS n JOIN assessments a ON a.id = md5('assessment' || n)::uuid
    JOIN role_catalog t ON t.id = a.track_id JOIN (SELECT id FROM users WHERE role = 'advisor' ORDER BY id LIMIT 1) AS u ON true
    CROSS JOIN LATERAL (SELECT a.submitted_at + make_interval(hours => CASE WHEN n % 20 = 0 THEN 72 ELSE 24 END) AS at) AS s
    WHERE s.at < now()
"""
_JOBS: Final = """
    INSERT INTO async_jobs (id, job_type, assessment_id, track_slug, status, priority, run_at, dedupe_key, correlation_id, fence, attempt,
                            first_claimed_at, finished_at, cause, last_error, created_at)
    SELECT md5(kind || n)::uuid, kind, a.id, t.slug, CASE WHEN n % 50 = 0 AND kind = 'score_essay' THEN 'dead' ELSE 'succeeded' END, 1,
           a.submitted_at, concat_ws(chr(58), kind, a.id, 1), 'population', 1, 1, a.submitted_at + interval '200 ms', a.completed_at,
           CASE WHEN n % 50 = 0 AND kind = 'score_essay' THEN 'timeout' END, NULL, a.submitted_at
    FROM generate_series(1, :people) AS n CROSS JOIN (VALUES ('score_essay'), ('generate_recommendations')) AS job (kind)
    JOIN assessments a ON a.id = md5('assessment' || n)::uuid JOIN role_catalog t ON t.id = a.track_id
"""
_CALLS: Final = """
    INSERT INTO model_calls (id, assessment_id, purpose, producer, model, prompt_hash, parameters, outcome, usage, created_at)
    SELECT uuidv7(a.completed_at - clock_timestamp()), a.id, 'score_essay', 'openai', 'm-1', '', '{}',
           CASE WHEN n % 25 = 0 AND part = 1 THEN 'timeout' ELSE 'ok' END,
           CASE WHEN n % 25 = 0 AND part = 1 THEN '{}'::jsonb ELSE jsonb_build_object('input_tokens', 1000, 'cached_tokens', 400,
               'output_tokens', 200, 'duration_ms', 900, 'cost_usd', 0.001) END, a.completed_at
    FROM generate_series(1, :people) AS n CROSS JOIN generate_series(1, 3) AS part
    JOIN assessments a ON a.id = md5('assessment' || n)::uuid
"""
_MINUTES: Final = """
    INSERT INTO metric_snapshots (at, name, labels, value)
    SELECT date_trunc('minute', now()) - make_interval(mins => n), 'snapshot.taken', '{}', 1
    FROM generate_series(1, 2000) AS n WHERE n % 500 <> 1
"""


async def populate(runtime: Runtime, people: int, oldest: int = 20) -> None:
    """So many students with a result each, submitted over the last `oldest` days; half of them in a cohort without an advisor.

    One in four rates relevance 3 of 5, the others 5; the demo advisor rejects one in ten and is late for one in twenty; one in fifty
    essay jobs ended dead, and one in 75 calls in a timeout; in one of 500 minutes no snapshot was written.
    """
    statements = (_PEOPLE, _COHORTS, _MEMBERS, _ASSESSMENTS, _RECOMMENDATIONS, _STUDENTS_SAID, _ADVISORS_SAID, _JOBS, _CALLS, _MINUTES)
    async with runtime.open_uow() as uow:
        for statement in statements:
            values = {name: value for name, value in {"people": people, "oldest": oldest}.items() if f":{name}" in statement}
            await uow.session.execute(text(statement), values)


async def explain(runtime: Runtime, statement: Any, values: dict[str, Any]) -> str:
    """How Postgres runs a statement, and how long it took."""
    async with runtime.open_uow() as uow:
        rows = await uow.session.execute(text(f"EXPLAIN (ANALYZE, COSTS OFF) {statement}"), values)
        return "\n".join(row[0] for row in rows)
