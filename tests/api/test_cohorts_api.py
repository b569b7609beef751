"""An advisor's cohorts: counts by state, the list with its filters and pages, and nobody else's."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import advising
import httpx2
import pytest
from journeys import Student
from sqlalchemy import text

from assay.db.models import Recommendation
from assay.domain.actors import Actor
from assay.domain.degradation import Cause, Degradation, Stage
from assay.kit.ids import new_id
from assay.runtime import Runtime

HOURS = {hours: timedelta(hours=hours) for hours in (1, 30, 50, 60)}
DEMO = "Demo cohort"


async def cohorts(advisor: Student) -> dict[str, dict[str, Any]]:
    """The advisor's cohorts by name."""
    answer = await advisor.request("GET", "/advisor/cohorts")
    assert answer.status_code == 200, answer.text
    assert answer.json()["nextCursor"] is None
    return {each["name"]: each for each in answer.json()["items"]}


async def listed(advisor: Student, **wanted: Any) -> list[dict[str, Any]]:
    """The demo cohort's assessments, filtered."""
    cohort = (await cohorts(advisor))[DEMO]["id"]
    answer = await advisor.request("GET", f"/advisor/cohorts/{cohort}/assessments", params=wanted)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.fixture
async def world(runtime: Runtime, student_actor: Actor) -> dict[str, UUID]:
    """Assessments of one student in every state there is, by what they are."""
    made: dict[str, UUID] = {}
    async with runtime.open_uow() as uow:

        async def make(name: str, **changes: Any) -> UUID:
            made[name] = await advising.new_assessment(uow, student_actor.id, **changes)
            return made[name]

        nothing: dict[str, Any] = {"submitted": None, "completed": None}
        await make("open", **nothing, closed=None)
        await make("late", **nothing, closed=None, expires=timedelta(seconds=-1), track="data-analyst")
        await make("expired", **nothing, expires=timedelta(days=-1))
        await make("processing", submitted=HOURS[1], completed=None, closed=None, track="frontend-engineer")
        done = await make("done", submitted=HOURS[30])
        await advising.new_scores(uow, done, advising.levels(1), advising.levels(None))
        degraded = await make("degraded", submitted=HOURS[50], track="data-analyst")
        since = runtime.clock()
        await uow.scores.add_degradation(
            degraded, Degradation(stage=Stage.NARRATIVE, cause=Cause.TIMEOUT, since=since, replaced_by="built-in")
        )
        reviewed = await make("reviewed", submitted=HOURS[60])
        recommendation = Recommendation(id=new_id(), assessment_id=reviewed, summary={}, excluded=[], provenance={}, processing_ms=1.0)
        uow.session.add(recommendation)
        await uow.session.flush()
        advisor = await uow.accounts.by_email("advisor@assay.example")
        assert advisor is not None
        said = {"relevance": 4, "fit": 4, "decision": None, "items": [], "comment": None, "track_slug": "backend-engineer"}
        await uow.feedback.put(recommendation_id=recommendation.id, author_id=advisor.id, author_role="advisor", **said)
        await uow.feedback.put(recommendation_id=recommendation.id, author_id=student_actor.id, author_role="student", **said)
        said_ago = text("UPDATE recommendation_feedback SET created_at = now() - make_interval(hours => :hours) WHERE author_role = :role")
        await uow.session.execute(said_ago, [{"hours": 20, "role": "advisor"}, {"hours": 30, "role": "student"}])
    return made


def names(world: dict[str, UUID], items: list[dict[str, Any]]) -> list[str]:
    """What the listed assessments are."""
    known = {str(assessment_id): name for name, assessment_id in world.items()}
    return [known[item["assessmentId"]] for item in items]


async def test_cohorts_are_counted(advisor: Student, world: dict[str, UUID]) -> None:
    """Students without the advisor, assessments by state, what needs a look, and what has waited too long."""
    cohort = (await cohorts(advisor))[DEMO]
    assert cohort["students"] == 2
    assert cohort["assessments"] == {"inProgress": 1, "expired": 2, "processing": 1, "completed": 3}
    assert {name: cohort[name] for name in ("degraded", "held", "flagged", "overdue")} == {
        "degraded": 1,
        "held": 1,
        "flagged": 0,
        "overdue": 1,
    }


async def test_a_line_says_who_what_and_how_long(advisor: Student, world: dict[str, UUID], runtime: Runtime, student_actor: Actor) -> None:
    """The student's name and pseudonym, the track, the state, the hours against the limit of 48; the review stops the clock."""
    lines = dict(zip(names(world, items := await listed(advisor)), items, strict=True))
    assert list(lines) == list(reversed(world)), "newest first"
    async with runtime.open_uow() as uow:
        user = await uow.accounts.get(student_actor.id)
    assert user is not None
    assert lines["done"]["student"] == {"name": user.name, "pseudonym": str(user.pseudonym)}
    assert lines["degraded"]["track"]["slug"] == "data-analyst"
    ages = {name: line["ageHours"] for name, line in lines.items()}
    assert (ages["open"], ages["late"], ages["expired"]) == (None, None, None)
    assert [ages[name] for name in ("processing", "done", "degraded", "reviewed")] == pytest.approx([1, 30, 50, 40], abs=0.1)
    assert {name for name, line in lines.items() if line["overdue"]} == {"degraded"}
    assert {name for name, line in lines.items() if line["reviewedAt"]} == {"reviewed"}
    assert {name for name, line in lines.items() if line["held"]} == {"done"}
    assert str(student_actor.id) not in str(items)


async def test_the_state_is_the_one_the_domain_derives(advisor: Student, world: dict[str, UUID]) -> None:
    """What the query calls a state is what every other route says."""
    derived = {item["assessmentId"]: item["status"] for item in (await advisor.request("GET", "/assessments")).json()["items"]}
    assert len(set(derived.values())) == 4
    assert {item["assessmentId"]: item["state"] for item in await listed(advisor)} == derived


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"state": "completed"}, ["reviewed", "degraded", "done"]),
        ({"state": "inProgress"}, ["open"]),
        ({"state": "expired"}, ["expired", "late"]),
        ({"track": "data-analyst"}, ["degraded", "late"]),
        ({"track": "no-such-track"}, []),
        ({"degraded": "true"}, ["degraded"]),
        ({"degraded": "false", "state": "completed"}, ["reviewed", "done"]),
        ({"held": "true"}, ["done"]),
        ({"flagged": "true"}, []),
        ({"reviewed": "false", "state": "completed"}, ["degraded", "done"]),
        ({"olderThanHours": "48"}, ["degraded"]),
        ({"olderThanHours": "35.5"}, ["reviewed", "degraded"]),
        ({"olderThanHours": "0"}, ["reviewed", "degraded", "done", "processing"]),
    ],
)
async def test_filters(advisor: Student, world: dict[str, UUID], wanted: dict[str, str], expected: list[str]) -> None:
    """Each alone, and together."""
    assert names(world, await listed(advisor, **wanted)) == expected


async def test_flags_and_overrides_are_seen_at_once(advisor: Student, world: dict[str, UUID]) -> None:
    """A flag marks until it is resolved; a level for the held dimension ends the hold."""
    path = f"/assessments/{world['done']}/flags"
    await advisor.request("POST", path, json={"code": "followUp"})
    assert names(world, await listed(advisor, flagged="true")) == ["done"]
    assert (await cohorts(advisor))[DEMO]["flagged"] == 1
    await advisor.request("POST", path, json={"code": "resolved"})
    assert await listed(advisor, flagged="true") == []


async def test_a_held_essay_waits_until_a_person_has_judged_it(advisor: Student, world: dict[str, UUID], runtime: Runtime) -> None:
    """Another dimension does not help, the held one does, also when the verdict is replaced by one that holds it again."""
    async with runtime.open_uow() as uow:
        (score,) = [score for score in await uow.scores.essay_scores(world["done"]) if score.clarity is None]
    await advising.override(advisor, score.id, accuracy=4)
    assert names(world, await listed(advisor, held="true")) == ["done"]
    await advising.override(advisor, score.id, clarity=4)
    assert await listed(advisor, held="true") == []
    async with runtime.open_uow() as uow:
        await uow.scores.add_essay_scores([advising.essay_score(world["done"], score.question_id, advising.levels(None), version=2)])
    assert await listed(advisor, held="true") == []
    async with runtime.open_uow() as uow:
        await uow.scores.add_essay_scores([advising.essay_score(world["done"], score.question_id, advising.levels(3, None), version=3)])
    assert await listed(advisor, held="true") == []


async def test_only_the_newest_verdict_holds(advisor: Student, world: dict[str, UUID], runtime: Runtime) -> None:
    """A better verdict ends the hold without a person."""
    async with runtime.open_uow() as uow:
        (score,) = [score for score in await uow.scores.essay_scores(world["done"]) if score.clarity is None]
        await uow.scores.add_essay_scores([advising.essay_score(world["done"], score.question_id, advising.levels(3), version=2)])
    assert await listed(advisor, held="true") == []


async def test_pages_follow_each_other(advisor: Student, world: dict[str, UUID]) -> None:
    """Two at a time: all, once each, in order; filters go along."""
    cohort = (await cohorts(advisor))[DEMO]["id"]
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 2, "olderThanHours": 0}
    while True:
        page = (await advisor.request("GET", f"/advisor/cohorts/{cohort}/assessments", params=params)).json()
        seen += names(world, page["items"])
        if page["nextCursor"] is None:
            break
        params["cursor"] = page["nextCursor"]
    assert seen == ["reviewed", "degraded", "done", "processing"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"state": "finished"},
        {"olderThanHours": "-1"},
        {"olderThanHours": "nan"},
        {"limit": "0"},
        {"limit": "201"},
        {"cursor": "x"},
        {"held": "perhaps"},
        {"track": "a" * 101},
        {"colour": "red"},
    ],
)
async def test_a_filter_that_does_not_fit_is_refused(advisor: Student, wanted: dict[str, str]) -> None:
    """422 that names the parameter."""
    cohort = (await cohorts(advisor))[DEMO]["id"]
    answer = await advisor.request("GET", f"/advisor/cohorts/{cohort}/assessments", params=wanted)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == f"/query/{next(iter(wanted))}"


async def test_one_statement_each(advisor: Student, world: dict[str, UUID], runtime: Runtime) -> None:
    """However many cohorts and assessments there are."""
    cohort = (await cohorts(advisor))[DEMO]["id"]
    for path in ("/advisor/cohorts", f"/advisor/cohorts/{cohort}/assessments", "/advisor/agreement"):
        with advising.statements(runtime) as seen:
            assert (await advisor.request("GET", path)).status_code == 200
        assert len(seen) == 1, path


async def test_nobody_sees_anothers_cohort(
    student: Student, admin: Student, advisor: Student, client: httpx2.AsyncClient, runtime: Runtime, world: dict[str, UUID]
) -> None:
    """Another advisor: an empty list, and 404 as for a cohort that does not exist. Students and admins: 403."""
    demo = (await cohorts(advisor))[DEMO]["id"]
    stranger = await advising.advisor_of(runtime, client, "Elsewhere")
    assert (await cohorts(stranger))["Elsewhere"]["students"] == 0
    assert list(await cohorts(stranger)) == ["Elsewhere"]
    foreign, missing = [await stranger.request("GET", f"/advisor/cohorts/{each}/assessments") for each in (demo, new_id())]
    assert foreign.status_code == missing.status_code == 404
    assert {**foreign.json(), "correlationId": ""} == {**missing.json(), "correlationId": ""}
    own = (await cohorts(stranger))["Elsewhere"]["id"]
    assert (await stranger.request("GET", f"/advisor/cohorts/{own}/assessments")).json() == {"items": [], "nextCursor": None}
    for other in (student, admin):
        for path in ("/advisor/cohorts", f"/advisor/cohorts/{demo}/assessments"):
            assert (await other.request("GET", path)).status_code == 403


async def test_a_student_in_two_cohorts_counts_in_both(
    advisor: Student, client: httpx2.AsyncClient, runtime: Runtime, world: dict[str, UUID], student_actor: Actor
) -> None:
    """And is seen by the advisors of either, once each."""
    second = await advising.advisor_of(runtime, client, "Second", student_actor.id)
    cohort = (await cohorts(second))["Second"]
    assert (cohort["students"], sum(cohort["assessments"].values())) == (1, 7)
    assert sum((await cohorts(advisor))[DEMO]["assessments"].values()) == 7
    page = await second.request("GET", f"/advisor/cohorts/{cohort['id']}/assessments")
    assert len(page.json()["items"]) == 7
