"""Retention: what is past its time goes, what is not stays, holds are respected, the chain of audit entries still verifies."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from journeys import Student
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from assay.db.models import AuditLog
from assay.db.models.base import table
from assay.domain.actors import Actor
from assay.domain.audit import GENESIS, AuditAction, AuditEntry
from assay.domain.retention import ASSESSMENT_MONTHS, AUDIT_MONTHS, QUEUE_DAYS, Item, Kind, Policy
from assay.kit.ids import new_id
from assay.observability import metrics
from assay.runtime import Runtime
from assay.services import audit, invariants, people, retention
from assay.services.people import Reasoned
from assay.services.retention import RunRead
from assay.settings import RETENTION_FLOORS, Settings
from assay.worker.drainer import Drainer

POLICY = Policy()


async def run(runtime: Runtime, *, dry_run: bool = False) -> dict[Kind, Item]:
    """A run; what it did, by kind."""
    done = await retention.run(runtime.open_uow, runtime.vector_store, POLICY, dry_run=dry_run)
    return {item.kind: item for item in done.items}


async def execute(runtime: Runtime, *statements: str) -> None:
    """Bend history, past all triggers."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await uow.session.execute(text(statement))


async def count(runtime: Runtime, name: str) -> int:
    """How many rows a table has."""
    async with runtime.open_uow() as uow:
        return int(await uow.session.scalar(text(f"SELECT count(*) FROM {name}")) or 0)


async def aged(runtime: Runtime, days: int) -> None:
    """Let everything about assessments have happened so many days earlier."""
    columns = {
        "assessments": "started_at expires_at submitted_at completed_at closed_at",
        "async_jobs": "run_at created_at finished_at first_claimed_at",
        "model_calls": "created_at",
        "model_replies": "created_at",
        "refresh_tokens": "created_at expires_at",
    }
    await execute(
        runtime,
        *(
            f"UPDATE {name} SET " + ", ".join(f"{each} = {each} - interval '{days} days'" for each in times.split())
            for name, times in columns.items()
        ),
    )


@pytest.fixture
async def result(runtime: Runtime, student: Student, track_id: UUID, drainer: Drainer) -> dict[str, Any]:
    """A finished assessment."""
    _, found = await student.finished(track_id)
    return found


async def test_nothing_goes_before_its_time(runtime: Runtime, result: dict[str, Any]) -> None:
    """On the day before nothing does, and the run says so."""
    await aged(runtime, QUEUE_DAYS - 1)
    assert {kind: item.removed for kind, item in (await run(runtime)).items()} == dict.fromkeys(Kind, 0)
    assert await count(runtime, "audit_logs") == 0


async def test_jobs_go_after_a_month_and_the_result_stays(runtime: Runtime, student: Student, result: dict[str, Any]) -> None:
    """The ledger forgets; status and result are told as before, and everything that must hold does."""
    await aged(runtime, QUEUE_DAYS + 1)
    counted = await run(runtime, dry_run=True)
    assert (counted[Kind.JOBS].removed, await count(runtime, "async_jobs")) == (2, 2)
    assert (await run(runtime))[Kind.JOBS].removed == 2
    assert await count(runtime, "effect_log") == 0
    status = (await student.request("GET", f"/assessments/{result['assessmentId']}/status")).json()
    assert (status["status"], status["percent"]) == ("completed", 100)
    assert {stage["state"] for stage in status["stages"].values()} == {"completed"}
    again = await student.request("GET", f"/assessments/{result['assessmentId']}/result")
    assert again.json()["scores"] == result["scores"]
    assert [each for each in (await invariants.check(runtime.open_uow)).findings if each.violations] == []


async def test_assessments_go_after_two_years_unless_held(runtime: Runtime, student_actor: Actor, result: dict[str, Any]) -> None:
    """With all that hangs from them; under a legal hold nothing does, and the report says how many."""
    await aged(runtime, 31 * ASSESSMENT_MONTHS)
    async with runtime.open_uow() as uow:
        await people.hold(uow, None, student_actor.id, Reasoned(reason="An appeal is pending"))
    held = await run(runtime)
    assert [(held[kind].removed, held[kind].held) for kind in (Kind.ASSESSMENTS, Kind.JOBS)] == [(0, 1), (0, 2)]
    assert held[Kind.MODEL_CALLS].removed == 0
    assert await count(runtime, "assessments") == 1
    async with runtime.open_uow() as uow:
        await people.release(uow, None, student_actor.id, Reasoned(reason="It is decided"))
    with capture_logs() as logs:
        before = metrics.RETENTION_REMOVED.labels(kind="assessments")._value.get()
        assert (await run(runtime))[Kind.ASSESSMENTS].removed == 1
    assert metrics.RETENTION_REMOVED.labels(kind="assessments")._value.get() == before + 1
    (line,) = [each for each in logs if each["event"] == "retention_ran"]
    assert line["removed"]["assessments"] == 1
    for name in ("assessments", "assessment_responses", "essay_scores", "recommendations", "rag_traces", "model_replies", "async_jobs"):
        assert await count(runtime, name) == 0, name
    async with runtime.open_uow(autocommit=True) as uow:
        entry = (await uow.audit.chain())[-1].entry
        assert (entry.action, entry.changes["removed"]["assessments"]) == ("retention:run", 1)


async def test_what_is_under_way_stays(runtime: Runtime, student: Student, track_id: UUID) -> None:
    """However old: a job that has not ended keeps its assessment."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    await student.submit(bundle)
    await aged(runtime, 31 * ASSESSMENT_MONTHS)
    assert {kind: item.removed for kind, item in (await run(runtime)).items() if item.removed} == {}


async def test_webhooks_sessions_and_old_indexes(runtime: Runtime, student: Student, student_actor: Actor, track_id: UUID) -> None:
    """Events once no delivery is under way, refresh tokens past their time, index versions nobody can need; the way back stays."""
    bundle = await student.start(track_id)
    versions = [new_id() for _ in range(3)]
    async with runtime.open_uow() as uow:
        for number, (version, status) in enumerate(zip(versions, ("retired", "retired", "failed"), strict=True)):
            await uow.session.execute(
                text(
                    "INSERT INTO index_versions (id, embedder, dimension, chunking, catalog_hash, status, activated_at, finished_at)"
                    " VALUES (:id, 'e', 1, 'c', 'h', :status, now() - make_interval(days => 40 - :n), now() - interval '40 days')"
                ),
                {"id": version, "status": status, "n": number},
            )
        await uow.session.execute(text("INSERT INTO webhook_endpoints (url, secret, events) VALUES ('https://lms.example', '', '{}')"))
        await uow.session.execute(
            text(
                "INSERT INTO webhook_events (event, dedupe_key, assessment_id, payload, created_at)"
                " SELECT 'assessment.completed', k, :assessment, '', now() - interval '31 days' FROM unnest(ARRAY['done', 'open']) k"
            ),
            {"assessment": UUID(bundle["assessmentId"])},
        )
        await uow.session.execute(
            text(
                "INSERT INTO webhook_deliveries (event_id, endpoint_id, status, finished_at)"
                " SELECT e.id, p.id, CASE e.dedupe_key WHEN 'open' THEN 'pending' ELSE 'delivered' END, now() - interval '31 days'"
                " FROM webhook_events e, webhook_endpoints p"
            )
        )
        await uow.session.execute(
            text(
                "INSERT INTO refresh_tokens (family_id, user_id, token_hash, expires_at)"
                " SELECT uuidv7(), :user, d::text, now() - make_interval(days => d) FROM unnest(ARRAY[29, 31]) d"
            ),
            {"user": student_actor.id},
        )
    done = await run(runtime)
    assert {kind.value: item.removed for kind, item in done.items() if item.removed} == {"webhooks": 1, "sessions": 1, "indexVersions": 2}
    async with runtime.open_uow() as uow:
        assert list(await uow.session.scalars(text("SELECT dedupe_key FROM webhook_events"))) == ["open"]
        assert versions[1] in set(await uow.session.scalars(text("SELECT id FROM index_versions WHERE status = 'retired'")))


async def history(runtime: Runtime, months: list[int]) -> None:
    """Audit entries that were written so many months ago, oldest first, in one chain."""
    previous = GENESIS
    async with runtime.open_uow() as uow:
        for number, age in enumerate(months):
            at = datetime.now(UTC) - timedelta(days=31 * age, seconds=-number)
            entry = AuditEntry(
                at=at,
                actor_id=None,
                action=AuditAction.TRACK_UPDATED,
                target_type="track",
                target_id=str(number),
                changes={},
                correlation_id="",
            )
            values = {name: getattr(entry, name) for name in AuditEntry.model_fields}
            await uow.session.execute(table(AuditLog).insert().values(**values, previous_hash=previous, hash=entry.hash(previous)))
            previous = entry.hash(previous)


async def test_audit_entries_go_after_three_years_and_the_chain_verifies(runtime: Runtime) -> None:
    """From the oldest on; what is left begins at an anchor, and a removed first entry still shows."""
    await history(runtime, [60, 50, 40, 30, 20])
    assert (await run(runtime))[Kind.AUDIT].removed == 3
    async with runtime.open_uow(autocommit=True) as uow:
        report = await audit.verify(uow)
        assert (report.holds, report.entries, report.begins_after) == (True, 3, 3)  # the run's own entry is the third
        assert await uow.session.scalar(text("SELECT count(*) FROM audit_anchors")) == 1
    assert (await run(runtime))[Kind.AUDIT].removed == 0
    await execute(runtime, "DELETE FROM audit_logs WHERE sequence = 4")
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await audit.verify(uow)).broken_at == 5


async def test_nobody_else_removes_audit_entries(runtime: Runtime) -> None:
    """The trigger lets go of what is old and anchored, of nothing younger and of nothing without an anchor."""
    await history(runtime, [60, 20])
    for statement in ("DELETE FROM audit_logs WHERE sequence = 1", "DELETE FROM audit_logs WHERE sequence = 2"):
        with pytest.raises(DBAPIError, match="audit_logs is immutable"):
            await plain(runtime, statement)
    with pytest.raises(DBAPIError, match="audit_logs is immutable"):
        await plain(runtime, "INSERT INTO audit_anchors (sequence, hash, removed) VALUES (2, 'x', 2)", "DELETE FROM audit_logs")
    assert await count(runtime, "audit_logs") == 2


async def plain(runtime: Runtime, *statements: str) -> None:
    """As the application itself would."""
    async with runtime.open_uow() as uow:
        for statement in statements:
            await uow.session.execute(text(statement))


async def test_once_a_day_by_itself(runtime: Runtime, admin: Student) -> None:
    """The first to come runs, the next finds it done; a run that broke off is taken up; admins read the reports."""

    async def due() -> RunRead | None:
        return await retention.run_if_due(runtime.open_uow, runtime.vector_store, POLICY, 24)

    first = await due()
    assert first
    assert first.scheduled
    assert await due() is None
    await execute(runtime, "UPDATE retention_runs SET started_at = started_at - interval '2 hours', finished_at = NULL")
    assert await due()
    await execute(runtime, "UPDATE retention_runs SET started_at = started_at - interval '25 hours'")
    assert await due()
    page = (await admin.request("GET", "/retention/runs?limit=2")).json()
    assert len(page["items"]) == 2
    assert [item["kind"] for item in page["items"][0]["items"]] == [kind.value for kind in Kind]
    rest = (await admin.request("GET", f"/retention/runs?limit=2&cursor={page['nextCursor']}")).json()
    assert [each["id"] for each in rest["items"]] == [str(first.id)]


async def test_large_amounts_go_in_portions(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each its own transaction; what a run does not manage it leaves to the next, and says so."""
    await execute(
        runtime,
        "INSERT INTO model_calls (purpose, producer, model, prompt_hash, parameters, outcome, usage, created_at)"
        " SELECT 'p', 'x', 'm', 'h', '{}', 'ok', '{}', now() - interval '25 months' FROM generate_series(1, 25)",
    )
    monkeypatch.setitem(retention.PORTION, Kind.MODEL_CALLS, 10)
    monkeypatch.setattr(retention, "PORTIONS", 2)
    assert (await run(runtime))[Kind.MODEL_CALLS].model_dump(include={"removed", "more"}) == {"removed": 20, "more": True}
    assert (await run(runtime))[Kind.MODEL_CALLS].removed == 5


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("retention_assessment_months", 23, "ASSAY_RETENTION_ASSESSMENT_MONTHS is 23, but assessments are kept 24 months at least."),
        ("retention_queue_days", 0, "ASSAY_RETENTION_QUEUE_DAYS is 0, but queue metadata is kept 30 days at least."),
        ("retention_audit_months", 35, "ASSAY_RETENTION_AUDIT_MONTHS is 35, but audit entries are kept 36 months at least."),
    ],
)
def test_settings_may_lengthen_and_not_shorten(name: str, value: int, said: str) -> None:
    """Anything below the floor is refused with a sentence, before anything starts."""
    with pytest.raises(ValueError, match=said.replace(".", r"\.")):
        Settings(**{name: value})
    longer = RETENTION_FLOORS[name][1] + 1
    assert getattr(Settings(**{name: longer}), name) == longer


def test_the_floors_are_the_same_everywhere() -> None:
    """Settings, domain and trigger speak of the same periods."""
    assert [least for _, least, _ in RETENTION_FLOORS.values()] == [ASSESSMENT_MONTHS, QUEUE_DAYS, AUDIT_MONTHS] == [24, 30, 36]
    assert Policy() == Policy(assessment_months=24, queue_days=30, audit_months=36)
