"""Dashboards at the API: real figures of a real journey, exact sums of a population, who sees what, and few statements on indexes."""

from typing import Any
from uuid import UUID

import httpx2
import pytest
from advising import statements
from journeys import Student
from populations import explain, populate

from assay.db.repositories import dashboards as queries
from assay.domain.actors import Role
from assay.runtime import Runtime

PEOPLE = 400


async def read(person: Student, path: str) -> dict[str, Any]:
    """A dashboard."""
    answer = await person.request("GET", f"/dashboards/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_with_no_data_it_says_so(admin: Student) -> None:
    """Nothing is invented: no means, no shares, and every criterion says how much is missing."""
    feedback = await read(admin, "feedback")
    assert feedback["tracks"] == []
    assert feedback["overall"]["students"]["said"] == 0
    assert feedback["overall"]["students"]["satisfaction"] is None
    operations = await read(admin, "operations")
    assert (operations["queue"], operations["jobs"], operations["models"], operations["failures"]) == ([], [], [], [])
    pilot = await read(admin, "pilot")
    assert {each["verdict"] for each in pilot["criteria"]} == {"notEnough"}
    assert {each["name"]: each["missing"] for each in pilot["criteria"]}["students"] == 30
    assert pilot["decision"]["outcome"] == "undecided"


@pytest.mark.usefixtures("drainer")
async def test_a_journey_shows(admin: Student, advisor: Student, student: Student, track_id: UUID) -> None:
    """What a student did and both said is counted once, also when it is said twice, for the admin and for the advisor."""
    _, result = await student.finished(track_id)
    path = f"/recommendations/{result['recommendation']['id']}/feedback"
    for person, ratings in (
        (student, {"relevance": 2, "fit": 2}),
        (student, {"relevance": 5, "fit": 4}),
        (advisor, {"relevance": 4, "fit": 3}),
    ):
        decision = {"decision": "accept"} if person is advisor else {}
        assert (await person.request("POST", path, json={**ratings, **decision})).status_code in {200, 201}
    for reader in (admin, advisor):
        (line,) = (await read(reader, "feedback?period=7d&track=backend-engineer"))["tracks"]
        assert line["track"]["slug"] == "backend-engineer"
        assert line["students"] | {"said": 1, "relevance": 5, "fit": 4, "satisfaction": 1} == line["students"]
        assert line["advisors"] | {"said": 1, "satisfaction": 0, "accepted": 1, "acceptance": 1} == line["advisors"]
        assert line["turnaround"]["finished"] == line["turnaround"]["reviewed"] == line["turnaround"]["inTime"] == 1
        assert 0 < line["turnaround"]["p50Seconds"] < 60
    operations = await read(admin, "operations")
    assert {(job["jobType"], job["succeeded"]) for job in operations["jobs"]} == {("score_essay", 1), ("generate_recommendations", 1)}
    assert sum(model["calls"] for model in operations["models"] if model["purpose"] == "score_essay") == 3
    assert {model["costUsd"] for model in operations["models"]} == {None}
    assert [run["share"] for run in operations["runs"]] == [0, 0]
    values = {each["name"]: each["value"] for each in (await read(admin, "pilot"))["criteria"]}
    assert (values["studentSatisfaction"], values["advisorTrust"], values["relevance"]) == (1, 1, 1)
    assert (values["students"], values["advisors"], values["programmes"]) == (1, 1, 1)


async def test_sums_are_exact(admin: Student, runtime: Runtime) -> None:
    """Every figure of a population whose shares are known."""
    await populate(runtime, PEOPLE)
    overall = (await read(admin, "feedback"))["overall"]
    assert overall["students"] | {"said": 400, "relevance": 4.5, "satisfaction": 0.75} == overall["students"]
    assert overall["turnaround"] | {"submitted": 400, "finished": 400} == overall["turnaround"]
    assert overall["turnaround"]["p50Seconds"] == pytest.approx(5.5)
    operations = await read(admin, "operations")
    assert sum(job["dead"] for job in operations["jobs"]) == 8
    assert all(job["p95WaitSeconds"] == pytest.approx(0.2) for job in operations["jobs"])
    assert sum(model["inputTokens"] for model in operations["models"]) == 1_000 * (1_200 - 16)
    assert sum(model["costUsd"] for model in operations["models"]) == pytest.approx(1.184)
    failures = {(each["kind"], each["cause"]): 0 for each in operations["failures"]}
    for each in operations["failures"]:
        failures[each["kind"], each["cause"]] += each["times"]
    assert failures == {("model", "timeout"): 16, ("job", "timeout"): 8}
    assert operations["runs"][0] | {"finished": 400, "degraded": 8, "stillDegraded": 0, "share": 0.02} == operations["runs"][0]
    criteria = {each["name"]: each for each in (await read(admin, "pilot"))["criteria"]}
    assert (criteria["completion"]["value"], criteria["completion"]["verdict"]) == (0.99, "met")
    assert criteria["availability"]["value"] == pytest.approx(1_996 / 2_000, abs=0.001)
    assert (criteria["turnaround"]["verdict"], criteria["advisorTrust"]["verdict"]) == ("missed", "met")
    assert criteria["programmes"]["value"] == 2


async def test_periods_and_tracks_narrow(admin: Student, runtime: Runtime) -> None:
    """A week holds fewer than a month, a track fewer than all, and an unknown one nothing; what is no period is refused."""
    await populate(runtime, PEOPLE, oldest=80)
    counts = [(await read(admin, f"feedback?period={each}"))["overall"]["turnaround"]["submitted"] for each in ("7d", "30d", "90d", "all")]
    assert counts == sorted(counts)
    assert (counts[0] > 0, counts[0] < counts[1] < counts[2], counts[3]) == (True, True, PEOPLE)
    everything = await read(admin, "feedback?period=all")
    assert sum(line["turnaround"]["submitted"] for line in everything["tracks"]) == PEOPLE
    one = await read(admin, "operations?period=all&track=data-analyst")
    assert {job["track"] for job in one["jobs"]} == {model["track"] for model in one["models"]} == {"data-analyst"}
    assert (await read(admin, "pilot?track=nowhere"))["criteria"][0]["observed"] == 0
    assert (await admin.request("GET", "/dashboards/pilot?period=2d")).status_code == 422


async def test_who_sees_what(admin: Student, advisor: Student, student: Student, client: httpx2.AsyncClient, runtime: Runtime) -> None:
    """An advisor's figures are those of the own cohort; operations and pilot are an admin's; students see none."""
    await populate(runtime, PEOPLE)
    mine, every = await read(advisor, "feedback"), await read(admin, "feedback")
    assert mine["overall"]["students"]["said"] == every["overall"]["students"]["said"] / 2
    assert mine["overall"]["turnaround"]["submitted"] == PEOPLE / 2
    for path in ("operations", "pilot"):
        assert (await advisor.request("GET", f"/dashboards/{path}")).status_code == 403
    for path in ("feedback", "operations", "pilot"):
        assert (await student.request("GET", f"/dashboards/{path}")).status_code == 403
        assert (await client.get(f"/api/v1/dashboards/{path}")).status_code == 401


async def test_few_statements_on_indexes(admin: Student, runtime: Runtime) -> None:
    """Six statements at most for a dashboard, and of thousands of rows a week's calls and jobs are found by their indexes."""
    await populate(runtime, 4_000, oldest=80)
    async with runtime.open_uow() as uow:
        await uow.session.execute(queries.text("ANALYZE"))
    for path in ("feedback", "operations", "pilot"):
        with statements(runtime) as seen:
            await read(admin, f"{path}?period=7d")
        assert len(seen) <= 6
    week = {"days": 7, "track": None}
    assert "model_calls_pkey" in (plan := await explain(runtime, queries._MODELS.text, week)) or "pk_model_calls" in plan, plan
    assert "ix_async_jobs_finished" in (plan := await explain(runtime, queries._JOBS.text, week)), plan
    plan = await explain(runtime, queries._RUNS_SEEN[Role.ADMIN].text, {**week, "hours": 48})
    assert "Nested Loop" not in plan or "loops=4000" not in plan, plan
