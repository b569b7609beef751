"""What an advisor has to look after: the list of all assessments of their students, what waits for a word, and one student over time."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from assay.db.repositories.caseload import Advised, Case, Order, Place, Standing, Waiting
from assay.db.repositories.cohorts import Sieve
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.actors import Actor
from assay.domain.errors import NotFound
from assay.domain.progress import AssessmentStatus
from assay.domain.release import Release
from assay.domain.rubric import Dimension
from assay.kit.model import Value
from assay.services import cohorts, flags, notes
from assay.services.cohorts import TURNAROUND_HOURS, CohortAssessment, CohortStudent
from assay.services.feedback import AdvisorDecision, decisions
from assay.services.flags import FlagRead
from assay.services.notes import NoteRead

_BATCH: Final = 500
_HISTORY: Final = 200
_BY_STUDENT: Final = frozenset({Order.STUDENT, Order.STUDENT_DOWN})


class Wanted(Value):
    """Which assessments, in which order."""

    cohort: UUID | None = None
    name: str = ""
    """A part of the student's name; letter case does not matter."""
    sieve: Sieve = Sieve()
    overdue: bool = False
    """Only what no advisor has spoken on within the turnaround."""
    order: Order = Order.LONGEST_WAIT


class CaseRead(CohortAssessment):
    """An assessment in the advisor's list."""

    withheld: bool
    """There is a result, and the track's policy keeps it from the student until somebody releases it, or until its day."""
    release_on: datetime | None
    """The day on which the policy shows it, where that is one."""
    released_at: datetime | None


class CasePage(Value):
    """A page of the list; `next_place` continues it."""

    items: tuple[CaseRead, ...]
    next_place: Place | None


class Next(Value):
    """A result that waits for an advisor's word."""

    assessment_id: UUID
    student: str
    hours: float


class Queue(Value):
    """What waits, the longest first."""

    waiting: int
    place: int | None
    """Which of them the current one is, from 1; None when it does not wait."""
    next: Next | None
    """The one behind the current one, or the first; None when no other waits."""


class Standings(Value):
    """The scores that stand, as means: levels from 0 to 4 by dimension, theory from 0 to 1; None where there is none."""

    theory: float | None
    levels: dict[Dimension, float | None]
    held: int
    """Levels that wait for a person."""
    said: int
    """Levels that are an advisor's."""


class HistoryItem(Value):
    """One of a student's assessments with what came of it."""

    case: CaseRead
    standings: Standings | None
    """None while there are no scores."""
    flags: tuple[FlagRead, ...]
    notes: tuple[NoteRead, ...]
    decisions: tuple[AdvisorDecision, ...]


class History(Value):
    """A student over time, the newest assessment first."""

    student: CohortStudent
    items: tuple[HistoryItem, ...]


async def page(uow: UnitOfWork, actor: Actor, wanted: Wanted, after: Place | None, limit: int) -> CasePage:
    """A page of the list. Two statements with a name or an order by name, else one, however many there are."""
    rows = await _rows(uow, actor, wanted, after, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return CasePage(
        items=tuple(_case(row) for row in rows[:limit]), next_place=Place(last.key, last.line.assessment_id) if last is not None else None
    )


async def everything(open_uow: OpenUnitOfWork, actor: Actor, wanted: Wanted) -> AsyncIterator[CaseRead]:
    """The whole list, portion by portion; no transaction is open between them."""
    after: Place | None = None
    while True:
        async with open_uow(autocommit=True) as uow:
            portion = await page(uow, actor, wanted, after, _BATCH)
        for case in portion.items:
            yield case
        if (after := portion.next_place) is None:
            return


async def one(uow: UnitOfWork, actor: Actor, assessment_id: UUID) -> CaseRead:
    """One line of the list. Raises `NotFound` for an assessment that is none of the caller's."""
    rows = await uow.caseload.page(actor.id, Sieve(), Order.LONGEST_WAIT, only=assessment_id, limit=1)
    if not rows:
        raise NotFound("There is no such assessment.")
    return _case(rows[0])


async def queue(uow: UnitOfWork, actor: Actor, current: UUID | None = None) -> Queue:
    """What waits for the caller or another advisor of the same students, in the order of the turnaround."""
    rows = await uow.caseload.queue(actor.id, current)
    here = next((row for row in rows if row.assessment_id == current), None)
    others = [row for row in rows if row.assessment_id != current]
    following = next((row for row in others if current is not None and row.behind == current), others[0] if others else None)
    return Queue(
        waiting=rows[0].waiting if rows else 0,
        place=here.place if here else None,
        next=_next(following) if following else None,
    )


async def history(uow: UnitOfWork, actor: Actor, pseudonym: UUID) -> History:
    """A student's assessments with scores, flags, notes and decisions, in six statements. Raises `NotFound` for nobody of the caller's."""
    found = await uow.caseload.students(actor.id, pseudonym=pseudonym)
    if not found:
        raise NotFound("There is no such student.")
    student = found[0]
    cases = await uow.caseload.page(actor.id, Sieve(), Order.LAST_SUBMITTED, students=[student.id], limit=_HISTORY)
    ids = [case.line.assessment_id for case in cases]
    scores = _standings(await uow.caseload.standings(ids))
    flagged = await flags.of_many(uow, actor, ids)
    decided = await decisions(uow, actor, ids)
    noted = notes.shown(await uow.notes.of_student(student.id), actor)
    return History(
        student=CohortStudent(name=student.name, pseudonym=student.pseudonym),
        items=tuple(
            HistoryItem(
                case=_case(case),
                standings=scores.get(each),
                flags=flagged.get(each, ()),
                notes=tuple(note for note in noted if note.assessment_id == each),
                decisions=decided.get(each, ()),
            )
            for each, case in zip(ids, cases, strict=True)
        ),
    )


async def _rows(uow: UnitOfWork, actor: Actor, wanted: Wanted, after: Place | None, limit: int) -> list[Case]:
    students: Sequence[UUID] | None = None
    if wanted.name.strip() or wanted.order in _BY_STUDENT:
        students = _matching(await uow.caseload.students(actor.id, wanted.cohort), wanted.name)
    sieve = wanted.sieve
    if wanted.overdue:
        sieve = sieve._replace(reviewed=False, older=TURNAROUND_HOURS)
    return await uow.caseload.page(actor.id, sieve, wanted.order, cohort=wanted.cohort, students=students, after=after, limit=limit)


def _matching(students: Sequence[Advised], name: str) -> list[UUID]:
    """Whose name contains `name`, by name.

    Names are encrypted in the database, which can neither search nor sort by them: they are decrypted and compared here, and only those
    of the caller's own students.
    """
    wanted = name.strip().casefold()
    found = [student for student in students if wanted in student.name.casefold()]
    return [student.id for student in sorted(found, key=lambda each: (each.name.casefold(), each.id))]


def _case(row: Case) -> CaseRead:
    line = cohorts.read(row.line)
    release = Release.of(row.release_policy, row.released_at)
    withheld = line.state is AssessmentStatus.COMPLETED and release.held(row.now) is not None
    return CaseRead(
        **line.model_dump(by_alias=False),
        withheld=withheld,
        release_on=release.policy.on if withheld else None,
        released_at=row.released_at,
    )


def _next(row: Waiting) -> Next:
    return Next(assessment_id=row.assessment_id, student=row.student_name, hours=row.hours)


def _standings(rows: Sequence[Standing]) -> Mapping[UUID, Standings]:
    parts: dict[UUID, dict[str, Standing]] = {}
    for row in rows:
        parts.setdefault(row.assessment_id, {})[row.part] = row
    return {
        each: Standings(
            theory=found["theory"].value if "theory" in found else None,
            levels={name: found[name].value for name in Dimension if name in found},
            held=sum(row.held for row in found.values()),
            said=sum(row.said for row in found.values()),
        )
        for each, found in parts.items()
    }
