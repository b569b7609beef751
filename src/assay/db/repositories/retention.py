"""Retention: what is past its time, removed in small portions, and the record of runs. One statement or two for each portion."""

# ruff: noqa: S608 - statements are put together from constants of this module, values are bound

from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import RetentionRun
from assay.domain.retention import Kind

_LOCK: Final = text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=0x72657461)  # "reta"
_DUE: Final = text(
    "SELECT NOT EXISTS (SELECT FROM retention_runs WHERE scheduled AND started_at > clock_timestamp() - make_interval(hours => :hours)"
    " AND (finished_at IS NOT NULL OR started_at > clock_timestamp() - interval '1 hour'))"
)
_CUTOFF: Final = "clock_timestamp() - make_interval(months => :months, days => :days)"


def _held(person: str) -> str:
    return f"EXISTS (SELECT FROM legal_holds h WHERE h.person_id = {person} AND h.lifted_at IS NULL)"


_ENDED: Final = f"coalesce(a.completed_at, a.submitted_at, a.closed_at, a.expires_at) < {_CUTOFF}"
_IDLE: Final = "NOT EXISTS (SELECT FROM async_jobs j WHERE j.assessment_id = a.id AND j.finished_at IS NULL)"
_OLD_ASSESSMENT: Final = f"FROM assessments a JOIN users u ON u.id = a.student_id WHERE {_ENDED} AND {_IDLE}"
_OLD_JOB: Final = f"""
    FROM async_jobs j LEFT JOIN assessments a ON a.id = j.assessment_id WHERE j.finished_at < {_CUTOFF} AND j.delivery_id IS NULL
    AND NOT EXISTS (SELECT FROM async_jobs child WHERE child.parent_job_id = j.id)
"""
_OLD_EVENT: Final = f"""
    FROM webhook_events e JOIN assessments a ON a.id = e.assessment_id WHERE e.created_at < {_CUTOFF} AND NOT EXISTS (
        SELECT FROM webhook_deliveries d LEFT JOIN async_jobs j ON j.delivery_id = d.id AND j.finished_at IS NULL
        WHERE d.event_id = e.id AND (d.status = 'pending' OR j.id IS NOT NULL OR d.finished_at >= {_CUTOFF}))
"""
_OLD_INDEX: Final = f"""
    FROM index_versions v WHERE v.status IN ('retired', 'failed') AND coalesce(v.activated_at, v.finished_at, v.created_at) < {_CUTOFF}
    AND NOT EXISTS (SELECT FROM recommendations r WHERE r.index_version_id = v.id)
    AND v.id IS DISTINCT FROM (SELECT id FROM index_versions WHERE status = 'retired' AND activated_at IS NOT NULL
                               ORDER BY activated_at DESC LIMIT 1)
"""


class Wanted(NamedTuple):
    """Which rows of a kind are past their time: their key, where they are found, and whose they are (for legal holds)."""

    key: str
    rows: str
    person: str | None = None
    lock: str = ""


# People are held, so that nobody puts a hold on them at the same time; what somebody else has in hand is left to the next run.
WANTED: Final[dict[Kind, Wanted]] = {
    Kind.ASSESSMENTS: Wanted("a.id", _OLD_ASSESSMENT, "a.student_id", "FOR UPDATE OF a SKIP LOCKED FOR SHARE OF u SKIP LOCKED"),
    Kind.JOBS: Wanted("j.id", _OLD_JOB, "a.student_id", "FOR UPDATE OF j SKIP LOCKED"),
    Kind.WEBHOOKS: Wanted("e.id", _OLD_EVENT, "a.student_id", "FOR UPDATE OF e SKIP LOCKED"),
    Kind.SESSIONS: Wanted("t.id", f"FROM refresh_tokens t WHERE t.expires_at < {_CUTOFF}", None, "FOR UPDATE SKIP LOCKED"),
    Kind.WEB_SESSIONS: Wanted("s.id", f"FROM web_sessions s WHERE s.expires_at < {_CUTOFF}", None, "FOR UPDATE SKIP LOCKED"),
    Kind.MODEL_REPLIES: Wanted(
        "m.key", f"FROM model_replies m WHERE m.assessment_id IS NULL AND m.created_at < {_CUTOFF}", None, "FOR UPDATE SKIP LOCKED"
    ),
    Kind.MODEL_CALLS: Wanted(
        "c.id",
        f"FROM model_calls c LEFT JOIN assessments a ON a.id = c.assessment_id WHERE c.created_at < {_CUTOFF}",
        "a.student_id",
        "FOR UPDATE OF c SKIP LOCKED",
    ),
    Kind.INDEX_VERSIONS: Wanted("v.id", _OLD_INDEX, None, "FOR UPDATE SKIP LOCKED"),
    Kind.SNAPSHOTS: Wanted("s.id", f"FROM metric_snapshots s WHERE s.at < {_CUTOFF}", None, "FOR UPDATE SKIP LOCKED"),
    Kind.RUNS: Wanted("r.id", f"FROM retention_runs r WHERE r.started_at < {_CUTOFF}", None, "FOR UPDATE SKIP LOCKED"),
}
REMOVALS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.ASSESSMENTS: (
        """DELETE FROM model_replies WHERE key IN (SELECT reply_key FROM model_calls WHERE assessment_id = ANY(:keys)
            UNION SELECT reply_key FROM essay_scores WHERE assessment_id = ANY(:keys))""",
        "UPDATE model_calls SET assessment_id = NULL, reply_key = NULL WHERE assessment_id = ANY(:keys)",
        "DELETE FROM assessments WHERE id = ANY(:keys)",
    ),
    Kind.JOBS: ("DELETE FROM async_jobs WHERE id = ANY(:keys)",),
    Kind.WEBHOOKS: ("DELETE FROM webhook_events WHERE id = ANY(:keys)",),
    Kind.SESSIONS: ("DELETE FROM refresh_tokens WHERE id = ANY(:keys)",),
    Kind.WEB_SESSIONS: ("DELETE FROM web_sessions WHERE id = ANY(:keys)",),
    Kind.MODEL_REPLIES: ("DELETE FROM model_replies WHERE key = ANY(:keys)",),
    Kind.MODEL_CALLS: ("DELETE FROM model_calls WHERE id = ANY(:keys)",),
    Kind.INDEX_VERSIONS: ("DELETE FROM index_versions WHERE id = ANY(:keys)",),
    Kind.SNAPSHOTS: ("DELETE FROM metric_snapshots WHERE id = ANY(:keys)",),
    Kind.RUNS: ("DELETE FROM retention_runs WHERE id = ANY(:keys)",),
}
_AUDIT_ROWS: Final = f"""
    FROM audit_logs l WHERE l.sequence < coalesce(
        (SELECT min(sequence) FROM audit_logs WHERE at >= {_CUTOFF}), (SELECT max(sequence) + 1 FROM audit_logs))
"""
# The oldest entries up to the first that is too young; the last of them is written down before any goes.
_ANCHOR: Final = text(
    f"""
    WITH oldest AS (
        SELECT sequence, hash, bool_and(at < {_CUTOFF}) OVER (ORDER BY sequence) AS due FROM audit_logs ORDER BY sequence LIMIT :limit
    ), last AS (
        SELECT sequence, hash, (SELECT count(*) FROM oldest WHERE due) AS removed FROM oldest WHERE due ORDER BY sequence DESC LIMIT 1
    )
    INSERT INTO audit_anchors (sequence, hash, removed) SELECT sequence, hash, removed FROM last RETURNING sequence, removed
    """
)
_FORGET_AUDIT: Final = text("DELETE FROM audit_logs WHERE sequence <= :sequence")
_FORGET_ANCHORS: Final = text("DELETE FROM audit_anchors WHERE sequence < :sequence")


class Due(NamedTuple):
    """How many rows of a kind are past their time, and how many of these a legal hold keeps."""

    removable: int
    held: int


class Retention:
    """What is past its time, and the runs, in this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin(self, *, scheduled: bool, dry_run: bool, every_hours: int) -> UUID | None:
        """Write down that a run begins; its id.

        A scheduled one begins only when the last is `every_hours` old, or broke off an hour ago; None otherwise.
        """
        await self._session.execute(_LOCK)
        if scheduled and not await self._session.scalar(_DUE, {"hours": every_hours}):
            return None
        row = insert(RetentionRun).values(scheduled=scheduled, dry_run=dry_run, items=[]).returning(RetentionRun.id)
        return await self._session.scalar(row)

    async def finish(self, run_id: UUID, items: list[dict[str, Any]]) -> RetentionRun:
        """Write down what a run did."""
        row = update(RetentionRun).where(RetentionRun.id == run_id).values(items=items, finished_at=func.clock_timestamp())
        return (await self._session.scalars(row.returning(RetentionRun).execution_options(populate_existing=True))).one()

    async def runs(self, before: UUID | None, limit: int) -> list[RetentionRun]:
        """Runs, the newest first, older than `before`."""
        query = select(RetentionRun).order_by(RetentionRun.id.desc()).limit(limit)
        return list(await self._session.scalars(query if before is None else query.where(RetentionRun.id < before)))

    async def due(self, kind: Kind, months: int, days: int) -> Due:
        """How much is past its time, which a portion would remove sooner or later."""
        values = {"months": months, "days": days}
        if kind is Kind.AUDIT:
            return Due(await self._session.scalar(text(f"SELECT count(*) {_AUDIT_ROWS}"), values) or 0, 0)
        wanted = WANTED[kind]
        held = _held(wanted.person) if wanted.person else "false"
        counted = text(f"SELECT count(*) FILTER (WHERE NOT {held}), count(*) FILTER (WHERE {held}) {wanted.rows}")
        return Due(*(await self._session.execute(counted, values)).one())

    async def remove(self, kind: Kind, months: int, days: int, limit: int) -> list[Any]:
        """Remove one portion, at most `limit` rows; their keys. Rows on which a hold stands stay."""
        values = {"months": months, "days": days, "limit": limit}
        if kind is Kind.AUDIT:
            return await self._forget_audit(values)
        wanted = WANTED[kind]
        unheld = f"AND NOT {_held(wanted.person)}" if wanted.person else ""
        query = text(f"SELECT {wanted.key} {wanted.rows} {unheld} ORDER BY {wanted.key} LIMIT :limit {wanted.lock}")
        keys = list(await self._session.scalars(query, values))
        for removal in REMOVALS[kind] if keys else ():
            await self._session.execute(text(removal), {"keys": keys})
        return keys

    async def _forget_audit(self, values: dict[str, Any]) -> list[Any]:
        last = (await self._session.execute(_ANCHOR, values)).first()
        if last is None:
            return []
        await self._session.execute(_FORGET_AUDIT, {"sequence": last.sequence})
        await self._session.execute(_FORGET_ANCHORS, {"sequence": last.sequence})
        return [last.sequence] * last.removed
