"""Assessments: start in one statement, see only what is yours, submit once."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from assay.domain.actors import Actor, Role
from assay.domain.bundle import BankQuestion
from assay.domain.degradation import Degradation
from assay.domain.jobs import JobType
from assay.domain.progress import JobProgress, Times
from assay.domain.release import Release, ReleasePolicy, ReleaseWhen
from assay.kit.model import Value

START = text(
    """
    WITH person AS (SELECT pseudonym FROM users WHERE id = :student AND is_active AND role = 'student'),
    made AS (
        INSERT INTO assessments (id, student_id, track_id, track_version, release_policy, expires_at)
        SELECT :id, :student, :track, :track_version, CAST(:release AS jsonb), now() + make_interval(days => :days)
        FROM person, bank_state WHERE bank_state.version = :bank_version
        ON CONFLICT (student_id, track_id) WHERE closed_at IS NULL DO NOTHING
        RETURNING id, started_at, expires_at
    ), asked AS (
        INSERT INTO assessment_question_snapshots (assessment_id, position, question_id, question_version_id)
        SELECT made.id, question.position, question.id, question.version_id
        FROM made, unnest(CAST(:questions AS uuid[]), CAST(:versions AS uuid[])) WITH ORDINALITY AS question (id, version_id, position)
    ), told AS (
        INSERT INTO analytics_events (event, pseudonym, track_slug, assessment_id)
        SELECT 'assessment.started', person.pseudonym, :slug, made.id FROM made, person
    )
    SELECT bank_state.version, person.pseudonym IS NOT NULL, made.started_at, made.expires_at
    FROM bank_state LEFT JOIN person ON true LEFT JOIN made ON true
    """
)
_SEEN = """
    SELECT a.id, a.student_id, t.id AS track_id, t.slug AS track_slug, t.name AS track_name, a.started_at, a.expires_at,
           a.submitted_at, a.completed_at, a.closed_at, a.release_policy, a.released_at, clock_timestamp() AS now
    FROM assessments a JOIN role_catalog t ON t.id = a.track_id
    WHERE {sees} AND (CAST(:scope AS uuid) IS NULL OR a.id = CAST(:scope AS uuid))
"""
_SEES: Final[dict[Role, str]] = {
    Role.STUDENT: "a.student_id = :actor",
    Role.ADVISOR: """EXISTS (
        SELECT FROM cohort_members mine JOIN cohort_members theirs USING (cohort_id)
        WHERE mine.user_id = :actor AND theirs.user_id = a.student_id)""",
    Role.ADMIN: "a.student_id = :actor AND false",
}


def _by_role(statement: str) -> dict[Role, TextClause]:
    """`statement` about what is `{seen}`, for each role. With the role as a parameter Postgres would plan it anew each time."""
    return {role: text(statement.replace("{seen}", _SEEN.replace("{sees}", sees))) for role, sees in _SEES.items()}


_ONE: Final = _by_role("{seen} AND a.id = :id")
_ONE_LOCKED: Final = _by_role("{seen} AND a.id = :id FOR UPDATE OF a")
_OPEN: Final = _by_role("{seen} AND a.track_id = :track AND a.closed_at IS NULL")
_PAGE: Final = _by_role("{seen} AND (CAST(:before AS uuid) IS NULL OR a.id < CAST(:before AS uuid)) ORDER BY a.id DESC LIMIT :limit")
_CLOSE_EXPIRED = text(
    "UPDATE assessments SET closed_at = clock_timestamp()"
    " WHERE id = :id AND closed_at IS NULL AND submitted_at IS NULL AND expires_at <= clock_timestamp()"
)
_OWNER = text("SELECT student_id FROM assessments WHERE id = :id")
_SUBMIT = text("UPDATE assessments SET submitted_at = clock_timestamp() WHERE id = :id RETURNING submitted_at")
_RELEASE = text("UPDATE assessments SET released_at = clock_timestamp() WHERE id = :id RETURNING released_at")
_OPEN_BY_TRACK = text(
    """
    SELECT track_id, count(*) FILTER (WHERE submitted_at IS NULL AND expires_at > clock_timestamp()) AS answering,
           count(*) FILTER (WHERE submitted_at IS NOT NULL) AS scoring
    FROM assessments WHERE closed_at IS NULL GROUP BY track_id
    """
)
_SNAPSHOT = text(
    "SELECT position, question_id, question_version_id FROM assessment_question_snapshots WHERE assessment_id = :id ORDER BY position"
)
# All in one statement, since whoever waits asks every second. Of jobs that were sent again the one speaks that ended last: while a new one
# runs, what stands is what the one before has written.
_STANDING: Final = _by_role(
    """
    WITH seen AS ({seen} AND a.id = :id), jobs AS (
        SELECT jsonb_object_agg(job.job_type, jsonb_build_object(
            'status', job.status, 'attempt', job.attempt, 'crashes', job.crashes, 'claimed_at', job.first_claimed_at,
            'finished_at', job.finished_at, 'typical_seconds', typical.seconds)) AS found
        FROM (
            SELECT DISTINCT ON (job_type) * FROM async_jobs WHERE assessment_id = :id ORDER BY job_type, finished_at DESC NULLS LAST
        ) AS job LEFT JOIN LATERAL (
            SELECT avg(extract(epoch FROM recent.finished_at - recent.first_claimed_at))::float AS seconds FROM (
                SELECT finished_at, first_claimed_at FROM async_jobs
                WHERE job_type = job.job_type AND finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 20
            ) AS recent
        ) AS typical ON job.finished_at IS NULL
    ), stages AS (
        SELECT jsonb_agg(jsonb_build_object(
            'stage', stage, 'cause', cause, 'since', since, 'replaced_by', replaced_by, 'detail', detail) ORDER BY since, id) AS found
        FROM degraded_stages WHERE assessment_id = :id
    )
    SELECT seen.*, jobs.found AS jobs, stages.found AS stages FROM seen, jobs, stages
    """
)


class AssessmentRow(Value):
    """An assessment the actor may see."""

    id: UUID
    student_id: UUID
    track_id: UUID
    track_slug: str
    track_name: str
    times: Times
    release: Release


class AskedQuestion(NamedTuple):
    """A place in a bundle."""

    position: int
    question_id: UUID
    version_id: UUID


class Started(NamedTuple):
    """What the start statement found and made; `started_at` is None when nothing was made."""

    bank_version: int
    person_exists: bool
    started_at: datetime | None
    expires_at: datetime | None


class Standing(NamedTuple):
    """What there is to tell of an assessment while it is worked on, and after."""

    times: Times
    jobs: Mapping[JobType, JobProgress]
    degradations: Sequence[Degradation]
    release: Release


class Running(NamedTuple):
    """How many assessments of a track students are answering, and how many are being scored."""

    answering: int = 0
    scoring: int = 0


class Assessments:
    """The assessments of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def start(
        self,
        assessment_id: UUID,
        *,
        student_id: UUID,
        track_id: UUID,
        track_slug: str,
        track_version: int,
        expiry_days: int,
        release: ReleasePolicy,
        bank_version: int,
        bundle: list[BankQuestion],
    ) -> Started:
        """Insert assessment, snapshots and analytics event in one statement; nothing when one is open or the bank has moved on."""
        values = {
            "id": assessment_id,
            "student": student_id,
            "track": track_id,
            "track_version": track_version,
            "days": expiry_days,
            "release": None if release.when is ReleaseWhen.AT_ONCE else json.dumps(release.stored),
            "slug": track_slug,
            "bank_version": bank_version,
            "questions": [question.question_id for question in bundle],
            "versions": [question.version_id for question in bundle],
        }
        return Started(*(await self._session.execute(START, values)).one())

    async def visible(self, assessment_id: UUID, actor: Actor, *, lock: bool = False) -> AssessmentRow | None:
        """The assessment if `actor` owns it or advises its student; locked against change when asked."""
        query = (_ONE_LOCKED if lock else _ONE)[actor.role]
        values = {"id": assessment_id, **_as(actor)}
        return _row((await self._session.execute(query, values)).mappings().first())

    async def owner(self, assessment_id: UUID) -> UUID | None:
        """Whose it is, whoever asks; None when there is no such assessment."""
        owner: UUID | None = await self._session.scalar(_OWNER, {"id": assessment_id})
        return owner

    async def open_one(self, actor: Actor, track_id: UUID) -> AssessmentRow | None:
        """The actor's assessment of this track that is neither finished nor closed."""
        values = {"track": track_id, **_as(actor)}
        return _row((await self._session.execute(_OPEN[actor.role], values)).mappings().first())

    async def page(self, actor: Actor, before: UUID | None, limit: int) -> list[AssessmentRow]:
        """What the actor may see, newest first, older than `before`."""
        values = {"before": before, "limit": limit, **_as(actor)}
        rows = (await self._session.execute(_PAGE[actor.role], values)).mappings().all()
        return [found for row in rows if (found := _row(row))]

    async def running(self) -> dict[UUID, Running]:
        """What is under way, by track; tracks without any are absent."""
        return {track_id: Running(*numbers) for track_id, *numbers in await self._session.execute(_OPEN_BY_TRACK)}

    async def close_expired(self, assessment_id: UUID) -> None:
        """End an assessment whose time is over, which makes room for a new one."""
        await self._session.execute(_CLOSE_EXPIRED, {"id": assessment_id})

    async def asked(self, assessment_id: UUID) -> list[AskedQuestion]:
        """The bundle, in order."""
        return [AskedQuestion(*row) for row in await self._session.execute(_SNAPSHOT, {"id": assessment_id})]

    async def mark_submitted(self, assessment_id: UUID) -> datetime:
        """Lock the answers for good; returns the moment."""
        moment: datetime = (await self._session.execute(_SUBMIT, {"id": assessment_id})).scalar_one()
        return moment

    async def mark_released(self, assessment_id: UUID) -> datetime:
        """Let the student see the result from now on; returns the moment."""
        moment: datetime = (await self._session.execute(_RELEASE, {"id": assessment_id})).scalar_one()
        return moment

    async def standing(self, assessment_id: UUID, actor: Actor) -> Standing | None:
        """Where an assessment stands that `actor` may see: its moments, the jobs that stand by type, and its degraded stages, oldest first.

        Unfinished jobs come with the mean duration of the last twenty of their kind.
        """
        row = (await self._session.execute(_STANDING[actor.role], {"id": assessment_id, **_as(actor)})).mappings().first()
        if row is None:
            return None
        jobs, stages = row["jobs"] or {}, row["stages"] or ()
        return Standing(
            _times(row),
            {JobType(name): JobProgress.model_validate(job) for name, job in jobs.items() if name in JobType},
            [Degradation.model_validate(stage) for stage in stages],
            _release(row),
        )


def _as(actor: Actor) -> dict[str, Any]:
    return {"actor": actor.id, "scope": actor.assessment_id}


def _row(row: Any) -> AssessmentRow | None:
    if row is None:
        return None
    return AssessmentRow(
        id=row["id"],
        student_id=row["student_id"],
        track_id=row["track_id"],
        track_slug=row["track_slug"],
        track_name=row["track_name"],
        times=_times(row),
        release=_release(row),
    )


def _release(row: Any) -> Release:
    return Release.of(row["release_policy"], row["released_at"])


def _times(row: Any) -> Times:
    return Times(**{name: row[name] for name in Times.model_fields})
