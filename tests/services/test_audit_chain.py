"""The audit chain on the real table: whatever a superuser does to one row is found and located."""

import pytest
from sqlalchemy import text

from assay.db.models import AuditLog
from assay.domain.audit import AuditAction, ChainReport
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import audit

CHANGES = {
    "at": "at + interval '1 microsecond'",
    "actor_id": "uuidv7()",
    "action": "'track:retire'",
    "target_type": "'question'",
    "target_id": "target_id || 'x'",
    "changes": """'{"code": "scoring"}'""",
    "correlation_id": "'another'",
    "previous_hash": "'0'",
    "hash": "repeat('0', 64)",
}
FOURTH = 4
"""Of seven entries, the one that is tampered with."""


async def written(runtime: Runtime, entries: int = 7) -> None:
    """A chain of so many entries."""
    for number in range(entries):
        async with runtime.open_uow() as uow:
            await audit.record(uow, None, AuditAction.ASSESSMENT_FLAGGED, "assessment", new_id(), {"code": "followUp", "n": number})


async def tampered(runtime: Runtime, *statements: str) -> ChainReport:
    """What the check says after a superuser, whom no trigger stops, has done this."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            await uow.session.execute(text(statement))
    async with runtime.open_uow(autocommit=True) as uow:
        return await audit.verify(uow)


async def test_an_untouched_chain_holds(runtime: Runtime) -> None:
    """None, one, many entries."""
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await audit.verify(uow)).holds
    await written(runtime)
    async with runtime.open_uow(autocommit=True) as uow:
        assert await audit.verify(uow) == ChainReport(holds=True, entries=7, begins_after=None, up_to=7)


def test_every_column_is_tried() -> None:
    """The table below misses none."""
    assert set(CHANGES) | {"sequence"} == {column.name for column in AuditLog.__table__.columns}


@pytest.mark.parametrize("column", CHANGES)
async def test_each_altered_column_is_found_and_located(runtime: Runtime, column: str) -> None:
    """At the entry itself."""
    await written(runtime)
    report = await tampered(runtime, f"UPDATE audit_logs SET {column} = {CHANGES[column]} WHERE sequence = {FOURTH}")
    assert (report.holds, report.broken_at) == (False, FOURTH)


@pytest.mark.parametrize(
    ("statements", "broken_at"),
    [
        ([f"DELETE FROM audit_logs WHERE sequence = {FOURTH}"], FOURTH + 1),
        (["DELETE FROM audit_logs WHERE sequence = 1"], 2),
        (["DELETE FROM audit_logs WHERE sequence = 7"], 7),
        (["DELETE FROM audit_logs WHERE sequence > 5"], 7),
        (["DELETE FROM audit_logs"], 7),
        (["CREATE TEMP TABLE moved AS SELECT * FROM audit_logs WHERE sequence = 4", "DELETE FROM audit_logs WHERE sequence = 4",
          ("INSERT INTO audit_logs OVERRIDING SYSTEM VALUE SELECT 9, at, actor_id, action, target_type, target_id, changes, correlation_id,"
          " previous_hash, hash FROM moved")], 5),
        ([("INSERT INTO audit_logs (at, action, target_type, target_id, changes, correlation_id, previous_hash, hash) SELECT now(),"
          " 'track:update', 'track', '1', '{}', 'c', hash, 'made up' FROM audit_logs WHERE sequence = 7")], 8),
        (["UPDATE audit_logs SET sequence = DEFAULT WHERE sequence = 4"], 5),
    ],
)  # fmt: skip
async def test_removed_inserted_and_moved_entries_are_found(runtime: Runtime, statements: list[str], broken_at: int) -> None:
    """At the first entry that does not fit: from the middle, the beginning, the end, all of them."""
    await written(runtime)
    report = await tampered(runtime, *statements)
    assert (report.holds, report.broken_at) == (False, broken_at)
    assert report.why


async def test_an_entry_that_fits_but_came_past_the_trigger_is_found(runtime: Runtime) -> None:
    """Even one whose hashes are right: the note of the newest entry does not know it."""
    await written(runtime, 3)
    async with runtime.open_uow(autocommit=True) as uow:
        *_, last = await uow.audit.chain()
        entry = last.entry.model_copy(update={"target_id": "forged"})
    report = await tampered(
        runtime,
        "INSERT INTO audit_logs (at, action, target_type, target_id, changes, correlation_id, previous_hash, hash)"
        f" SELECT at, action, target_type, 'forged', changes, correlation_id, hash, '{entry.hash(last.hash)}'"
        " FROM audit_logs WHERE sequence = 3",
    )
    assert (report.holds, report.broken_at, report.why) == (False, 4, audit.UNNOTED)


async def test_entries_of_old_words_still_verify(runtime: Runtime) -> None:
    """An entry written as `track.updated` keeps its text and its hash."""
    async with runtime.open_uow() as uow:
        target = str(new_id())
        await uow.audit.append(
            actor_id=None,
            action="track.updated",
            target_type="track",
            target_id=target,
            changes={},
            correlation_id="c",  # type: ignore[arg-type]
        )
    await written(runtime, 2)
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await audit.verify(uow)).holds
        assert await uow.session.scalar(text("SELECT action FROM audit_logs WHERE sequence = 1")) == "track.updated"
