"""Dashboards: what people think of recommendations, how long things take, and how the work goes, as a whole and by track."""

from collections import defaultdict
from typing import Literal, NamedTuple

from assay.db.repositories.dashboards import OpinionRow, RunRow
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.periods import Period
from assay.kit.model import Value
from assay.services.assessments import TrackName
from assay.services.cohorts import TURNAROUND_HOURS


class Look(NamedTuple):
    """What is looked at: how far back, and one track (by its slug) or all."""

    period: Period = Period.MONTH
    track: str | None = None


class Opinion(Value):
    """What students, or advisors, said of recommendations. Shares and means are null where nobody has spoken."""

    said: int = 0
    relevance: float | None = None
    """Mean of the ratings from 1 to 5."""
    fit: float | None = None
    satisfaction: float | None = None
    """Share that gave both relevance and fit 4 or 5."""
    accepted: int = 0
    rejected: int = 0
    acceptance: float | None = None
    """Share accepted of those that were decided on as a whole."""


class Turnaround(Value):
    """How long it took from the submission: to the result, in seconds, and to an advisor's first word, in hours."""

    submitted: int = 0
    finished: int = 0
    p50_seconds: float | None = None
    p95_seconds: float | None = None
    reviewed: int = 0
    p50_hours: float | None = None
    p95_hours: float | None = None
    in_time: float | None = None
    """Share that an advisor spoke on within 48 hours, of those spoken on or older than that."""


class FeedbackLine(Value):
    """One track, or (without one) all of them."""

    track: TrackName | None
    students: Opinion
    advisors: Opinion
    turnaround: Turnaround


class FeedbackReport(Value):
    """What people think and how long it takes: of all that the reader may see, then by track."""

    period: Period
    overall: FeedbackLine
    tracks: tuple[FeedbackLine, ...]


class QueueLine(Value):
    """Unfinished jobs at this moment; `oldest_seconds` is how long the oldest has been due."""

    job_type: str
    status: str
    jobs: int
    oldest_seconds: float


class JobLine(Value):
    """Jobs that ended: how, in how many seconds from their first claim, and how long those done at the first try had been due before."""

    job_type: str
    track: str
    ended: int
    succeeded: int
    degraded: int
    dead: int
    p50_seconds: float | None
    p95_seconds: float | None
    p95_wait_seconds: float | None
    crashes: int
    """Workers that vanished with one in hand."""


class ModelLine(Value):
    """Calls to one model for one purpose; the cost is null where no price is known."""

    purpose: str
    producer: str
    model: str
    track: str
    calls: int
    failed: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float | None
    p95_seconds: float | None


class FailureLine(Value):
    """Something that went wrong, and how often: a call to a model, a job that died, a stage that is degraded."""

    kind: Literal["model", "job", "stage"]
    what: str
    cause: str
    track: str
    times: int


class RunLine(Value):
    """Results of one track, or (without one) of all: how many ran on a substitute somewhere, and how many still rest on it."""

    track: TrackName | None
    finished: int
    degraded: int
    still_degraded: int
    share: float | None


class OperationsReport(Value):
    """How the work goes."""

    period: Period
    queue: tuple[QueueLine, ...]
    jobs: tuple[JobLine, ...]
    models: tuple[ModelLine, ...]
    runs: tuple[RunLine, ...]
    """All tracks together first."""
    failures: tuple[FailureLine, ...]


async def feedback(uow: UnitOfWork, reader: Actor, look: Look) -> FeedbackReport:
    """What people think: an advisor's own cohorts, for an admin all."""
    spoken = defaultdict[str | None, dict[str, OpinionRow]](dict)
    for row in await uow.dashboards.opinions(reader, look.period.days, look.track):
        spoken[row.slug][row.author_role] = row
    ran = {row.slug: row for row in await uow.dashboards.runs(reader, look.period.days, look.track, TURNAROUND_HOURS)}
    names = {row.slug: row for rows in spoken.values() for row in rows.values()} | dict(ran)
    lines = [_line(names.get(slug), spoken.get(slug, {}), ran.get(slug)) for slug in {None: None, **names}]
    overall, tracks = lines[0], lines[1:]
    return FeedbackReport(period=look.period, overall=overall, tracks=tuple(sorted(tracks, key=_name)))


async def operations(uow: UnitOfWork, reader: Actor, look: Look) -> OperationsReport:
    """How the work goes. The queue is told as it is now, of all tracks."""
    days, track = look.period.days, look.track
    runs = await uow.dashboards.runs(reader, days, track, TURNAROUND_HOURS)
    return OperationsReport(
        period=look.period,
        queue=tuple(
            QueueLine(job_type=each.job_type, status=each.status, jobs=each.jobs, oldest_seconds=each.oldest)
            for each in await uow.jobs.depth()
        ),
        jobs=tuple(JobLine(**row) for row in await uow.dashboards.jobs(days, track)),
        models=tuple(ModelLine(**row) for row in await uow.dashboards.models(days, track)),
        runs=tuple(map(_run, runs)),
        failures=tuple(FailureLine(**row) for row in await uow.dashboards.failures(days, track)),
    )


def share(part: int, whole: int) -> float | None:
    """`part` of `whole`; None of nothing."""
    return part / whole if whole else None


def _name(line: FeedbackLine) -> str:
    return line.track.name if line.track else ""


def _track(row: OpinionRow | RunRow | None) -> TrackName | None:
    if row is None or row.track_id is None or row.slug is None or row.name is None:
        return None
    return TrackName(id=row.track_id, slug=row.slug, name=row.name)


def _line(row: OpinionRow | RunRow | None, said: dict[str, OpinionRow], ran: RunRow | None) -> FeedbackLine:
    return FeedbackLine(
        track=_track(row),
        students=_opinion(said.get(Role.STUDENT)),
        advisors=_opinion(said.get(Role.ADVISOR)),
        turnaround=_turnaround(ran) if ran else Turnaround(),
    )


def _opinion(row: OpinionRow | None) -> Opinion:
    if row is None:
        return Opinion()
    return Opinion(
        said=row.said,
        relevance=row.relevance,
        fit=row.fit,
        satisfaction=share(row.satisfied, row.said),
        accepted=row.accepted,
        rejected=row.rejected,
        acceptance=share(row.accepted, row.accepted + row.rejected),
    )


def _turnaround(row: RunRow) -> Turnaround:
    return Turnaround(
        submitted=row.submitted,
        finished=row.finished,
        p50_seconds=row.p50_seconds,
        p95_seconds=row.p95_seconds,
        reviewed=row.reviewed,
        p50_hours=row.p50_hours,
        p95_hours=row.p95_hours,
        in_time=share(row.in_time, row.due),
    )


def _run(row: RunRow) -> RunLine:
    return RunLine(
        track=_track(row),
        finished=row.finished,
        degraded=row.degraded,
        still_degraded=row.still_degraded,
        share=share(row.degraded, row.finished),
    )
