"""Answering on paper: saved without a script, looked over, submitted; with a script's requests, nothing lost between two windows."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from journeys import ESSAY, Student, fitting_answer
from sqlalchemy import text
from visitor import Page, Visit, Visitor, entered, everything

from assay.runtime import Runtime
from assay.services import web_sessions
from assay.web.session import limits_of

JSON = "application/json"


@pytest.fixture
async def paper(visit: Visit) -> tuple[Visitor, Page]:
    """A student who has just started."""
    student = await visit("student")
    return student, await student.fill(await student.get("/tracks/backend-engineer"), "/start")


async def asked(student: Visitor, page: Page, runtime: Runtime) -> list[dict[str, Any]]:
    """The questions of a page, as the API tells them."""
    secret = student.client.cookies["assay-session"]
    session = await web_sessions.find(runtime.open_uow, secret, limits_of(runtime), active=False)
    assert session is not None
    token = runtime.identity.tokens.access(session.actor, runtime.clock())
    answer = await student.client.get(f"/api/v1{page.path}", headers={"authorization": f"Bearer {token}"})
    return list(answer.json()["questions"])


async def test_ten_questions_stand_on_the_page_ready_to_answer(paper: tuple[Visitor, Page], runtime: Runtime) -> None:
    """Every question has its prompt, its fields and its anchor; time left and the way to another device are told."""
    student, page = paper
    assert page.status == 200
    assert len(await asked(student, page, runtime)) == 10
    assert {f"q{number}" for number in range(1, 11)} <= set(page.ids)
    assert "6 days 23 hours" in page.text
    assert any(name == "then" for name, _ in page.form("/answers").fields) is False
    assert page.refused == []
    assert page.stack == []


@pytest.mark.parametrize("track", ["backend-engineer", "data-analyst", "frontend-engineer"])
async def test_all_is_saved_without_a_script_and_shown_again(visit: Visit, runtime: Runtime, track: str) -> None:
    """A form filled in is saved as it stands; the page shows it again, and the review counts it."""
    student = await visit("student")
    page = await student.fill(await student.get(f"/tracks/{track}"), "/start")
    questions = await asked(student, page, runtime)
    review = await student.fill(page, "/answers", {**everything(questions), "then": "review"})
    assert (review.status, review.path) == (200, f"{page.path}/review")
    assert "All 10 questions are answered" in review.text
    again = await student.get(page.path)
    held = again.form("/answers").fields
    for name, value in everything(questions).items():
        assert sorted(given for field, given in held if field == name) == sorted([value] if isinstance(value, str) else value or [])
    assert "10 of 10 answered" in again.text


async def test_what_does_not_fit_is_named_and_the_rest_is_saved(paper: tuple[Visitor, Page], runtime: Runtime) -> None:
    """An essay that is too long is pointed out with a link, what was entered stays, and the other answers are saved."""
    student, page = paper
    one, two, _ = (question for question in await asked(student, page, runtime) if question["format"] == "essay")
    long = "word " * 2_000
    refused = await student.fill(page, "/answers", {f"answer-{one['id']}": long, f"answer-{two['id']}": ESSAY, "then": "review"})
    assert refused.status == 422
    assert f"#q{one['position']}" in refused.links
    assert "longer than 6000 characters (10000)" in refused.text
    assert (f"answer-{one['id']}", long) in refused.form("/answers").fields
    assert "1 of 10 answered" in (await student.get(page.path)).text


async def test_a_page_left_open_does_not_undo_a_later_answer(paper: tuple[Visitor, Page], runtime: Runtime) -> None:
    """Two windows: what the older one did not touch keeps what the newer one has saved."""
    student, old = paper
    one, two, _ = (question for question in await asked(student, old, runtime) if question["format"] == "essay")
    await student.fill(await student.get(old.path), "/answers", {f"answer-{one['id']}": "from the newer window"})
    await student.fill(old, "/answers", {f"answer-{two['id']}": "from the older window"})
    held = (await student.get(old.path)).form("/answers").fields
    assert (f"answer-{one['id']}", "from the newer window") in held
    assert (f"answer-{two['id']}", "from the older window") in held


async def test_a_script_gets_a_receipt(paper: tuple[Visitor, Page], runtime: Runtime) -> None:
    """What was saved, what is left, what was superseded by a later answer and what does not fit, question by question."""
    student, page = paper
    questions = await asked(student, page, runtime)
    essay, long, _ = (question for question in questions if question["format"] == "essay")
    proof = dict(page.form("/answers").fields)["csrf"]
    now = runtime.clock()

    async def send(answer: str, seconds: float) -> dict[str, Any]:
        at = (now + timedelta(seconds=seconds)).isoformat()
        pairs = [
            ("batch", f"batch {seconds}"),
            (f"shown-{essay['id']}", ""),
            (f"at-{essay['id']}", at),
            (f"answer-{essay['id']}", answer),
            (f"shown-{long['id']}", ""),
            (f"answer-{long['id']}", "x" * 10_000),
        ]
        answered = await student.send(f"{page.path}/answers", pairs, accept=JSON, x_csrf_token=proof)
        assert answered.status_code == 200, answered.text
        return dict(answered.json())

    first = await send("second thought", -5)
    assert (first["answered"], len(first["remaining"]), first["superseded"]) == (1, 9, [])
    assert list(first["problems"]) == [long["id"]]
    assert list(first["shown"]) == [essay["id"]]
    second = await send("first thought", -10)
    assert (second["superseded"], second["shown"]) == ([essay["id"]], {})
    assert (f"answer-{essay['id']}", "second thought") in (await student.get(page.path)).form("/answers").fields


async def test_nothing_to_save_is_no_error(paper: tuple[Visitor, Page]) -> None:
    """Saving an untouched page writes nothing and says so."""
    student, page = paper
    pairs = [(name, value) for name, value in page.form("/answers").fields if name != "csrf"]
    proof = dict(page.form("/answers").fields)["csrf"]
    answer = await student.send(f"{page.path}/answers", [*pairs, ("batch", "x" * 200)], accept=JSON, x_csrf_token=proof)
    assert answer.json()["savedAt"] is None


async def test_unanswered_questions_must_be_confirmed(paper: tuple[Visitor, Page]) -> None:
    """The review names what is missing and links to it; without the tick nothing is submitted."""
    student, page = paper
    review = await student.get(f"{page.path}/review")
    assert "10 questions are not answered" in review.text
    assert f"{page.path}#q7" in review.links
    refused = await student.fill(review, "/submit")
    assert refused.status == 422
    assert "#confirm" in refused.links
    submitted = await student.fill(refused, "/submit", {"confirm": "yes"})
    assert (submitted.status, submitted.path) == (200, f"{page.path}/status")
    assert "Your answers are in" in submitted.text


async def test_submitted_is_submitted(paper: tuple[Visitor, Page]) -> None:
    """A second submission leads to the status; late answers are refused as locked, and every page leads on."""
    student, page = paper
    review = await student.get(f"{page.path}/review")
    await student.fill(review, "/submit", {"confirm": "yes"})
    assert (await student.fill(review, "/submit", {"confirm": "yes"})).path.endswith("/status")
    assert (await student.fill(page, "/answers")).status == 409
    for path in ("", "/review", "/answers", "/submit", "/result", "/feedback"):
        assert (await student.get(page.path + path)).path.endswith("/status"), path


async def test_the_status_reloads_itself_without_a_script(paper: tuple[Visitor, Page]) -> None:
    """Where nothing runs in the browser the page asks to be loaded again, and tells the stages in words."""
    student, page = paper
    status = await student.fill(await student.get(f"{page.path}/review"), "/submit", {"confirm": "yes"})
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in status.html
    assert "Theory questions Done" in status.text
    assert "Starts when the essays are scored" in status.text


async def test_expired_says_so_and_starts_again(paper: tuple[Visitor, Page], runtime: Runtime) -> None:
    """When the time is over every page and form says so with 410, and a new start is one click away."""
    student, page = paper
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE assessments SET expires_at = now() - interval '1 minute'"))
    assert "Expired" in (await student.get("/")).text
    for gone in (await student.get(page.path), await student.get(f"{page.path}/review"), await student.fill(page, "/answers")):
        assert gone.status == 410
        assert "has expired" in gone.text
    again = await student.fill(gone, "/start")
    assert again.status == 200
    assert again.path != page.path


async def test_starting_again_goes_on_with_the_open_one(paper: tuple[Visitor, Page]) -> None:
    """The same track leads back to the same questions, and its page says so."""
    student, page = paper
    track = await student.get("/tracks/backend-engineer")
    assert page.path in track.links
    proof = dict(page.form("/sign-out").fields)["csrf"]
    assert (await student.post("/tracks/backend-engineer/start", {"csrf": proof})).path == page.path


async def test_another_device_continues_with_the_link(paper: tuple[Visitor, Page], visit: Visit, runtime: Runtime) -> None:
    """The link asks first, then opens this assessment and nothing else of the account."""
    _, page = paper
    link = page.html.split('id="resume-link"')[1].split('value="')[1].split('"')[0]
    phone = await visit()
    asked_first = await phone.get(link.removeprefix("http://assay.test"))
    assert not phone.client.cookies
    there = await phone.fill(asked_first, "/resume")
    assert there.path == page.path
    question = (await asked(phone, there, runtime))[0]
    assert (await phone.fill(there, "/answers", entered(question, fitting_answer(question)))).status == 200
    home = await phone.get("/")
    assert "Choose a role" not in home.text
    proof = dict(home.form("/sign-out").fields)["csrf"]
    assert (await phone.post("/tracks/data-analyst/start", {"csrf": proof})).status == 404


async def test_the_owner_keeps_the_own_session(paper: tuple[Visitor, Page]) -> None:
    """Opening one's own link while signed in changes nothing about the session."""
    student, page = paper
    before = student.client.cookies["assay-session"]
    link = page.html.split('id="resume-link"')[1].split('value="')[1].split('"')[0]
    there = await student.fill(await student.get(link.removeprefix("http://assay.test")), "/resume")
    assert there.path == page.path
    assert student.client.cookies["assay-session"] == before


async def test_a_wrong_link_says_what_to_do(visit: Visit) -> None:
    """A token that is cut or made up opens nothing."""
    nobody = await visit()
    page = await nobody.fill(await nobody.get("/resume?token=abc.def"), "/resume")
    assert page.status == 422
    assert "#token" in page.links
    assert not nobody.client.cookies


NASTY = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\u202egnorw", "x" * 10_000, "\n\n  spaced")


async def test_text_stays_text(paper: tuple[Visitor, Page], runtime: Runtime) -> None:
    """What somebody writes comes back as they wrote it, too long or not, and never as markup."""
    student, page = paper
    essay = next(question for question in await asked(student, page, runtime) if question["format"] == "essay")
    for nasty in NASTY:
        shown = await student.fill(page, "/answers", {f"answer-{essay['id']}": nasty})
        assert dict(shown.form("/answers").fields)[f"answer-{essay['id']}"] == nasty
        assert shown.status == (422 if len(nasty) > essay["options"]["maxLength"] else 200)
        assert (shown.refused, shown.stack) == ([], [])


async def test_saving_shows_in_the_api(paper: tuple[Visitor, Page], runtime: Runtime, student: Student, track_id: UUID) -> None:
    """Pages and API share one truth: what the page saved is what the API shows."""
    visitor, page = paper
    essay = next(question for question in await asked(visitor, page, runtime) if question["format"] == "essay")
    await visitor.fill(page, "/answers", {f"answer-{essay['id']}": "one\ntwo"})
    bundle = await student.start(track_id)
    assert page.path.endswith(bundle["assessmentId"])
    read = (await student.request("GET", f"/assessments/{bundle['assessmentId']}")).json()
    assert read["answers"][essay["id"]]["answer"] == "one\ntwo"
