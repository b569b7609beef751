"""What must hold in the ledger after any fault, as queries that count what breaks it."""

from typing import Final

from sqlalchemy import text

from assay.db.unit_of_work import OpenUnitOfWork

INVARIANTS: Final = {
    "finished jobs without exactly one effect": (
        "SELECT count(*) FROM (SELECT j.id FROM async_jobs j LEFT JOIN effect_log e ON e.job_id = j.id"
        " WHERE j.status IN ('succeeded', 'degraded', 'dead') GROUP BY j.id HAVING count(e.job_id) <> 1) AS broken"
    ),
    "effects of a stale claim": "SELECT count(*) FROM effect_log e JOIN async_jobs j ON j.id = e.job_id WHERE e.fence <> j.fence",
    "effects of unfinished jobs": "SELECT count(*) FROM effect_log e JOIN async_jobs j ON j.id = e.job_id WHERE j.finished_at IS NULL",
    "leases that nobody took back": (
        "SELECT count(*) FROM async_jobs WHERE status = 'leased' AND lease_expires_at < clock_timestamp() - interval '5 s'"
    ),
    "essays with more than one set of scores": (
        "SELECT count(*) FROM (SELECT FROM essay_scores GROUP BY assessment_id, question_id HAVING count(*) > 1) AS broken"
    ),
    "assessments with more than one recommendation": (
        "SELECT count(*) FROM (SELECT FROM recommendations GROUP BY assessment_id HAVING count(*) > 1) AS broken"
    ),
}


async def broken(open_uow: OpenUnitOfWork) -> dict[str, int]:
    """The invariants that do not hold, with how often; empty when all is well."""
    async with open_uow() as uow:
        counts = {name: await uow.session.scalar(text(query)) or 0 for name, query in INVARIANTS.items()}
    return {name: count for name, count in counts.items() if count}
