"""The pilot's scorecard: each criterion as a live figure, and what they say together."""

from assay.db.repositories.dashboards import OpinionRow, RunRow
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.jobs import JobType
from assay.domain.periods import Period
from assay.domain.pilot import Criterion, CriterionName, Decision, Reading, decide, judge
from assay.kit.model import Value
from assay.services.cohorts import TURNAROUND_HOURS
from assay.services.dashboards import Look, share

_N = CriterionName


class Scorecard(Value):
    """All criteria, and the decision that follows from them."""

    period: Period
    track: str | None
    criteria: tuple[Criterion, ...]
    decision: Decision


async def scorecard(uow: UnitOfWork, reader: Actor, look: Look) -> Scorecard:
    """The figures of one period, of one track or all."""
    days, track = look.period.days, look.track
    said = {row.author_role: row for row in await uow.dashboards.opinions(reader, days, track) if row.slug is None}
    (run,) = [row for row in await uow.dashboards.runs(reader, days, track, TURNAROUND_HOURS) if row.slug is None]
    readings = {**_of_people(said), **_of_runs(run), **await _of_service(uow, days, track)}
    readings[_N.PROGRAMMES] = _count(await uow.dashboards.programmes(days, track))
    criteria = tuple(judge(name, readings[name]) for name in CriterionName)
    return Scorecard(period=look.period, track=track, criteria=criteria, decision=decide(criteria))


def _of_people(said: dict[str, OpinionRow]) -> dict[CriterionName, Reading]:
    students, advisors = said.get(Role.STUDENT), said.get(Role.ADVISOR)
    everybody = [row for row in (students, advisors) if row]
    return {
        _N.STUDENT_SATISFACTION: _share(students.satisfied, students.said) if students else _share(0, 0),
        _N.ADVISOR_TRUST: _share(advisors.trusted, advisors.said) if advisors else _share(0, 0),
        _N.RELEVANCE: _share(sum(row.relevant for row in everybody), sum(row.said for row in everybody)),
        _N.ADVISORS: _count(advisors.authors if advisors else 0),
    }


def _of_runs(run: RunRow) -> dict[CriterionName, Reading]:
    return {
        _N.TURNAROUND: _share(run.in_time, run.due),
        _N.RESULT_LATENCY: Reading(run.p95_seconds, run.finished),
        _N.DEGRADED_RUNS: _share(run.degraded, run.finished),
        _N.STUDENTS: _count(run.students),
    }


async def _of_service(uow: UnitOfWork, days: int, track: str | None) -> dict[CriterionName, Reading]:
    jobs = [row for row in await uow.dashboards.jobs(days, track) if row["job_type"] != JobType.DELIVER_WEBHOOK]
    ended = sum(row["ended"] for row in jobs)
    minutes = await uow.snapshots.written(days)
    return {
        _N.COMPLETION: _share(ended - sum(row["dead"] for row in jobs), ended),
        _N.AVAILABILITY: _share(min(minutes.written, minutes.passed), minutes.passed),
    }


def _share(part: int, whole: int) -> Reading:
    return Reading(share(part, whole), whole)


def _count(number: int) -> Reading:
    return Reading(number, number)
