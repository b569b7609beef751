"""What an advisor has to look after: every order and selection of the list, its pages, the queue, a student over time."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import advising
import pytest
import pytest_asyncio
from sqlalchemy import text

from assay.db.models import Recommendation, User
from assay.db.repositories.caseload import Order
from assay.db.repositories.cohorts import Sieve
from assay.domain.actors import Actor, Role
from assay.domain.errors import NotFound
from assay.domain.notes import NoteAbout
from assay.domain.rubric import Dimension
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import caseload
from assay.services.caseload import CasePage, Wanted

PEOPLE = ("Zoë Ångström", "amal Haddad", "Benedikta Ó Briain")


@pytest_asyncio.fixture
async def adviser(runtime: Runtime) -> Actor:
    """The advisor of the demo cohort."""
    async with runtime.open_uow() as uow:
        user = await uow.accounts.by_email("advisor@assay.example")
    assert user is not None
    return Actor(id=user.id, role=Role.ADVISOR)


@pytest_asyncio.fixture
async def world(runtime: Runtime) -> dict[str, UUID]:
    """Assessments of three students, one of whom is in two cohorts, by what they are; ages in hours."""
    made: dict[str, UUID] = {}
    async with runtime.open_uow() as uow:
        advisor = await uow.accounts.by_email("advisor@assay.example")
        assert advisor is not None
        students = [new_id() for _ in PEOPLE]
        for student, name in zip(students, PEOPLE, strict=True):
            uow.accounts.add(User(id=student, email=f"{student}@x.example", name=name, role=Role.STUDENT.value, pseudonym=new_id()))
        await uow.session.flush()
        for member in students:
            await uow.accounts.join_cohort("Demo cohort", member, runtime.clock())
        for member in (advisor.id, students[0]):
            await uow.accounts.join_cohort("Second cohort", member, runtime.clock())

        async def make(name: str, student: int, age: float | None, *, done: bool = True, reviewed: bool = False, **changes: Any) -> None:
            ago = None if age is None else timedelta(hours=age)
            over = ago if done else None
            changes = {"submitted": ago, "completed": over, "closed": over, **changes}
            made[name] = await advising.new_assessment(uow, students[student], **changes)
            if reviewed:
                each = Recommendation(id=new_id(), assessment_id=made[name], summary={}, excluded=[], provenance={}, processing_ms=1.0)
                uow.session.add(each)
                await uow.session.flush()
                said = {"relevance": 4, "fit": 4, "decision": "accept", "items": [], "comment": "Good.", "track_slug": "backend-engineer"}
                await uow.feedback.put(recommendation_id=each.id, author_id=advisor.id, author_role="advisor", **said)

        await make("open", 1, None, done=False)
        await make("scoring", 2, 3, done=False)
        await make("old", 0, 60)
        await make("fresh", 1, 5, track="data-analyst")
        await make("done", 0, 70, reviewed=True, track="data-analyst")
        await make("middle", 2, 30, track="data-analyst")
    return made


def names(world: dict[str, UUID], page: CasePage) -> list[str]:
    """What the listed assessments are."""
    known = {assessment_id: name for name, assessment_id in world.items()}
    return [known[case.assessment_id] for case in page.items]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.LONGEST_WAIT, ["old", "middle", "fresh", "scoring", "done", "open"]),
        (Order.SHORTEST_WAIT, ["scoring", "fresh", "middle", "old", "done", "open"]),
        (Order.LAST_SUBMITTED, ["scoring", "fresh", "middle", "old", "done", "open"]),
        (Order.FIRST_SUBMITTED, ["done", "old", "middle", "fresh", "scoring", "open"]),
        (Order.STUDENT, ["fresh", "open", "middle", "scoring", "done", "old"]),
        (Order.STUDENT_DOWN, ["done", "old", "middle", "scoring", "fresh", "open"]),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 50])
async def test_every_order_in_pages_of_any_size(
    runtime: Runtime, adviser: Actor, world: dict[str, UUID], order: Order, expected: list[str], size: int
) -> None:
    """All, once each, in order: by the clock first what waits; names in any case and script; a student in two cohorts once."""
    seen: list[str] = []
    place = None
    async with runtime.open_uow(autocommit=True) as uow:
        while True:
            page = await caseload.page(uow, adviser, Wanted(order=order), place, size)
            seen += names(world, page)
            if (place := page.next_place) is None:
                break
    assert seen == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(overdue=True), ["old"]),
        (Wanted(sieve=Sieve(state="completed", reviewed=False)), ["old", "middle", "fresh"]),
        (Wanted(sieve=Sieve(state="inProgress")), ["open"]),
        (Wanted(sieve=Sieve(track="data-analyst")), ["middle", "fresh", "done"]),
        (Wanted(name="ZOË"), ["old", "done"]),
        (Wanted(name=" briain "), ["middle", "scoring"]),
        (Wanted(name="nobody"), []),
        (Wanted(name="a", sieve=Sieve(track="data-analyst"), order=Order.STUDENT), ["fresh", "middle"]),
    ],
)
async def test_a_selection(runtime: Runtime, adviser: Actor, world: dict[str, UUID], wanted: Wanted, expected: list[str]) -> None:
    """By what they are, and by a part of the name whatever its letter case."""
    async with runtime.open_uow(autocommit=True) as uow:
        found = names(world, await caseload.page(uow, adviser, wanted, None, 50))
    assert found == expected or (wanted.name == "a" and set(expected) <= set(found))


async def test_one_cohort_of_several(runtime: Runtime, adviser: Actor, world: dict[str, UUID]) -> None:
    """Only its students; of a cohort that is not the advisor's, nothing."""
    async with runtime.open_uow(autocommit=True) as uow:
        second = await uow.session.scalar(text("SELECT id FROM cohorts WHERE name = 'Second cohort'"))
        assert names(world, await caseload.page(uow, adviser, Wanted(cohort=second), None, 50)) == ["old", "done"]
        assert names(world, await caseload.page(uow, adviser, Wanted(cohort=second, name="amal"), None, 50)) == []
        assert names(world, await caseload.page(uow, adviser, Wanted(cohort=new_id()), None, 50)) == []


async def test_the_queue_is_the_order_of_the_clock(runtime: Runtime, adviser: Actor, world: dict[str, UUID]) -> None:
    """Place and next: from the first to the last, from the last to the first again, and from one that does not wait."""
    async with runtime.open_uow(autocommit=True) as uow:
        told = {name: await caseload.queue(uow, adviser, world[name]) for name in ("old", "middle", "fresh", "done")}
        start = await caseload.queue(uow, adviser)
    known = {assessment_id: name for name, assessment_id in world.items()}
    assert {name: (each.place, each.waiting, each.next and known[each.next.assessment_id]) for name, each in told.items()} == {
        "old": (1, 3, "middle"),
        "middle": (2, 3, "fresh"),
        "fresh": (3, 3, "old"),
        "done": (None, 3, "old"),
    }
    assert start.next is not None
    assert (start.waiting, start.next.student, round(start.next.hours)) == (3, PEOPLE[0], 60)


async def test_nobody_elses_students(runtime: Runtime, world: dict[str, UUID]) -> None:
    """An advisor of nobody has an empty list, nothing waits, and no student or assessment is there."""
    stranger = Actor(id=new_id(), role=Role.ADVISOR)
    async with runtime.open_uow(autocommit=True) as uow:
        assert (await caseload.page(uow, stranger, Wanted(), None, 50)).items == ()
        assert (await caseload.queue(uow, stranger)).waiting == 0
        pseudonym = await uow.session.scalar(text("SELECT pseudonym FROM users u JOIN assessments a ON a.student_id = u.id LIMIT 1"))
        with pytest.raises(NotFound):
            await caseload.history(uow, stranger, pseudonym)
        with pytest.raises(NotFound):
            await caseload.one(uow, stranger, world["old"])


async def test_a_student_over_time(runtime: Runtime, adviser: Actor, world: dict[str, UUID]) -> None:
    """The newest first, with the levels that stand (an advisor's over the model's, the newest verdict's), flags, notes, decisions."""
    async with runtime.open_uow() as uow:
        first, second = await advising.new_scores(uow, world["old"], advising.levels(1, 2, 4), advising.levels(None, 4, 4))
        question = await uow.session.scalar(text("SELECT question_id FROM essay_scores WHERE id = :id"), {"id": first})
        await uow.overrides.add(first, adviser.id, {Dimension.CLARITY: 4}, "Look again.")
        await uow.scores.add_essay_scores([advising.essay_score(world["old"], question, advising.levels(0, 3, 4), version=2)])
        await uow.notes.add(world["old"], adviser.id, NoteAbout.STUDENT, "Works at night.")
        pseudonym = await uow.session.scalar(
            text("SELECT u.pseudonym FROM users u JOIN assessments a ON a.student_id = u.id WHERE a.id = :id"), {"id": world["old"]}
        )
    assert second
    async with runtime.open_uow(autocommit=True) as uow:
        with advising.statements(runtime) as seen:
            found = await caseload.history(uow, adviser, pseudonym)
    assert len(seen) == 6
    assert (found.student.name, names(world, CasePage(items=tuple(item.case for item in found.items), next_place=None))) == (
        PEOPLE[0],
        ["old", "done"],
    )
    old, done = found.items
    assert old.standings is not None
    assert old.standings.levels == {Dimension.CLARITY: 4.0, Dimension.ACCURACY: 3.5, Dimension.COHERENCE: 4.0}
    assert (old.standings.held, old.standings.said) == (1, 1)
    assert [note.body for note in old.notes] == ["Works at night."]
    assert [(each.decision, each.comment, each.own) for each in done.decisions] == [("accept", "Good.", True)]
    assert done.standings is None


async def test_what_is_withheld_from_the_student_is_told(runtime: Runtime, adviser: Actor, world: dict[str, UUID]) -> None:
    """By the policy the assessment was started under, until somebody releases it."""
    policy = text('UPDATE assessments SET release_policy = \'{"when": "afterReview"}\' WHERE id = :id')
    async with runtime.open_uow() as uow:
        await uow.session.execute(policy, {"id": world["old"]})
        assert (await caseload.one(uow, adviser, world["old"])).withheld
        assert not (await caseload.one(uow, adviser, world["fresh"])).withheld
        await uow.assessments.mark_released(world["old"])
        case = await caseload.one(uow, adviser, world["old"])
    assert (case.withheld, case.released_at is not None) == (False, True)
