"""Retention: what is past its time goes, in small portions, each a transaction of its own; every run is reported."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from assay.db.models import RetentionRun
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.errors import ProviderError
from assay.domain.ports import VectorStore
from assay.domain.retention import Item, Kind, Policy
from assay.kit.model import Value
from assay.observability import metrics
from assay.services import audit

log = structlog.get_logger(__name__)

PORTIONS: Final = 100
"""Portions of a kind in one run, at most; the rest is for the next."""
PAUSE_SECONDS: Final = 0.02
"""Between portions: whoever waits for a lock or the disk comes first."""
PORTION: Final[dict[Kind, int]] = {
    Kind.ASSESSMENTS: 50,
    Kind.JOBS: 500,
    Kind.WEBHOOKS: 200,
    Kind.SESSIONS: 1_000,
    Kind.WEB_SESSIONS: 1_000,
    Kind.MODEL_REPLIES: 500,
    Kind.MODEL_CALLS: 1_000,
    Kind.INDEX_VERSIONS: 1,
    Kind.SNAPSHOTS: 5_000,
    Kind.AUDIT: 1_000,
    Kind.RUNS: 500,
}
"""Rows in a portion: an assessment has about a hundred others hanging from it, an index version thousands of chunks."""


class RunRead(Value):
    """One run: what it removed by kind, or would have removed (`dryRun`)."""

    id: UUID
    started_at: datetime
    finished_at: datetime | None
    scheduled: bool
    dry_run: bool
    items: tuple[Item, ...]


class RunPage(Value):
    """A page of runs, the newest first."""

    items: tuple[RunRead, ...]
    next_cursor: UUID | None


async def run_if_due(open_uow: OpenUnitOfWork, store: VectorStore, policy: Policy, every_hours: int) -> RunRead | None:
    """The daily run, unless somebody has made it; None then."""
    async with open_uow() as uow:
        run_id = await uow.retention.begin(scheduled=True, dry_run=False, every_hours=every_hours)
    return None if run_id is None else await _run(open_uow, store, policy, run_id, dry_run=False)


async def run(open_uow: OpenUnitOfWork, store: VectorStore, policy: Policy, *, dry_run: bool) -> RunRead:
    """A run out of turn; a dry one counts and removes nothing. Raises `Unavailable`; what was removed by then stays removed."""
    async with open_uow() as uow:
        run_id = await uow.retention.begin(scheduled=False, dry_run=dry_run, every_hours=0)
    if run_id is None:  # only a scheduled run may find that it is not its time
        raise AssertionError
    return await _run(open_uow, store, policy, run_id, dry_run=dry_run)


async def page(uow: UnitOfWork, cursor: UUID | None, limit: int) -> RunPage:
    """Runs, the newest first, older than `cursor`."""
    rows = await uow.retention.runs(cursor, limit + 1)
    return RunPage(items=tuple(map(_read, rows[:limit])), next_cursor=rows[limit - 1].id if len(rows) > limit else None)


async def _run(open_uow: OpenUnitOfWork, store: VectorStore, policy: Policy, run_id: UUID, *, dry_run: bool) -> RunRead:
    items = [await _item(open_uow, store, policy, kind, dry_run=dry_run) for kind in Kind]
    async with open_uow() as uow:
        done = _read(await uow.retention.finish(run_id, [item.model_dump(mode="json") for item in items]))
        removed = {item.kind.value: item.removed for item in items if item.removed}
        if removed and not dry_run:
            await _tell(uow, None, run_id, removed)
    for item in () if dry_run else items:
        metrics.RETENTION_REMOVED.labels(kind=item.kind.value).inc(item.removed)
    if not dry_run:
        metrics.RETENTION_RUN_AT.set(time.time())
    log.info("retention_ran", run_id=str(run_id), dry_run=dry_run, removed=removed, held=sum(item.held for item in items))
    return done


async def _tell(uow: UnitOfWork, actor: Actor | None, run_id: UUID, removed: dict[str, int]) -> None:
    await audit.record(uow, actor, AuditAction.RETENTION_RUN, "retention_run", run_id, {"removed": removed})


async def _item(open_uow: OpenUnitOfWork, store: VectorStore, policy: Policy, kind: Kind, *, dry_run: bool) -> Item:
    period, unit = policy.period(kind)
    months, days = (period, 0) if unit == "months" else (0, period)
    async with open_uow(autocommit=True) as uow:
        due = await uow.retention.due(kind, months, days)
    keeps = f"{period} {unit}"
    if dry_run or not due.removable:
        return Item(kind=kind, keeps=keeps, removed=due.removable, held=due.held)
    removed, more = 0, True
    for _ in range(PORTIONS):
        async with open_uow() as uow:
            keys = await uow.retention.remove(kind, months, days, PORTION[kind])
        await _after(store, kind, keys)
        removed += len(keys)
        more = bool(keys)
        if not more:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    return Item(kind=kind, keeps=keeps, removed=removed, held=due.held, more=more)


async def _after(store: VectorStore, kind: Kind, keys: list[Any]) -> None:
    """Vectors of an index version are in the store, which may be elsewhere; what stays there is searched by nobody."""
    for key in keys if kind is Kind.INDEX_VERSIONS else ():
        with suppress(ProviderError):
            await store.drop(key)


def _read(row: RetentionRun) -> RunRead:
    return RunRead(
        id=row.id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        scheduled=row.scheduled,
        dry_run=row.dry_run,
        items=tuple(Item.model_validate(item) for item in row.items),
    )
