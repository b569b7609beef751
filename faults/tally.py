"""Holding the clients' journal against the database: what was acknowledged and is not there, what is there twice, what never ended."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from assay.domain.jobs import TERMINAL
from benchmarks.report import Figure

_ASSESSMENTS: Final = "SELECT id, completed_at IS NOT NULL AS completed FROM assessments WHERE submitted_at IS NOT NULL"
_JOBS: Final = """
    SELECT id, assessment_id, job_type, status, parent_job_id IS NULL AS first, crashes,
           (SELECT count(*) FROM effect_log e WHERE e.job_id = j.id)::int AS effects,
           (SELECT count(*) FROM effect_log e WHERE e.job_id = j.id AND e.fence <> j.fence)::int AS foreign_effects,
           fence - attempt AS handed_back
    FROM async_jobs j
"""
_SCORES: Final = """
    SELECT assessment_id, question_id::text AS what, version FROM essay_scores
    UNION ALL SELECT assessment_id, 'rule ' || question_id, 1 FROM rule_scores
"""
_RECOMMENDATIONS: Final = "SELECT assessment_id, 'recommendation' AS what, version FROM recommendations"
_EVENTS: Final = "SELECT dedupe_key FROM webhook_events"


class Job(NamedTuple):
    """A job as the ledger has it, with how many effects it had, and how many of those under another fence than its own."""

    id: UUID
    assessment_id: UUID | None
    job_type: str
    status: str
    first: bool
    """Written at the submission, not sent again since."""
    crashes: int
    effects: int
    foreign_effects: int
    handed_back: int = 0
    """Claims that were taken back uncounted, because the worker was told to end."""


class Written(NamedTuple):
    """A score or a recommendation: of which assessment, of what, in which version."""

    assessment_id: UUID
    what: str
    version: int


@dataclass(frozen=True, slots=True)
class Rows:
    """What the database says."""

    submitted: Mapping[UUID, bool] = field(default_factory=dict)
    """Submitted assessments, and whether there is a result."""
    jobs: Collection[Job] = ()
    scores: Collection[Written] = ()
    recommendations: Collection[Written] = ()
    events: Collection[str] = ()
    """Dedupe keys of webhook events."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How much of what must not be there is there."""

    acknowledged: int
    lost: int
    """Acknowledged to a client, and not submitted in the database."""
    without_result: int
    doubled_scores: int
    doubled_recommendations: int
    doubled_events: int
    jobs: int
    other_than_one_effect: int
    foreign_effects: int
    other_than_two_jobs: int
    """Submitted assessments with another number of first jobs than two."""
    unfinished: int
    crashes: int

    def figures(self) -> list[Figure]:
        """Everything that must be zero, and what it was counted among."""
        return [
            Figure("acknowledged", (self.acknowledged,), digits=0),
            none("acknowledged, then missing", self.lost),
            none("acknowledged, without a result", self.without_result),
            none("scores written twice", self.doubled_scores),
            none("recommendations written twice", self.doubled_recommendations),
            none("webhook events written twice", self.doubled_events),
            Figure("jobs", (self.jobs,), digits=0),
            none("jobs with other than one effect", self.other_than_one_effect),
            none("effects under a stale fence", self.foreign_effects),
            none("assessments with other than two jobs", self.other_than_two_jobs),
            none("jobs not ended", self.unfinished),
        ]


def none(name: str, value: float) -> Figure:
    """A figure that must be zero."""
    return Figure(name, (value,), digits=0, at_most=0)


def tally(acknowledged: Collection[UUID], rows: Rows) -> Tally:
    """Count. `acknowledged` are the assessments for which a client has a receipt."""
    first = Counter(job.assessment_id for job in rows.jobs if job.job_type != "deliver_webhook" and job.first)
    ended = [job for job in rows.jobs if job.status in TERMINAL]
    return Tally(
        acknowledged=len(acknowledged),
        lost=sum(each not in rows.submitted for each in acknowledged),
        without_result=sum(not rows.submitted.get(each, False) for each in acknowledged),
        doubled_scores=doubled(rows.scores),
        doubled_recommendations=doubled(rows.recommendations),
        doubled_events=doubled(rows.events),
        jobs=len(rows.jobs),
        other_than_one_effect=sum(job.effects != (job.status in TERMINAL) for job in rows.jobs),
        foreign_effects=sum(job.foreign_effects for job in rows.jobs),
        other_than_two_jobs=sum(first[each] != 2 for each in rows.submitted),
        unfinished=len(rows.jobs) - len(ended),
        crashes=sum(job.crashes for job in rows.jobs),
    )


def doubled(things: Iterable[Any]) -> int:
    """How many are there beyond the first of each."""
    return sum(count - 1 for count in Counter(things).values())


async def read(database_url: str) -> Rows:
    """The rows as they stand. Raises what `asyncpg` raises."""
    connection = await asyncpg.connect(database_url)
    try:
        return Rows(
            submitted={row["id"]: row["completed"] for row in await connection.fetch(_ASSESSMENTS)},
            jobs=[Job(*row.values()) for row in await connection.fetch(_JOBS)],
            scores=[Written(*row.values()) for row in await connection.fetch(_SCORES)],
            recommendations=[Written(*row.values()) for row in await connection.fetch(_RECOMMENDATIONS)],
            events=[row["dedupe_key"] for row in await connection.fetch(_EVENTS)],
        )
    finally:
        await connection.close()
