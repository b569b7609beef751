"""Three API servers and four workers behind a load balancer: whoever asks never notices which of them answers, or that one is gone."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any
from uuid import UUID, uuid4

import advising
import httpx2
import pytest
import pytest_asyncio
from balancer import SERVED_BY
from installations import GUESSES, PASSWORD, SERVERS, STARTS, Installation, installed
from invariants import broken
from journeys import Student, fitting_answer
from processes import Processes, Provider
from sqlalchemy import text
from visitor import Visitor, everything
from waiting import until

from assay.edge.sessions import LOOK_SECONDS
from assay.embedded.processes import Running
from assay.runtime import Runtime
from assay.services.service_keys import BELIEVED_SECONDS
from assay.settings import Settings
from assay.worker.main import owner_name
from benchmarks import people
from faults.world import SURPRISES

AT_ONCE = 12
CALL_SECONDS = 0.5
SLOW_CALL_SECONDS = 2.0
"""Time enough for all workers to be at work together, and to be hit at it."""
ON_TIME_SECONDS = 3.0
"""What a busy machine may take beyond the delay that is stated."""
TRACK = ("name", "description", "skillFocus", "questionMix", "targetLevel", "expiryDays", "fallbackCredentials", "status")
UNWRITTEN = {"id", "slug", "version", "isActive", "changedAt"}
"""What is read of a question and not sent back; of a track, what is."""


@pytest_asyncio.fixture
async def installation(
    settings: Settings, provider: Provider, processes: Processes, runtime: Runtime, tmp_path: Path
) -> AsyncIterator[Installation]:
    """Three servers, four workers and a sweeper."""
    async with installed(settings, provider, processes, runtime, tmp_path) as opened:
        yield opened


@pytest.mark.timeout(400)
async def test_every_journey_and_no_state_of_one_process(installation: Installation, subtests: pytest.Subtests) -> None:
    """People of each role do what they come for, each request at another server; then a server and a worker die, and nothing is lost."""
    await installation.provider.script(latency=str(CALL_SECONDS))
    journeys = (
        _a_student_at_the_api, _a_student_at_the_pages, _an_advisor, _an_admin_edits_questions, _a_machine_with_a_key,
        _quotas, _guessing, _deaths_in_the_middle,
    )  # fmt: skip
    for journey in journeys:
        with subtests.test(journey.__name__.strip("_")):
            await journey(installation)
    assert await broken(installation.runtime.open_uow) == {}
    assert _surprises(installation.logs) == []


def _surprises(logs: Path) -> list[str]:
    lines = [line for log in logs.rglob("*.log") for line in log.read_text(errors="replace").splitlines()]
    return [line for line in lines if any(f'"event": "{event}"' in line for event in SURPRISES)]


async def _a_student_at_the_api(on: Installation) -> None:
    """Tokens, batches, resume code, key and events of one server are good at the next; the result is one."""
    credentials = {"email": "student@assay.example", "password": PASSWORD}
    first = (await on.client.post("/api/v1/auth/token", json=credentials)).json()
    pair, answered_by = first, set()
    for _ in on.servers:
        answer = await on.client.post("/api/v1/auth/refresh", json={"refreshToken": pair["refreshToken"]})
        assert answer.status_code == 200, answer.text
        pair = answer.json()
        answered_by.add(answer.headers[SERVED_BY])
    assert answered_by == set(on.servers)
    student = Student(on.client, pair["accessToken"])
    bundle = await _started_and_answered(on, student, await on.track("backend-engineer"))

    key = {"Idempotency-Key": str(uuid4())}
    receipts = await asyncio.gather(*(student.submit(bundle, headers=key) for _ in on.servers))
    assert {each.status_code for each in receipts} == {202}
    assert len({each.content for each in receipts}) == 1
    assert {each.headers[SERVED_BY] for each in receipts} == set(on.servers)
    assert sorted(each.headers["idempotent-replayed"] for each in receipts) == ["false", "true", "true"]

    told = await _events(student, bundle)
    assert (told[0]["status"], told[-1]["status"]) == ("processing", "completed")
    assert (await on.alike(student, f"/assessments/{bundle['assessmentId']}/status"))["percent"] == 100
    result = await on.alike(student, f"/assessments/{bundle['assessmentId']}/result")
    assert (result["degraded"], len(result["essayScores"])) == (False, 3)
    path = f"/recommendations/{result['recommendation']['id']}/feedback"
    for fit in (1, 2, 3):
        said = await student.request("POST", path, json={"relevance": 4, "fit": fit})
        assert said.status_code == 200, said.text
    async with on.runtime.open_uow(autocommit=True) as uow:
        assert list(await uow.session.scalars(text("SELECT fit FROM recommendation_feedback"))) == [3]

    stolen = await on.client.post("/api/v1/auth/refresh", json={"refreshToken": first["refreshToken"]})
    ended = [await at.post("/api/v1/auth/refresh", json={"refreshToken": pair["refreshToken"]}) for at in on.direct]
    assert [each.status_code for each in (stolen, *ended)] == [401] * (1 + SERVERS)


async def _started_and_answered(on: Installation, student: Student, track_id: UUID) -> dict[str, Any]:
    """Started once though asked of every server, answered in batches of which one comes twice, gone on with by the resume code."""
    bundles = [await student.start(track_id) for _ in on.servers]
    assert bundles[0] == bundles[1] == bundles[2]
    bundle = bundles[0]
    answers = {question["id"]: fitting_answer(question) for question in bundle["questions"]}
    batches = [dict(list(answers.items())[at : at + 4]) for at in range(0, len(answers), 4)]
    for number in (0, 1, 1):
        saved = await student.save(bundle, batches[number], f"batch-{number}")
        assert saved.status_code == 200, saved.text
    resumed = (await on.client.post("/api/v1/assessments/resume", json={"resumeToken": bundle["resumeToken"]})).json()
    assert resumed["assessment"]["answers"].keys() == {*batches[0], *batches[1]}
    saved = await Student(on.client, resumed["accessToken"]).save(bundle, batches[2], "batch-2")
    assert (saved.json()["answered"], saved.json()["remaining"]) == (10, [])
    read = await on.alike(student, f"/assessments/{bundle['assessmentId']}")
    assert {question: held["answer"] for question, held in read["answers"].items()} == answers
    return bundle


async def _events(student: Student, bundle: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"/api/v1/assessments/{bundle['assessmentId']}/events"
    async with student.client.stream("GET", path, headers=student.headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        return [json.loads(line.removeprefix("data: ")) async for line in stream.aiter_lines() if line.startswith("data: ")]


async def _a_student_at_the_pages(on: Installation) -> None:
    """One cookie and one proof for all servers; signing out everywhere ends cookie and token at each."""
    student, phone = Visitor(None, origin=on.balancer.url), Visitor(None, origin=on.balancer.url)
    async with student.client, phone.client:
        for browser in (student, phone):
            arrived = await browser.fill(
                await browser.get("/tracks"), "/sign-in", {"email": "student2@assay.example", "password": PASSWORD}
            )
            assert (arrived.status, arrived.path) == (200, "/tracks")
        bearer = await on.signed_in("student2")
        served = on.balancer.served.copy()
        paper = await student.fill(await student.get("/tracks/backend-engineer"), "/start")
        questions = (await bearer.request("GET", paper.path)).json()["questions"]
        review = await student.fill(paper, "/answers", {**everything(questions), "then": "review"})
        assert "All 10 questions are answered" in review.text
        waiting = await student.fill(review, "/submit")
        assert waiting.path == f"{paper.path}/status"
        await until(lambda: _leads_to(student, waiting.path, f"{paper.path}/result"), every=0.2)
        assert {url for url in on.servers if on.balancer.served[url] > served[url]} == set(on.servers)

        account = await phone.get("/account")
        done = await phone.fill(account, "/sign-out-everywhere")
        assert "You are signed out everywhere." in done.text
        cookie = _cookie(student)
        assert [(await at.get("/tracks", headers=cookie)).status_code for at in on.direct] == [303] * SERVERS
        await _refused_everywhere(on, bearer, "/me", LOOK_SECONDS)


async def _cookie_of(on: Installation, name: str) -> dict[str, str]:
    browser = Visitor(None, origin=on.balancer.url)
    async with browser.client:
        await browser.post("/sign-in", {"email": f"{name}@assay.example", "password": PASSWORD})
        return _cookie(browser)


def _cookie(browser: Visitor) -> dict[str, str]:
    """The header that says to each server who this is."""
    return {"cookie": f"assay-session={browser.client.cookies['assay-session']}"}


async def _leads_to(visitor: Visitor, path: str, end: str) -> bool:
    return (await visitor.get(path)).path == end


async def _refused_everywhere(on: Installation, person: Student, path: str, stated: float) -> None:
    """Every server comes to refuse it, as soon as it is stated."""

    async def refused() -> bool:
        return {each.status_code for each in await on.from_each(person, path)} == {401}

    await until(refused, within=stated + ON_TIME_SECONDS)


async def _an_advisor(on: Installation) -> None:
    """What an advisor says at one server all servers tell at once."""
    student, advisor = await on.signed_in("student"), await on.signed_in("advisor")
    bundle, before = await student.finished(await on.track("data-analyst"))
    path = f"/assessments/{bundle['assessmentId']}/result"
    (cohort,) = (await on.alike(advisor, "/advisor/cohorts"))["items"]
    listed = await on.alike(advisor, f"/advisor/cohorts/{cohort['id']}/assessments")
    assert bundle["assessmentId"] in {each["assessmentId"] for each in listed["items"]}
    for code in ("followUp", "scoring", "resolved"):
        flagged = await advisor.request("POST", f"/assessments/{bundle['assessmentId']}/flags", json={"code": code})
        assert flagged.status_code == 201, flagged.text
        assert (await on.alike(advisor, path))["flags"] == flagged.json()["flags"]
    essay = before["essayScores"][0]
    level = (essay["dimensions"]["accuracy"]["level"] + 2) % 5
    assert (await advising.override(advisor, essay["id"], accuracy=level)).status_code == 201
    for reader in (student, advisor):
        assert (await on.alike(reader, path))["essayScores"][0]["dimensions"]["accuracy"]["level"] == level


async def _an_admin_edits_questions(on: Installation) -> None:
    """Every server has the bank in its memory; the first start after an edit asks the new versions, wherever it is asked."""
    admin, track_id = await on.signed_in("admin"), await on.track("frontend-engineer")
    early, late = await on.enrolled(SERVERS), await on.enrolled(SERVERS)
    for actor, at in zip(early, on.direct, strict=True):
        await on.person(actor, at).start(track_id)
    essays = await admin.request("GET", "/questions", params={"track": str(track_id), "type": "essay", "limit": "200"})
    for question in essays.json()["items"]:
        await _edit(admin, f"/questions/{question['id']}", prompt=f"{question['prompt']} (edited)")
    advisor = await _cookie_of(on, "advisor")
    desks = [await at.get("/", headers=advisor) for at in on.direct]
    await _edit(admin, f"/tracks/{track_id}", expiryDays=9, name="Interface Engineer")
    assert [("Interface Engineer" in desk.text) for desk in desks] == [False] * SERVERS
    assert [("Interface Engineer" in (await at.get("/", headers=advisor)).text) for at in on.direct] == [True] * SERVERS
    assert (await on.alike(admin, f"/tracks/{track_id}"))["expiryDays"] == 9
    for actor, at in zip(late, on.direct, strict=True):
        bundle = await on.person(actor, at).start(track_id)
        prompts = [question["prompt"] for question in bundle["questions"] if question["type"] == "essay"]
        assert len(prompts) == 3
        assert all(prompt.endswith(" (edited)") for prompt in prompts)
        left = datetime.fromisoformat(bundle["expiresAt"]) - on.runtime.clock()
        assert timedelta(days=8) < left <= timedelta(days=9)


async def _edit(admin: Student, path: str, **changes: Any) -> None:
    """Read at one server, written at the next, with the tag of the first."""
    read = await admin.request("GET", path)
    told = TRACK if path.startswith("/tracks") else read.json().keys() - UNWRITTEN
    body = {name: read.json()[name] for name in told} | changes
    written = await admin.request("PUT", path, json=body, headers={"If-Match": read.headers["ETag"]})
    assert written.status_code == 200, written.text


async def _a_machine_with_a_key(on: Installation) -> None:
    """A key opens every server at once, and none any more soon after it was revoked at one."""
    admin = await on.signed_in("admin")
    wanted = {"name": "Reporting", "scopes": ["track:read"], "expiresInDays": 30}
    account = (await admin.request("POST", "/service-accounts", json=wanted)).json()
    machine = Student(on.client, account["key"])
    await on.alike(machine, "/tracks")
    gone = await admin.request("DELETE", f"/service-accounts/{account['id']}/keys/{account['keys'][0]['id']}")
    assert gone.status_code == 204
    await _refused_everywhere(on, machine, "/tracks", BELIEVED_SECONDS)


async def _quotas(on: Installation) -> None:
    """Three servers count in one bucket: what one gave the next has not got."""
    (actor,) = await on.enrolled(1)
    student, body = on.person(actor), {"trackId": str(await on.track("backend-engineer"))}
    began = asyncio.get_running_loop().time()
    counted = [await student.request("POST", "/assessments/start", json=body) for _ in on.servers]
    assert [each.headers["ratelimit"].split(";")[1] for each in counted] == [f"r={STARTS - used}" for used in (1, 2, 3)]
    more = await asyncio.gather(*(student.request("POST", "/assessments/start", json=body) for _ in range(5 * SERVERS)))
    flowed = (asyncio.get_running_loop().time() - began) / 60
    admitted = [each for each in (*counted, *more) if each.status_code in {200, 201}]
    assert STARTS <= len(admitted) <= STARTS + flowed + 1
    refused = [each for each in more if each.status_code == 429]
    assert len(admitted) + len(refused) == 6 * SERVERS
    assert {each.headers[SERVED_BY] for each in refused} == set(on.servers)


async def _guessing(on: Installation) -> None:
    """Who guesses is stopped after as many tries as at one server."""
    credentials = {"email": "somebody@assay.example", "password": "a guess"}
    told = [(await on.client.post("/api/v1/auth/token", json=credentials)).status_code for _ in range(GUESSES + SERVERS)]
    assert told == [401] * GUESSES + [429] * SERVERS


async def _deaths_in_the_middle(on: Installation) -> None:
    """Twelve submit at once; a server is killed, then a worker that has jobs in hand. All have one receipt and their result."""
    await people.tracks(on.runtime)
    taken = await people.take(on.runtime, await on.enrolled(AT_ONCE), await on.track("backend-engineer"), "deaths")
    students = {each.assessment_id: on.person(each.actor) for each in taken}
    await on.provider.script(latency=str(SLOW_CALL_SECONDS))
    begun = on.balancer.served.total()
    submitting = [asyncio.create_task(_insist(student, assessment_id)) for assessment_id, student in students.items()]
    await until(lambda: on.balancer.served.total() > begun, every=0.005)
    _kill(next(iter(on.servers.values())))
    assert {(await each)["assessmentId"] for each in submitting} == {str(each) for each in students}
    assert on.balancer.passed_over

    seen: set[str] = set()

    async def all_at_work() -> bool:
        seen.update(await on.owners())
        return seen == {owner_name(each.pid) for each in on.workers}

    await until(all_at_work)
    await until(lambda: _kill_one_at_work(on))
    results = [await student.result({"assessmentId": assessment_id}) for assessment_id, student in students.items()]
    assert [each["degraded"] for each in results] == [False] * AT_ONCE
    async with on.runtime.open_uow(autocommit=True) as uow:
        ((statuses, crashes),) = await uow.session.execute(text("SELECT array_agg(DISTINCT status), sum(crashes) FROM async_jobs"))
    assert (statuses, crashes > 0) == (["succeeded"], True)


async def _kill_one_at_work(on: Installation) -> bool:
    """Whether there was one: frozen first, so that it cannot finish what it was seen to have."""
    for worker in on.workers:
        worker.process.send_signal(SIGSTOP)
        if owner_name(worker.pid) in await on.owners():
            _kill(worker)
            return True
        worker.process.send_signal(SIGCONT)
    return False


async def _insist(student: Student, assessment_id: UUID) -> dict[str, Any]:
    """Submit under one key until there is an answer, as clients do whose connection breaks; asked once more it is the same receipt."""
    key, receipts = {"Idempotency-Key": str(uuid4())}, []
    async with asyncio.timeout(60):
        while len(receipts) < 2:
            with suppress(httpx2.TransportError):
                answer = await student.submit({"assessmentId": assessment_id}, headers=key)
                assert answer.status_code in {202, 502, 503}, answer.text
                receipts += [answer] if answer.status_code == 202 else []
    assert receipts[0].content == receipts[1].content
    document: dict[str, Any] = receipts[0].json()
    return document


def _kill(running: Running) -> None:
    running.process.kill()
    running.process.wait()
