"""Enrolling people by a list: all rows or none, or the good ones alone; every row is answered, and a dry run writes nothing.

Somebody whose address is not known gets an account without a password: it belongs to whoever signs in with that address through single
sign-on, or is given a password later. Until then nobody can sign in to it.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from assay.db.models import Cohort, User
from assay.db.unit_of_work import UnitOfWork
from assay.domain import roster
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.errors import FieldProblem, Invalid, NotFound
from assay.domain.roster import Entry
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.services import audit


class Outcome(StrEnum):
    """What becomes of a row."""

    ENROLLED = "enrolled"
    INVITED = "invited"
    """A new account, enrolled too."""
    ALREADY = "already"
    REFUSED = "refused"


class RowRead(Value):
    """A row and what became of it; `line` counts from 1, the header included."""

    line: int
    outcome: Outcome
    person_id: UUID | None = None
    problem: str | None = None


class RosterReport(Value):
    """What an import did (`applied`), or would do."""

    applied: bool
    counts: Mapping[Outcome, int]
    rows: tuple[RowRead, ...]


async def enrol(
    uow: UnitOfWork, actor: Actor | None, content: bytes, *, cohort_id: UUID | None, dry_run: bool = False, skip_bad: bool = False
) -> RosterReport:
    """Enrol the people of a CSV file in the cohort given, or in the ones that the rows name.

    Raises `NotFound` for a cohort there is not, `Invalid` for what is no such file, and for any bad row unless `skip_bad` or `dry_run`.
    """
    try:
        entries = roster.read(content)
    except ValueError as error:
        raise Invalid(str(error), code="roster_unreadable") from error
    given = await uow.enrolment.get(cohort_id, hold=True) if cohort_id else None
    if cohort_id and given is None:
        raise NotFound("There is no such cohort.")
    cohorts = {name: await uow.enrolment.by_name(name) for name in {entry.cohort for entry in entries if entry.cohort}}
    checked = [(entry, await _refusal(uow, entry, given, cohorts)) for entry in entries]
    bad = [(entry, problem) for entry, problem in checked if problem]
    if bad and not (skip_bad or dry_run):
        problems = tuple(FieldProblem(f"/{entry.line}", problem) for entry, problem in bad)
        raise Invalid(
            f"{len(bad)} of {len(entries)} rows cannot be enrolled; nothing was written.", code="roster_refused", problems=problems
        )
    rows = [
        RowRead(line=entry.line, outcome=Outcome.REFUSED, problem=problem)
        if problem
        else await _enrol(uow, entry, cohorts[entry.cohort] if entry.cohort else given, dry_run=dry_run)
        for entry, problem in checked
    ]
    report = RosterReport(applied=not dry_run, counts=_counts(rows), rows=tuple(rows))
    if report.applied:
        await audit.record(
            uow, actor, AuditAction.COHORT_IMPORTED, "cohort" if cohort_id else "roster", cohort_id or new_id(), _told(report)
        )
    return report


async def _refusal(uow: UnitOfWork, entry: Entry, given: Cohort | None, cohorts: Mapping[str, Cohort | None]) -> str | None:
    if entry.problem:
        return entry.problem
    if given and entry.cohort and entry.cohort != given.name:
        return "cohort is another one"
    if not given and (entry.cohort is None or cohorts[entry.cohort] is None):
        return "cohort does not exist" if entry.cohort else "cohort is missing"
    user = await uow.accounts.by_email(entry.email)
    if user and user.role != entry.role:
        return f"is known as {user.role}"
    return "has no active account any more" if user and not user.is_active else None


async def _enrol(uow: UnitOfWork, entry: Entry, cohort: Cohort | None, *, dry_run: bool) -> RowRead:
    if cohort is None:  # refused before
        raise AssertionError
    user = await uow.accounts.by_email(entry.email)
    outcome = Outcome.ENROLLED if user else Outcome.INVITED
    if user is None:
        user = User(id=new_id(), email=entry.email, name=entry.name, role=entry.role.value, pseudonym=new_id())
        if not dry_run:
            uow.accounts.add(user)
            await uow.session.flush()
    elif dry_run and await uow.enrolment.holds(cohort.id, user.id):
        outcome = Outcome.ALREADY
    if not dry_run and not await uow.enrolment.join(cohort.id, user.id):
        outcome = Outcome.ALREADY
    return RowRead(line=entry.line, outcome=outcome, person_id=None if dry_run and outcome is Outcome.INVITED else user.id)


def _counts(rows: Sequence[RowRead]) -> dict[Outcome, int]:
    return {outcome: sum(row.outcome is outcome for row in rows) for outcome in Outcome}


def _told(report: RosterReport) -> dict[str, list[str]]:
    return {
        outcome.value: [str(row.person_id) for row in report.rows if row.outcome is outcome]
        for outcome in (Outcome.ENROLLED, Outcome.INVITED)
    }
