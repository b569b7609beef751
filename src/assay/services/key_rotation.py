"""Rotation: what is encrypted under an old key, or in an old format, is encrypted anew, while everybody goes on reading and writing.

Small pieces in short transactions. Rows that somebody else is writing are left and looked at again; whoever ends this, however hard, loses
one piece, and the next run goes on with what is left.
"""

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog

from assay.db.repositories.sealed_values import LOOK_UPS, TABLES, Key
from assay.db.types import key_ring
from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.audit import AuditAction
from assay.domain.keys import IndexCount, KeyReport, KeyState, Progress, Rotation
from assay.kit.ids import new_id
from assay.services import audit

log = structlog.get_logger(__name__)

LOOKED_AT_ONCE: Final = 1_000
RENEWED_AT_ONCE: Final = 200
"""Rows held while they are encrypted: some ten milliseconds."""
PASSES: Final = 5
"""Over a table with rows that somebody else was writing each time."""
PAUSE_SECONDS: Final = 0.005
"""Between pieces: whoever waits for the disk comes first."""

type Told = Callable[[Progress], None]


async def check(open_uow: OpenUnitOfWork) -> KeyReport:
    """Count every value by key and format, and look-ups by key. Raises `Unavailable`."""
    async with open_uow(autocommit=True) as uow:
        counts = await uow.sealed_values.count()
    ring = key_ring()
    # without the key there is no address to make a look-up of
    readable = all(count.state is not KeyState.MISSING for count in counts if count.table in LOOK_UPS)
    look_ups = await _look_ups(open_uow) if readable else IndexCount(current=0, old=0, missing=0)
    return KeyReport(current=ring.current, keys=ring.ids, counts=tuple(counts), look_ups=look_ups)


async def rotate(open_uow: OpenUnitOfWork, told: Told) -> Rotation:
    """Encrypt anew what needs it. Idempotent. Raises `Unavailable`; what was renewed by then stays renewed.

    Leaves an audit entry before and after, unless there is nothing to do.
    """
    before = await check(open_uow)
    if before.rotated:
        await _forget_proofs(open_uow)
        return Rotation(tables=(), look_ups=0, report=before)
    rotation_id, due = new_id(), before.of_state(KeyState.OLD)
    await _record(open_uow, rotation_id, {"to": before.current, "state": "begun", "values": due, "lookUps": before.look_ups.old})
    tables = tuple([await _rotate_table(open_uow, table, told) for table in TABLES])
    look_ups = sum([await _rotate_look_ups(open_uow, which) for which in LOOK_UPS])
    report = await check(open_uow)
    if report.rotated:
        await _forget_proofs(open_uow)
    renewed = {each.table: each.renewed for each in tables if each.renewed}
    ended = {"to": report.current, "state": "ended", "rows": renewed, "lookUps": look_ups, "left": report.of_state(KeyState.OLD)}
    await _record(open_uow, rotation_id, ended)
    log.info("keys_rotated", key_id=report.current, rows=sum(renewed.values()), look_ups=look_ups, left=report.of_state(KeyState.OLD))
    return Rotation(tables=tables, look_ups=look_ups, report=report)


async def _rotate_table(open_uow: OpenUnitOfWork, table: str, told: Told) -> Progress:
    progress = Progress(table=table)
    for _ in range(PASSES):
        progress = await _pass(open_uow, progress.model_copy(update={"seen": 0, "busy": 0, "unreadable": 0}), told)
        if not progress.busy:
            break
    return progress


async def _pass(open_uow: OpenUnitOfWork, progress: Progress, told: Told) -> Progress:
    after: Key | None = None
    while True:
        async with open_uow(autocommit=True) as uow:
            piece = await uow.sealed_values.look_at(progress.table, after, LOOKED_AT_ONCE)
        for start in range(0, len(piece.stale), RENEWED_AT_ONCE):
            keys = piece.stale[start : start + RENEWED_AT_ONCE]
            async with open_uow() as uow:
                done = await uow.sealed_values.renew(progress.table, keys)
            busy = len(keys) - done.renewed - done.unreadable
            progress = progress.plus(renewed=done.renewed, unreadable=done.unreadable, busy=busy)
            await asyncio.sleep(PAUSE_SECONDS)
        progress = progress.plus(seen=piece.rows)
        told(progress)
        if piece.rows < LOOKED_AT_ONCE:
            return progress
        after = piece.last


async def _rotate_look_ups(open_uow: OpenUnitOfWork, which: str) -> int:
    renewed = 0
    for _ in range(PASSES):
        busy, after, more = 0, None, True
        while more:
            async with open_uow() as uow:
                done, left, after = await uow.sealed_values.renew_look_ups(which, after, RENEWED_AT_ONCE)
            renewed, busy, more = renewed + done, busy + left, after is not None
        if not busy:
            break
    return renewed


async def _look_ups(open_uow: OpenUnitOfWork) -> IndexCount:
    total = IndexCount(current=0, old=0, missing=0)
    for which in LOOK_UPS:
        after: UUID | None = None
        more = True
        while more:
            async with open_uow(autocommit=True) as uow:
                found, after = await uow.sealed_values.count_look_ups(which, after, LOOKED_AT_ONCE)
            total, more = total.plus(found), after is not None
    return total


async def _forget_proofs(open_uow: OpenUnitOfWork) -> None:
    async with open_uow() as uow:
        await uow.sealed_values.forget_proofs(look_ups=True)


async def _record(open_uow: OpenUnitOfWork, rotation_id: UUID, changes: dict[str, object]) -> None:
    async with open_uow() as uow:
        await audit.record(uow, None, AuditAction.KEYS_ROTATED, "keys", rotation_id, changes)
