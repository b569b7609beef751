"""The ledger as dead-letter queue: look at jobs and why they ended, and send those that ended dead again.

A resend is a new row that names the one it stands for. What it writes is a new version beside the old: verdicts of the essays, then, since
it rests on them, the recommendation. Nothing that stands is changed, least of all what an advisor has said. A webhook that could not be
delivered is posted again.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from assay.db.repositories.job_records import JobRecord, JobSieve
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.degradation import Cause
from assay.domain.errors import Conflict, NotFound
from assay.domain.jobs import PRIORITIES, JobStatus, JobType
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.observability.logging import current_correlation_id
from assay.services import audit, deliveries

RESENT_AT_ONCE: Final = 100
"""Jobs in one transaction, at most; who wants more asks again."""
SENT_AGAIN: Final = "job_sent_again"


class JobRead(Value):
    """A job in a list. The ids are all there is of the student."""

    id: UUID
    type: JobType
    status: JobStatus
    assessment_id: UUID
    track: str
    attempts: int
    crashes: int
    cause: Cause | None
    """Why it was given up; None unless it is dead."""
    error: str | None
    """The last error, in one line."""
    created_at: datetime
    finished_at: datetime | None
    generation: int
    """1, and one more each time it was sent again."""
    parent_id: UUID | None
    """The job it stands for."""
    sent_again_as: UUID | None
    """The job that stands for it."""


class JobDetail(JobRead):
    """A job with where its last error was raised."""

    started_at: datetime | None
    """When a worker first took it in hand."""
    stack: str | None
    correlation_id: str
    """Of the request that made it: it is in every line that was logged of the job."""


class JobPage(Value):
    """Jobs, the newest first."""

    items: tuple[JobRead, ...]
    next_cursor: UUID | None


class Resent(Value):
    """A dead job and the ones that were written for it, in the order in which they run."""

    id: UUID
    jobs: tuple[UUID, ...]


class Refused(Value):
    """A dead job that is not sent again, and why not."""

    id: UUID
    code: str
    reason: str


class ResentAll(Value):
    """What became of dead jobs; `remaining` are those that did not fit into this call."""

    resent: tuple[Resent, ...]
    refused: tuple[Refused, ...] = ()
    remaining: int = 0


async def list_jobs(uow: UnitOfWork, sieve: JobSieve, cursor: UUID | None, limit: int) -> JobPage:
    """Jobs that fit `sieve`."""
    found = await uow.job_records.page(sieve, cursor, limit + 1)
    items = tuple(_read(record) for record in found[:limit])
    return JobPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)


async def get(uow: UnitOfWork, job_id: UUID) -> JobDetail:
    """One job. Raises `NotFound`."""
    record = await uow.job_records.get(job_id)
    if record is None:
        raise NotFound("There is no such job.")
    return JobDetail(**_shared(record), started_at=record.first_claimed_at, stack=record.stack, correlation_id=record.correlation_id)


async def refusal(uow: UnitOfWork, job_id: UUID) -> str | None:
    """Why a job cannot be sent again as things stand, in words; None when it can. Raises `NotFound`."""
    record = await uow.job_records.get(job_id)
    if record is None:
        raise NotFound("There is no such job.")
    try:
        _refuse_unless_dead(record)
        if record.delivery_id is None:
            await _refuse(uow, record)
    except Conflict as conflict:
        return conflict.detail
    return None


async def resend(uow: UnitOfWork, actor: Actor | None, job_id: UUID) -> Resent:
    """Send a dead job again. Raises `NotFound`, and `Conflict` saying why it cannot be. Without an `actor` the operator asks."""
    record, resent = await _write(uow, job_id)
    await _note(uow, actor, record, resent)
    return resent


async def resend_all(uow: UnitOfWork, actor: Actor | None, cause: Cause) -> ResentAll:
    """Send the dead jobs of one cause again, `RESENT_AT_ONCE` at most; those that cannot be are told with the reason."""
    unsent = await uow.job_records.unsent(cause)
    written: list[tuple[JobRecord, Resent]] = []
    refused: list[Refused] = []
    remaining = len(unsent)
    for job_id in unsent:
        if len(written) == RESENT_AT_ONCE:
            break
        remaining -= 1
        try:
            written.append(await _write(uow, job_id))
        except Conflict as conflict:
            if conflict.error_code != SENT_AGAIN:  # along with the essays, or by somebody else just now
                refused.append(Refused(id=job_id, code=conflict.error_code, reason=conflict.detail))
    for record, resent in written:  # last: from here on this transaction holds the audit chain
        await _note(uow, actor, record, resent)
    return ResentAll(resent=tuple(resent for _, resent in written), refused=tuple(refused), remaining=remaining)


async def resend_every_one(open_uow: OpenUnitOfWork, cause: Cause) -> ResentAll:
    """By the operator: send all dead jobs of one cause again, however many, `RESENT_AT_ONCE` in a transaction."""
    resent: tuple[Resent, ...] = ()
    while True:
        async with open_uow() as uow:
            done = await resend_all(uow, None, cause)
        resent += done.resent
        if not done.remaining:  # those that are refused are refused each time, so the last answer names them all
            return ResentAll(resent=resent, refused=done.refused)


async def _write(uow: UnitOfWork, job_id: UUID) -> tuple[JobRecord, Resent]:
    await uow.job_records.lock_assessment_of(job_id)
    record = await uow.job_records.get(job_id)
    if record is None:
        raise NotFound("There is no such job.")
    _refuse_unless_dead(record)
    if record.delivery_id is not None:
        return record, Resent(id=job_id, jobs=(await deliveries.again(uow, record.delivery_id),))
    await _refuse(uow, record)
    written = [await _again(uow, record)]
    if record.job_type is JobType.SCORE_ESSAY:
        last = await uow.job_records.newest(record.assessment_id, JobType.GENERATE_RECOMMENDATIONS)
        written += [await _again(uow, last, waits=True)] if last else []
    uow.ring_after_commit(record.job_type, written[0])
    return record, Resent(id=job_id, jobs=tuple(written))


def _refuse_unless_dead(record: JobRecord) -> None:
    if record.status is not JobStatus.DEAD:
        raise Conflict(f"Only a dead job can be sent again; this one is {record.status}.", code="job_not_dead")
    if record.sent_again_as is not None:
        raise Conflict(f"This job was sent again already, as {record.sent_again_as}.", code=SENT_AGAIN, job_id=str(record.sent_again_as))


async def _refuse(uow: UnitOfWork, record: JobRecord) -> None:
    standing = await uow.job_records.standing(record.assessment_id)
    if standing.in_progress:
        raise Conflict("Another job of this assessment is under way. Send this one again when it has ended.", code="assessment_in_progress")
    if standing.decided:
        raise Conflict(
            "An advisor has spoken on this recommendation. It stays the one that is shown, so it is not made again.", code="advisor_decided"
        )


async def _again(uow: UnitOfWork, record: JobRecord, *, waits: bool = False) -> UUID:
    job_id = new_id()
    await uow.jobs.add(
        job_id,
        record.job_type,
        assessment_id=record.assessment_id,
        track=record.track_slug,
        correlation_id=current_correlation_id() or record.correlation_id,
        priority=PRIORITIES[record.job_type],
        waits=waits,
        generation=record.generation + 1,
        parent_id=record.id,
    )
    return job_id


async def _note(uow: UnitOfWork, actor: Actor | None, record: JobRecord, resent: Resent) -> None:
    changes = {"type": record.job_type.value, "cause": record.cause, "jobs": [str(each) for each in resent.jobs]}
    await audit.record(uow, actor, AuditAction.JOB_RESENT, "job", record.id, changes)


def _read(record: JobRecord) -> JobRead:
    return JobRead(**_shared(record))


def _shared(record: JobRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "type": record.job_type,
        "status": record.status,
        "assessment_id": record.assessment_id,
        "track": record.track_slug,
        "attempts": record.attempt,
        "crashes": record.crashes,
        "cause": record.cause,
        "error": record.last_error,
        "created_at": record.created_at,
        "finished_at": record.finished_at,
        "generation": record.generation,
        "parent_id": record.parent_job_id,
        "sent_again_as": record.sent_again_as,
    }
