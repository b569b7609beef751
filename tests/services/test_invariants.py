"""Every invariant is broken on purpose, by whoever can switch triggers and constraints off, and is found, alone and by its id."""

from typing import NamedTuple
from uuid import UUID

import pytest
from invariants import broken
from journeys import Student
from sqlalchemy import text

from assay.db.repositories.invariants import IMMUTABLE_TABLES, QUERIES
from assay.db.sealing import SEALED
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.invariants import EXAMPLES, MEANINGS, Invariant
from assay.domain.jobs import JobType
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import audit, invariants
from assay.services.invariants import DERIVED
from assay.worker.drainer import Drainer

FREE = "SET LOCAL session_replication_role = replica"
"""Neither triggers nor foreign keys look, until the transaction ends."""


class World(NamedTuple):
    """A finished assessment and its jobs."""

    runtime: Runtime
    ids: dict[str, str]

    async def run(self, *statements: str) -> None:
        """Do this in one transaction in which nothing is refused; `:assessment`, `:essays` and `:recommendation` are the ids."""
        async with self.runtime.open_uow() as uow:
            for statement in (FREE, *statements):
                values = {name: UUID(each) for name, each in self.ids.items() if f":{name}" in statement}
                await uow.session.execute(text(statement), values)


@pytest.fixture
async def world(runtime: Runtime, student: Student, track_id: UUID, drainer: Drainer) -> World:
    """A student has finished; three entries stand in the audit chain; all is well."""
    bundle, _ = await student.finished(track_id)
    assessment_id = UUID(bundle["assessmentId"])
    actor = Actor(id=new_id(), role="advisor")
    async with runtime.open_uow() as uow:
        for code in ("followUp", "followUp", "resolved"):
            await audit.record(uow, actor, AuditAction.ASSESSMENT_FLAGGED, "assessment", assessment_id, {"code": code})
        rows = await uow.session.execute(text("SELECT job_type, id FROM async_jobs"))
        jobs = {JobType(row.job_type): str(row.id) for row in rows}
    made = World(
        runtime,
        {
            "assessment": str(assessment_id),
            "essays": jobs[JobType.SCORE_ESSAY],
            "recommendation": jobs[JobType.GENERATE_RECOMMENDATIONS],
        },
    )
    assert await broken(runtime.open_uow) == {}
    return made


QUEUED = (
    "UPDATE async_jobs SET status = 'queued', finished_at = NULL{} WHERE id = :recommendation",
    "DELETE FROM effect_log WHERE job_id = :recommendation",
    "UPDATE assessments SET completed_at = NULL WHERE id = :assessment",
    "DELETE FROM recommendations WHERE assessment_id = :assessment",
)
"""The recommendation job as it stood before it was claimed."""
AGAIN = {
    "essay": (
        "INSERT INTO essay_scores (assessment_id, question_id, version, clarity, percent, flags, verdict, provenance)"
        " SELECT assessment_id, question_id, {}, clarity, percent, flags, verdict, provenance FROM essay_scores LIMIT 1"
    ),
    "theory": (
        "INSERT INTO rule_scores (assessment_id, question_id, credit, answered, signals)"
        " SELECT assessment_id, question_id, credit, answered, signals FROM rule_scores LIMIT 1"
    ),
    "recommendation": (
        "INSERT INTO recommendations (assessment_id, version, summary, excluded, provenance, processing_ms)"
        " SELECT assessment_id, {}, summary, excluded, provenance, processing_ms FROM recommendations LIMIT 1"
    ),
}
ESSAYS_ONCE = "ALTER TABLE essay_scores DROP CONSTRAINT uq_essay_scores_assessment_id_question_id_version"
THEORY_ONCE = "ALTER TABLE rule_scores DROP CONSTRAINT uq_rule_scores_assessment_id_question_id"
RECOMMENDED_ONCE = "ALTER TABLE recommendations DROP CONSTRAINT uq_recommendations_assessment_id_version"
LEASED = "UPDATE async_jobs SET status = 'leased', finished_at = NULL, lease_owner = 'w1', lease_expires_at = {} WHERE id = :recommendation"
SENT_TWICE = (
    "INSERT INTO async_jobs (job_type, assessment_id, track_slug, priority, run_at, dedupe_key, correlation_id, parent_job_id, heals)"
    " SELECT job_type, assessment_id, track_slug, 5, now(), 'score_essay:' || assessment_id || '\\:{}', '', id, true"
    " FROM async_jobs WHERE id = :essays"
)
DELIVERY = "INSERT INTO webhook_deliveries (event_id, endpoint_id, status) VALUES (uuidv7(), uuidv7(), '{}')"
DELIVERING = (
    "INSERT INTO async_jobs (job_type, delivery_id, track_slug, priority, run_at, dedupe_key, correlation_id)"
    " SELECT 'deliver_webhook', id, 'none', 9, now(), 'deliver_webhook:' || id || '\\:1', '' FROM webhook_deliveries"
)
ANOTHER_QUESTION = (
    "UPDATE assessment_question_snapshots s SET question_version_id ="
    " (SELECT id FROM question_versions v WHERE v.question_id <> s.question_id LIMIT 1) WHERE position = 1"
)
ANOTHER_RUBRIC = (
    "UPDATE question_versions SET rubric_hash = repeat('0', 64)"
    " WHERE id = (SELECT id FROM question_versions WHERE rubric_hash IS NOT NULL LIMIT 1)"
)
ANOTHER_TITLE = (
    "UPDATE credential_versions SET content = jsonb_set(content, '{title}', '\"Another\"')"
    " WHERE id = (SELECT max(id::text)::uuid FROM credential_versions)"
)
QUESTION_ASKED = "(SELECT question_version_id FROM assessment_question_snapshots LIMIT 1)"

_I = Invariant
BREAKS: list[tuple[Invariant, str, tuple[str, ...]]] = [
    (_I.SUBMITTED_HAS_JOBS, "assessment", ("DELETE FROM async_jobs WHERE id = :essays", "DELETE FROM effect_log WHERE job_id = :essays",
                                           "DELETE FROM essay_scores")),
    (_I.FINISHED_HAS_RECOMMENDATION, "assessment", ("DELETE FROM recommendations",)),
    (_I.RECOMMENDED_IS_FINISHED, "assessment", ("UPDATE assessments SET completed_at = NULL",)),
    (_I.ONE_SCORE_SET, "assessment", (ESSAYS_ONCE, AGAIN["essay"].format(1))),
    (_I.ONE_SCORE_SET, "assessment", (THEORY_ONCE, AGAIN["theory"])),
    (_I.ONE_SCORE_SET, "assessment", (RECOMMENDED_ONCE, AGAIN["recommendation"].format(1))),
    (_I.VERSIONS_HAVE_JOBS, "assessment", (AGAIN["essay"].format(2),)),
    (_I.VERSIONS_HAVE_JOBS, "assessment", (AGAIN["recommendation"].format(2),)),
    (_I.ENDED_HAS_EFFECT, "essays", ("DELETE FROM effect_log WHERE job_id = :essays",)),
    (_I.EFFECT_HAS_ITS_FENCE, "essays", ("UPDATE effect_log SET fence = fence + 1 WHERE job_id = :essays",)),
    (_I.EFFECT_HAS_ITS_JOB, "", ("INSERT INTO effect_log (job_id, fence) VALUES (uuidv7(), 1)",)),
    (_I.EFFECT_HAS_ITS_JOB, "recommendation", (QUEUED[0].format(""), *QUEUED[2:])),
    (_I.LEASES_ARE_TAKEN_BACK, "recommendation", (LEASED.format("clock_timestamp() - interval '6 s'"), *QUEUED[1:])),
    (_I.LEASES_ARE_TAKEN_BACK, "recommendation", (LEASED.format("NULL"), *QUEUED[1:])),
    (_I.NOTHING_WAITS_FOR_EVER, "recommendation", (QUEUED[0].format(", run_at = 'infinity'"), *QUEUED[1:])),
    (_I.ONE_AT_A_TIME, "assessment", (SENT_TWICE.format(2), SENT_TWICE.format(3))),
    (_I.DELIVERY_HAS_ITS_JOB, "", (DELIVERY.format("pending"),)),
    (_I.DELIVERY_HAS_ITS_JOB, "", (DELIVERY.format("delivered"), DELIVERING)),
    (_I.SNAPSHOT_OF_ITS_QUESTION, "assessment", (ANOTHER_QUESTION,)),
    (_I.CONTENT_FITS_ITS_HASH, "", (
        f"UPDATE question_versions SET content = jsonb_set(content, '{{prompt}}', '\"Another question?\"') WHERE id = {QUESTION_ASKED}",)),
    (_I.CONTENT_FITS_ITS_HASH, "", (ANOTHER_RUBRIC,)),
    (_I.CONTENT_FITS_ITS_HASH, "", (ANOTHER_TITLE,)),
    (_I.AUDIT_CHAIN_HOLDS, "", ("UPDATE audit_logs SET changes = '{}' WHERE sequence = 2",)),
    (_I.AUDIT_CHAIN_HOLDS, "", ("DELETE FROM audit_logs WHERE sequence = 2",)),
]  # fmt: skip
"""What is broken, who is named for it (empty: see the count alone), and how."""


@pytest.mark.parametrize(("invariant", "named", "statements"), BREAKS, ids=[f"{each[0]}-{place}" for place, each in enumerate(BREAKS)])
async def test_what_is_broken_is_found(world: World, invariant: Invariant, named: str, statements: tuple[str, ...]) -> None:
    """This invariant and no other, once, naming what breaks it."""
    await world.run(*statements)
    found = await broken(world.runtime.open_uow)
    assert set(found) == {invariant.value}
    count, examples = found[invariant.value]
    assert count == len(examples) == 1
    if named:
        assert examples == (world.ids[named],)


@pytest.mark.parametrize("table", sorted(IMMUTABLE_TABLES))
async def test_a_guard_that_sleeps_is_found(runtime: Runtime, table: str) -> None:
    """For each table that is written once: the trigger disabled."""
    await _run(runtime, f"ALTER TABLE {table} DISABLE TRIGGER immutable")
    assert await broken(runtime.open_uow) == {"written_once_is_guarded": (1, (table,))}


@pytest.mark.parametrize(
    "statements",
    [
        ["DROP TRIGGER immutable ON effect_log"],
        ["ALTER TABLE effect_log ENABLE REPLICA TRIGGER immutable"],
        ["DROP TRIGGER immutable ON effect_log",
         "CREATE TRIGGER immutable BEFORE DELETE ON effect_log FOR EACH ROW EXECUTE FUNCTION refuse_change()"],
        ["DROP TRIGGER immutable ON effect_log",
         "CREATE TRIGGER immutable BEFORE UPDATE OF fence ON effect_log FOR EACH ROW EXECUTE FUNCTION refuse_change()"],
        ["DROP TRIGGER immutable ON effect_log",
         "CREATE TRIGGER immutable BEFORE UPDATE ON effect_log FOR EACH ROW WHEN (OLD.fence > 9) EXECUTE FUNCTION refuse_change()"],
        ["CREATE FUNCTION allow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", "DROP TRIGGER immutable ON effect_log",
         "CREATE TRIGGER immutable BEFORE UPDATE ON effect_log FOR EACH ROW EXECUTE FUNCTION allow()"],
    ],
    ids=["dropped", "replica", "other event", "one column", "condition", "other function"],
)  # fmt: skip
async def test_a_guard_that_guards_nothing_is_found(runtime: Runtime, statements: list[str]) -> None:
    """There in name, but it would not refuse."""
    await _run(runtime, *statements)
    assert await broken(runtime.open_uow) == {"written_once_is_guarded": (1, ("effect_log",))}


@pytest.mark.parametrize("renewed", ["", " OR NOT only_renewed(to_jsonb(OLD), to_jsonb(NEW), '{clarity,verdict}'::text[])"])
async def test_a_gate_that_is_too_wide_is_found(runtime: Runtime, renewed: str) -> None:
    """A rotation that could change anything, or one column more."""
    condition = f"current_setting('assay.rekeying', true) IS DISTINCT FROM 'on'{renewed}"
    trigger = f"immutable BEFORE UPDATE ON essay_scores FOR EACH ROW WHEN ({condition})"
    await _run(runtime, f"CREATE OR REPLACE TRIGGER {trigger} EXECUTE FUNCTION refuse_change()")
    assert await broken(runtime.open_uow) == {"written_once_is_guarded": (1, ("essay_scores",))}


async def test_a_gate_that_looks_at_nothing_is_found(runtime: Runtime) -> None:
    """Its function lets everything through: every table with ciphertexts is told."""
    signature = "only_renewed(before jsonb, after jsonb, ciphertexts text[]) RETURNS boolean"
    await _run(runtime, f"CREATE OR REPLACE FUNCTION {signature} LANGUAGE sql STABLE AS 'SELECT true'")
    assert (await broken(runtime.open_uow))["written_once_is_guarded"][0] == len(IMMUTABLE_TABLES & set(SEALED))


async def test_a_function_that_refuses_nothing_any_more_is_found(runtime: Runtime) -> None:
    """All tables at once, of which five are named; the jobs that have ended are among the guarded."""
    await _run(runtime, "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    guarded = sorted({*IMMUTABLE_TABLES, "async_jobs"})
    assert await broken(runtime.open_uow) == {"written_once_is_guarded": (len(guarded), tuple(guarded[:EXAMPLES]))}


async def test_a_submission_of_long_ago_may_have_forgotten_its_jobs(world: World) -> None:
    """Queue data is kept for 30 days: an older finished assessment without jobs is no violation, an unfinished one is."""
    await world.run("DELETE FROM async_jobs", "DELETE FROM effect_log", "UPDATE assessments SET submitted_at = now() - interval '31 days'")
    assert await broken(world.runtime.open_uow) == {}
    await world.run("UPDATE assessments SET completed_at = NULL")
    assert await broken(world.runtime.open_uow) == {"submitted_has_jobs": (1, (world.ids["assessment"],))}


async def test_a_check_changes_nothing(world: World) -> None:
    """No row is written by looking."""
    query = text("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_all_tables")
    async with world.runtime.open_uow() as uow:
        before = await uow.session.scalar(query)
        for invariant in QUERIES:
            await uow.invariants.broken(invariant)
        for derive in DERIVED.values():
            await derive(uow)
        assert await uow.session.scalar(query) == before


async def test_every_invariant_has_a_sentence_and_a_way_to_be_checked(runtime: Runtime) -> None:
    """The report holds all of them in order; each is asked by SQL or derived, not both."""
    report = await invariants.check(runtime.open_uow)
    assert [finding.name for finding in report.findings] == list(Invariant)
    assert report.holds
    assert set(MEANINGS) == set(Invariant)
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())
    assert {*QUERIES, *DERIVED} == set(Invariant)
    assert not set(QUERIES) & set(DERIVED)
    assert {invariant for invariant, *_ in BREAKS} | {Invariant.WRITTEN_ONCE_IS_GUARDED} == set(Invariant)


async def _run(runtime: Runtime, *statements: str) -> None:
    async with runtime.open_uow() as uow:
        for statement in statements:
            await uow.session.execute(text(statement))
