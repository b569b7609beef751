"""Pages of operators: what they tell of real work and of its absence, what they refuse, and that hostile text stays text."""

import re
from typing import Any
from uuid import UUID

import pytest
from advising import new_assessment
from bending import bend
from dead import buried, jobs_of
from journeys import Student
from populations import populate
from sqlalchemy import text
from visitor import Visit

from assay.domain.actors import Actor
from assay.domain.degradation import Cause
from assay.domain.errors import Unavailable
from assay.domain.jobs import JobStatus, JobType
from assay.domain.snapshots import Measure
from assay.edge import health as edge_health
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import snapshots
from assay.web.operations import words

PAGES = ("/operations/health", "/operations/jobs", "/operations/pilot")
HOSTILE = "<script>alert(1)</script>\u202e" + "x" * 10_000


@pytest.fixture
async def result(runtime: Runtime, student: Student, track_id: UUID) -> dict[str, Any]:
    """A finished assessment whose essay job died."""
    return await buried(runtime, student, track_id, JobType.SCORE_ESSAY, error=ZeroDivisionError())


def test_every_code_has_words() -> None:
    """Nothing that the ledger or a stage may say is shown as a code."""
    assert set(words.JOBS) == set(JobType)
    assert set(words.STATUSES) == set(JobStatus)
    assert set(words.CAUSES) == set(Cause)


@pytest.mark.parametrize(
    ("value", "told"), [(None, "none yet"), (0.9999, "99.9%"), (1.0, "100%"), (0.7, "70%"), (0.1234, "12.3%"), (0.0, "0%")]
)
def test_a_share_is_never_rounded_up_to_all(value: float | None, told: str) -> None:
    """What is not every one is not called so."""
    assert words.share(value) == told


@pytest.mark.parametrize("name", ["student", "advisor", None])
async def test_nobody_else_may(visit: Visit, name: str | None) -> None:
    """Others are refused, also the fragment and what changes something; strangers are asked to sign in."""
    visitor = await visit(name)
    for path in (*PAGES, "/operations/health/fragment", f"/operations/jobs/{new_id()}"):
        page = await visitor.get(path)
        assert (page.status, page.path) == ((403, path) if name else (200, "/sign-in"))


async def test_pages_obey_the_strict_policy(visit: Visit, runtime: Runtime, result: dict[str, Any]) -> None:
    """Well-formed, nothing inline, every id once, every inner link with a target."""
    await populate(runtime, 40)
    await snapshots.take(runtime.open_uow, runtime.broker)
    admin = await visit("admin")
    job = (await jobs_of(runtime, result))[0]
    for path in (*PAGES, f"/operations/jobs/{job.id}", "/operations/health/fragment"):
        page = await admin.get(path)
        assert (page.status, page.refused, page.stack) == (200, [], [])
        assert len(page.ids) == len(set(page.ids))
        assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
        assert page.html.count("<h1") == 1


async def test_with_no_data_it_says_so(visit: Visit) -> None:
    """No figure is made up."""
    admin = await visit("admin")
    health = await admin.get("/operations/health")
    assert all(words in health.text for words in ("nobody has submitted", "Nothing was measured in this time", "No model was called"))
    assert "No job fits" in (await admin.get("/operations/jobs")).text
    pilot = await admin.get("/operations/pilot")
    assert "It is too early to decide" in pilot.text
    assert "Target: at least 30. 30 more to go." in pilot.text
    assert "Nobody has submitted an assessment" in pilot.text


async def test_the_health_of_a_service_at_work(visit: Visit, runtime: Runtime, result: dict[str, Any]) -> None:
    """A dead letter and its degraded result raise alerts with what to do; dependencies answer; models are told by name and track."""
    page = await (await visit("admin")).get("/operations/health")
    for told in ("1 dead letter waits for a decision", "No worker takes jobs in hand", "1 of the 1 results of the last hour", "Since"):
        assert told in page.text
    assert page.text.count("Answers") == 4
    assert "Substitute: Essay scoring" in page.text
    assert "Backend Engineer" in page.text
    assert "backend-engineer" not in page.text
    assert result["assessmentId"] not in page.text


async def test_pictures_come_with_titles_and_tables(visit: Visit, runtime: Runtime) -> None:
    """Each chart has a title that tells what is seen, and its figures as a table."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(
            text(
                "INSERT INTO metric_snapshots (at, name, labels, value)"
                " SELECT date_trunc('minute', now()) - make_interval(mins => n), m, '{}', n"
                " FROM generate_series(1, 120) AS n CROSS JOIN unnest(CAST(:names AS text[])) AS m"
            ),
            {"names": [Measure.TAKEN.value, Measure.QUEUE_DEPTH.value]},
        )
    page = await (await visit("admin")).get("/operations/health")
    assert page.html.count('<svg role="img"') == 4
    assert re.search(r"<title id=\"depth-title\">Unfinished jobs over time. Last \d+, at most 120. 50 jobs, above which", page.html)
    assert {"depth-table", "calls-table"} <= set(page.ids)
    assert "turnaround-table" not in page.ids


async def test_without_a_database_the_page_tells_what_it_can(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """At three in the morning that is what somebody wants to read, not an error."""
    admin = await visit("admin")

    async def away(*_: object) -> None:
        raise Unavailable("The database cannot be reached.")

    monkeypatch.setattr(Runtime, "ping_database", away)
    monkeypatch.setattr("assay.services.health.read", away)
    page = await admin.get("/operations/health")
    assert page.status == 200
    assert "The database does not answer" in page.text
    assert "Does not answer" in page.text


async def test_what_readyz_tells_is_what_the_page_tells(runtime: Runtime) -> None:
    """The four dependencies, each with state and latency."""
    told = await edge_health.readiness(runtime)
    assert {name: each["state"] for name, each in told["dependencies"].items()} == dict.fromkeys(
        ("database", "redis", "index", "vectors"), "up"
    )
    assert told["ready"]


async def test_one_dead_letter_is_sent_again(visit: Visit, runtime: Runtime, result: dict[str, Any]) -> None:
    """From the list to the job, with its stack; sent once, then the page says as what, and why not again."""
    admin = await visit("admin")
    essays, *_ = await jobs_of(runtime, result)
    listed = await admin.get("/operations/jobs?status=dead")
    assert "1 dead letter waits" in listed.text
    assert f"/operations/jobs/{essays.id}" in listed.links
    page = await admin.get(f"/operations/jobs/{essays.id}")
    assert "builtins.ZeroDivisionError" in page.text
    done = await admin.fill(page, f"{essays.id}/resend")
    assert "Sent again. The job that stands for it" in done.text
    assert "This job was sent again already" in done.text
    again = await admin.post(page.form("/resend").action, page.form("/resend").fields)
    assert again.status == 409
    assert "It was not sent again" in again.text
    assert len(await jobs_of(runtime, result)) == 4
    async with runtime.open_uow() as uow:
        (link,) = await uow.audit.chain()
    assert link.entry.action == "job:resend"
    assert (await admin.get(f"/operations/jobs/{new_id()}")).status == 404


async def test_all_of_a_cause_are_sent_again(visit: Visit, runtime: Runtime, result: dict[str, Any]) -> None:
    """By the form beside the cause; a cause that there is none of is refused."""
    admin = await visit("admin")
    done = await admin.fill(await admin.get("/operations/jobs"), "jobs/resend")
    assert "1 job sent again." in done.text
    assert "No dead letter waits" in done.text
    form = (await admin.get("/operations/health")).form("/sign-out")
    refused = await admin.post("/operations/jobs/resend", [*form.fields, ("cause", "boredom")])
    assert refused.status == 422
    assert len(await jobs_of(runtime, result)) == 4


async def test_results_are_healed_by_hand(visit: Visit, runtime: Runtime, result: dict[str, Any]) -> None:
    """What waits is told with whether it heals by itself; asked for, jobs are written and the trail names who did."""
    admin = await visit("admin")
    page = await admin.get("/operations/jobs")
    assert "Not made again by itself" in page.text
    done = await admin.fill(page, "jobs/heal")
    assert "1 result will be made again" in done.text
    async with runtime.open_uow() as uow:
        (link,) = await uow.audit.chain()
        someone = await uow.accounts.by_email("admin@assay.example")
    assert someone is not None
    assert link.entry.actor_id == someone.id
    assert len(await jobs_of(runtime, result)) == 4


async def test_the_ledger_is_narrowed(visit: Visit, runtime: Runtime) -> None:
    """By state, type, track and age; what the address says wrongly narrows nothing; a page is followed by the next."""
    await populate(runtime, 120)
    admin = await visit("admin")

    async def found(query: str) -> int:
        return sum(link.startswith("/operations/jobs/") for link in (await admin.get(f"/operations/jobs?{query}")).links)

    assert await found("status=dead&type=score_essay") == 2
    assert await found("status=dead&type=generate_recommendations") == 0
    assert await found("status=asleep&age=soon&cursor=") in {50, 0}
    assert await found("track=data-analyst&status=dead") + await found("track=backend-engineer&status=dead") == 2
    assert await found("status=dead&age=720") == 0
    assert await found("status=dead&age=24") == 2
    assert "Next page" in (await admin.get("/operations/jobs?type=score_essay")).text


async def test_the_scorecard_of_a_pilot(visit: Visit, runtime: Runtime) -> None:
    """Every criterion with figure, target, verdict and definition; the sentence names what is missed."""
    await populate(runtime, 400)
    page = await (await visit("admin")).get("/operations/pilot?period=30d")
    assert "The pilot is not there yet" in page.text
    assert "No-go as things stand" in page.text
    assert "Missed: Turnaround within 48 hours." in page.text
    assert page.html.count("How it is counted") == 11
    assert "75%" in page.text
    assert "./dev eval retrieval" in page.text
    one = await (await visit("admin")).get("/operations/pilot?period=all&track=data-analyst")
    assert "All there is, Data Analyst" in one.text


async def test_hostile_text_stays_text(visit: Visit, runtime: Runtime, student_actor: Actor, result: dict[str, Any]) -> None:
    """A track's name, an error and a stack are shown as they are, in elements of their own, and never run."""
    await bend(runtime, "UPDATE role_catalog SET name = :it WHERE slug = 'backend-engineer'", it=HOSTILE)
    await bend(runtime, "UPDATE async_jobs SET last_error = :it, stack = :it", it=HOSTILE)
    async with runtime.open_uow() as uow:
        await new_assessment(uow, student_actor.id)
    admin = await visit("admin")
    job = (await jobs_of(runtime, result))[0]
    for path in (*PAGES, f"/operations/jobs/{job.id}"):
        page = await admin.get(path)
        assert (page.status, page.refused) == (200, [])
        assert "alert(1)" in page.text
        assert not re.search(r"<script>alert", page.html)
