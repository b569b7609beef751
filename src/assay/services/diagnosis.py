"""A look over what the database knows of a deployment: processes, queue, index, webhooks, invariants, upkeep."""

from datetime import datetime, timedelta
from typing import Final

from assay.db.repositories.audit import AuditSieve
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.alerts import Alert, AlertName
from assay.domain.audit import AuditAction
from assay.domain.diagnosis import Finding, State, failed, ok, unknown, warning
from assay.domain.errors import NotFound, ProviderError
from assay.domain.jobs import WorkerSeen
from assay.domain.ports import Embedder, VectorStore
from assay.domain.webhooks import DeliveryStatus
from assay.services import health, index_versions, invariants, retention, webhooks
from assay.services.health import Reading

PLACES: Final[dict[AlertName, tuple[str, State]]] = {
    AlertName.NO_WORKER: ("workers", State.FAILED),
    AlertName.NO_RECONCILER: ("sweeper", State.FAILED),
    AlertName.BACKLOG: ("queue", State.WARNING),
    AlertName.DEAD_LETTERS: ("dead letters", State.WARNING),
    AlertName.DEGRADED: ("results", State.WARNING),
    AlertName.SLOW: ("results", State.WARNING),
}
"""Where an alert in force belongs. Dependencies and providers are asked apart."""
LATE: Final = 2
"""Retention is late after so many of its periods."""
BACKUP_EVERY: Final = timedelta(hours=26)
"""Daily, with two hours for it to be taken."""
ENDPOINTS: Final = 200
LATELY: Final = timedelta(days=7)
"""A delivery is tried for a little over three days."""


async def processes(uow: UnitOfWork, seen: tuple[WorkerSeen, ...] | None) -> list[Finding]:
    """Workers, sweeper, queue, dead letters, results, by the same rules as the alerts of the operations page."""
    reading = await health.read(uow, seen, (), ())
    raised = {PLACES[alert.name][0]: _raised(alert) for alert in reading.alerts if alert.name in PLACES}
    last = (await uow.snapshots.written(1)).last
    if last is None and "sweeper" not in raised:
        raised["sweeper"] = failed("sweeper", "nothing has been measured for a day", "Start `assay sweeper`, one at least.")
    return [raised.get(name, ok(name, told)) for name, told in _fine(reading, last).items()]


def _raised(alert: Alert) -> Finding:
    name, state = PLACES[alert.name]
    since = f" since {alert.since:%Y-%m-%d %H:%M} UTC" if alert.since else ""
    return Finding(name=name, state=state, told=f"{alert.heading}{since}", remedy=alert.advice)


def _fine(reading: Reading, last: datetime | None) -> dict[str, str]:
    workers = f"{len(reading.workers)} at work" if reading.workers_known else "as Redis is away, only those with a job in hand are known"
    return {
        "workers": workers,
        "sweeper": f"measured at {last:%H:%M} UTC" if last else "",
        "queue": f"{sum(each.jobs for each in reading.depth)} jobs",
        "dead letters": "none wait",
        "results": f"{reading.hour.finished} in the last hour",
    }


async def search(open_uow: OpenUnitOfWork, embedder: Embedder, store: VectorStore) -> Finding:
    """The index that is searched: there, whole in the store, and of the catalog as it is."""
    name = "index"
    async with open_uow(autocommit=True) as uow:
        try:
            drift = await index_versions.compare(uow, embedder)
        except NotFound:
            return failed(name, "no version is searched", "Run `assay reindex`.")
        version = await index_versions.get(uow, drift.version_id)
    try:
        held = await store.holds(version.id)
    except ProviderError as error:
        return failed(name, f"the vector store does not answer: {error}", "See runbook vector-store-down; words are searched meanwhile.")
    if held != version.chunk_count or not held:
        return failed(name, f"the store holds {held} of {version.chunk_count} chunks", "Run `assay index rebuild`.")
    if not drift.current:
        return warning(name, "; ".join(drift.reasons), "Run `assay index rebuild`.")
    return ok(name, f"{held} chunks, as the catalog is")


async def telling(uow: UnitOfWork, now: datetime) -> Finding:
    """Endpoints of webhooks that are told nothing any more because they failed, and what was given up lately."""
    endpoints = (await webhooks.page(uow, None, ENDPOINTS)).items
    off = [each for each in endpoints if each.disabled_because]
    if off:
        named = ", ".join(f"{each.url} ({each.disabled_because}, since {each.disabled_at:%Y-%m-%d})" for each in off)
        return warning("webhooks", f"switched off: {named}", "Speak to who runs them, then enable them; see runbook webhook-failures.")
    given_up = await uow.deliveries.page(endpoint_id=None, event=None, status=DeliveryStatus.FAILED, before=None, limit=ENDPOINTS)
    lately = sum(now - each.created_at < LATELY for each in given_up)
    if lately:
        return warning("webhooks", f"{lately} of the last days were given up", "`assay webhooks failed`; see runbook webhook-failures.")
    return ok("webhooks", f"{len(endpoints)} endpoints")


async def upkeep(uow: UnitOfWork, now: datetime, every: timedelta) -> list[Finding]:
    """Whether retention ran lately, and when the last backup was taken."""
    return [await _retention(uow, now, every), await _backup(uow, now)]


async def _retention(uow: UnitOfWork, now: datetime, every: timedelta) -> Finding:
    name, remedy = "retention", "The sweeper does it by itself: see that one runs, and what its log says. By hand: `assay retention run`."
    runs = [run for run in (await retention.page(uow, None, 20)).items if run.finished_at and not run.dry_run]
    if not runs:
        return warning(name, "has never run", remedy)
    age = now - runs[0].started_at
    if age > LATE * every:
        return warning(name, f"last ran {age.days} days ago", remedy)
    return ok(name, f"ran {runs[0].started_at:%Y-%m-%d %H:%M} UTC")


async def _backup(uow: UnitOfWork, now: datetime) -> Finding:
    name, remedy = "backup", "Let `assay backup FILE` run daily. If the platform takes them, try one by restoring it."
    taken = await uow.audit.page(AuditSieve(action=AuditAction.DATABASE_BACKED_UP), None, 1)
    if not taken:
        return unknown(name, "none was taken by `assay backup`", remedy)
    at = taken[0].entry.at
    if now - at > BACKUP_EVERY:
        return warning(name, f"the last is of {at:%Y-%m-%d %H:%M} UTC", remedy)
    return ok(name, f"taken {at:%Y-%m-%d %H:%M} UTC")


async def promises(open_uow: OpenUnitOfWork) -> Finding:
    """What `assay check` asks, the audit chain among it."""
    report = await invariants.check(open_uow)
    broken = [f"{each.name} ({each.violations})" for each in report.findings if each.violations]
    if broken:
        return failed("invariants", f"broken: {', '.join(broken)}", "`assay check` says what each means and names the rows.")
    return ok("invariants", f"all {len(report.findings)} hold, the audit chain among them")
