"""The pages of advisors without a script: what they show, what they do and refuse, and who else does not get in."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import advising
import httpx2
import pytest
import pytest_asyncio
from journeys import Student
from sqlalchemy import text
from visitor import Page, Visit, Visitor

from assay.db.models import User
from assay.domain.actors import Actor, Role
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import web_sessions
from assay.web.advisor import words
from assay.web.session import limits_of
from assay.worker.drainer import Drainer

NOWHERE = "01900000-0000-7000-8000-000000000000"
NASTY = "=1+1<script>alert(1)</script>\u202e"


@pytest_asyncio.fixture
async def finished(student: Student, track_id: UUID, drainer: Drainer) -> tuple[str, dict[str, Any]]:
    """A student's result: the page's address and the API's words."""
    bundle, result = await student.finished(track_id)
    return f"/assessments/{bundle['assessmentId']}/result", result


async def someone(runtime: Runtime, name: str, age: float | None = None, **changes: Any) -> UUID:
    """A new student of the demo cohort with an assessment submitted `age` hours ago, or not yet."""
    student = new_id()
    ago = None if age is None else timedelta(hours=age)
    async with runtime.open_uow() as uow:
        uow.accounts.add(User(id=student, email=f"{student}@x.example", name=name, role=Role.STUDENT.value, pseudonym=new_id()))
        await uow.session.flush()
        await uow.accounts.join_cohort("Demo cohort", student, runtime.clock())
        return await advising.new_assessment(uow, student, submitted=ago, **{"completed": None, "closed": None, **changes})


def whole(page: Page) -> Page:
    """A page as the strict policy wants it."""
    assert (page.refused, page.stack) == ([], [])
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert page.html.count("<h1") == 1
    return page


def listed(page: Page) -> list[str]:
    """Where the rows of the list lead."""
    return [part.split('"')[0] for part in page.html.split('data-row href="')[1:]]


def of_the_page(statements: list[str]) -> list[str]:
    """Those about the cohorts of the advisor; others find the session, and who has left since."""
    return [each for each in statements if "cohort_members" in each]


async def test_a_newcomer_sees_what_there_is_to_do(visit: Visit, student: Student, finished: tuple[str, dict[str, Any]]) -> None:
    """The count, the oldest, the cohort with its figures, the row, and the way to review it."""
    page = whole(await (await visit("advisor")).get("/"))
    assert all(words in page.text for words in ("1 result waits for your word", "Sam Student", "Demo cohort", "under 1 h of 48"))
    assert listed(page) == [finished[0]]
    opened = whole(await (await visit("advisor")).get("/advisor/next"))
    assert opened.path == finished[0]
    assert all(words in opened.text for words in ("Sam Student", "1 of 1 waiting", "How the search found it", "Your decision"))


async def test_ages_stand_against_the_clock(visit: Visit, runtime: Runtime) -> None:
    """In words: how much of it is used, by how much it is over; what is in progress is there too, without an age."""
    await someone(runtime, "Ada", 31)
    await someone(runtime, "Bo", 53.2)
    await someone(runtime, "Cy")
    page = whole(await (await visit("advisor")).get("/"))
    assert all(told in page.text for told in ("31 h of 48", "overdue by 5 h", "Cy", "In progress"))
    assert page.text.index("Bo Backend") < page.text.index("Ada Backend") < page.text.index("Cy Backend")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=ad", ["Ada"]),
        ("name=ZZ", []),
        ("overdue=yes", ["Bo"]),
        ("state=inProgress", ["Cy"]),
        ("track=data-analyst", ["Bo"]),
        ("state=processing&sort=-student", ["Bo", "Ada"]),
        ("waiting=yes", []),
        ("name=&state=&track=", ["Bo", "Ada", "Cy"]),
    ],
)
async def test_the_list_is_narrowed_by_its_address(visit: Visit, runtime: Runtime, query: str, names: list[str]) -> None:
    """Each filter, and the same for the file; fields left empty are none."""
    await someone(runtime, "Ada", 31)
    await someone(runtime, "Bo", 53, track="data-analyst")
    await someone(runtime, "Cy")
    advisor = await visit("advisor")
    page = whole(await advisor.get(f"/?{query}"))
    assert len(listed(page)) == len(names)
    rows = list(csv.DictReader(io.StringIO((await advisor.client.get(f"/advisor/export.csv?{query}")).text)))
    assert [row["Student"] for row in rows] == names


@pytest.mark.parametrize(
    "query",
    [
        "state=nowhere",
        "sort=colour",
        "cohort=x",
        "cursor=x",
        "cursor=nan_x",
        f"cursor=inf_{NOWHERE}",
        "held=perhaps",
    ],
)
async def test_an_address_that_asks_for_what_there_is_not(visit: Visit, query: str) -> None:
    """422 as a page, for the list and the file."""
    advisor = await visit("advisor")
    assert (await advisor.get(f"/?{query}")).status == 422
    if not query.startswith("cursor"):
        assert (await advisor.get(f"/advisor/export.csv?{query}")).status == 422


async def test_a_long_list_has_pages(visit: Visit, runtime: Runtime) -> None:
    """Forty to a page, none twice, none missing; the file has all of them."""
    for number in range(43):
        await someone(runtime, f"Student {number:02}", 1 + number)
    advisor = await visit("advisor")
    first = whole(await advisor.get("/?sort=student"))
    following = next(link for link in first.links if "cursor=" in link)
    second = whole(await advisor.get(following))
    assert (len(listed(first)), len(listed(second))) == (40, 3)
    assert len({*listed(first), *listed(second)}) == 43
    assert len((await advisor.client.get("/advisor/export.csv")).text.splitlines()) == 44


async def test_the_first_page_takes_few_statements(visit: Visit, runtime: Runtime, track_id: UUID) -> None:
    """As many for one assessment as for a dozen: cohorts, list, queue; one more to search names."""
    advisor = await visit("advisor")
    await advisor.get("/")
    for _ in range(2):
        with advising.statements(runtime) as seen:
            await advisor.get("/")
        assert len(of_the_page(seen)) == 3
        with advising.statements(runtime) as seen:
            await advisor.get("/?name=a")
        assert len(of_the_page(seen)) == 4
        for number in range(6):
            await someone(runtime, f"Student {number}", number)


async def test_the_filter_names_tracks_as_they_are_now(visit: Visit, runtime: Runtime) -> None:
    """Also after another process has changed one: nothing here is kept in memory."""
    advisor = await visit("advisor")
    assert "Backend Engineer" in (await advisor.get("/")).text
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE role_catalog SET name = 'Platform Person' WHERE slug = 'backend-engineer'"))
    shown = (await advisor.get("/")).text
    assert "Platform Person" in shown
    assert "Backend Engineer" not in shown


async def test_no_cell_is_a_formula_and_no_name_is_markup(visit: Visit, runtime: Runtime) -> None:
    """A name with a formula and markup is text in the file and on the page."""
    await someone(runtime, NASTY, 2)
    advisor = await visit("advisor")
    page = whole(await advisor.get("/"))
    assert "<script>alert" not in page.html
    answer = await advisor.client.get("/advisor/export.csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["Student"] == f"'{NASTY}"


async def test_a_decision_is_kept_and_leads_on(
    visit: Visit, runtime: Runtime, finished: tuple[str, dict[str, Any]], other_student: Student, track_id: UUID
) -> None:
    """Refused with what is missing, everything typed kept; then saved, told, and the next result offered in the order of the clock."""
    address, result = finished
    await other_student.finished(track_id)
    advisor = await visit("advisor")
    page = await advisor.get(address)
    item = result["recommendation"]["items"][0]["credentialId"]
    wrong = await advisor.fill(page, "/decision", {"relevance": "4", f"decision-{item}": "reject", "decision": "reject", "comment": " "})
    assert wrong.status == 422
    whole(wrong)
    assert all(
        said in wrong.text for said in ("This was not saved yet", "Choose one of the five.", "Say why you reject the recommendation.")
    )
    kept = dict(wrong.form("/decision").fields)
    assert (kept["relevance"], kept["decision"], kept[f"decision-{item}"]) == ("4", "reject", "reject")
    done = whole(await advisor.fill(wrong, "/decision", {"fit": "2", f"reason-{item}": f"Has it. {NASTY}", "comment": "Two of them."}))
    assert done.status == 200
    assert all(
        said in done.text for said in ("Your decision is saved.", "You rejected the recommendation.", "1 waiting", "Next: Toni Student")
    )
    kept = dict(done.form("/decision").fields)
    assert (kept["fit"], kept[f"reason-{item}"], kept["comment"]) == ("2", f"Has it. {NASTY}", "Two of them.")
    overview = await advisor.get("/")
    assert "reviewed after under 1 h" in overview.text
    assert "1 result waits" in overview.text


async def test_a_decision_on_a_recommendation_that_was_replaced_is_held_up(
    visit: Visit, runtime: Runtime, finished: tuple[str, dict[str, Any]]
) -> None:
    """Whoever decides on what is no longer recommended is told, and keeps what was entered."""
    advisor = await visit("advisor")
    page = await advisor.get(finished[0])
    sent = {"recommendation": str(new_id()), "relevance": "5", "fit": "5", "decision": "accept", "comment": "Fine."}
    late = whole(await advisor.fill(page, "/decision", sent))
    assert late.status == 409
    assert "has been made again since" in late.text
    kept = dict(late.form("/decision").fields)
    assert (kept["comment"], kept["recommendation"]) == ("Fine.", finished[1]["recommendation"]["id"])


async def test_levels_need_a_reason_and_stand_beside_the_evaluators(visit: Visit, finished: tuple[str, dict[str, Any]]) -> None:
    """None chosen, no reason: refused at the field. With one: both levels stand there, at the essay."""
    address, result = finished
    essay, another = [each for each in result["essayScores"] if each["dimensions"]["clarity"]["level"] is not None][:2]
    level = essay["dimensions"]["clarity"]["level"]
    other = "0" if level else "1"
    field, reason = f"clarity-{essay['position']}", f"reason-{essay['position']}"
    advisor = await visit("advisor")
    page = await advisor.get(address)
    ending = f"/levels/{essay['id']}"
    assert "Choose a level for one of the three at least." in (await advisor.fill(page, ending)).text
    refused = whole(await advisor.fill(page, ending, {field: other}))
    assert (refused.status, dict(refused.form(ending).fields)[field]) == (422, other)
    assert "Say why the level should be another one" in refused.text
    done = whole(await advisor.fill(refused, ending, {reason: "The second step is missing."}))
    assert (done.status, done.path) == (200, address)
    assert f"An advisor set this level; the evaluator gave {level}. The second step is missing." in done.text
    same = {f"clarity-{another['position']}": str(another["dimensions"]["clarity"]["level"])}
    confirmed = await advisor.fill(page, f"/levels/{another['id']}", same)
    assert "An advisor confirmed this level." in confirmed.text
    report = whole(await advisor.get("/agreement"))
    assert "Fewer than 20 levels have been compared" in report.text


async def test_flags_and_notes_come_and_go_in_their_place(visit: Visit, finished: tuple[str, dict[str, Any]]) -> None:
    """Refused without a reason; flagged at the top; resolved; noted, escaped, and the student sees none of it."""
    advisor = await visit("advisor")
    page = await advisor.get(finished[0])
    assert "Choose why somebody should look again." in whole(await advisor.fill(page, "/flag", {"flag-note": "Hm."})).text
    flagged = whole(await advisor.fill(page, "/flag", {"code": "integrity", "flag-note": f"Compare. {NASTY}"}))
    assert all(said in flagged.text for said in ("The assessment is flagged.", "Flagged: The essay may not be the student's own work"))
    assert "<script>alert" not in flagged.html
    assert "Flagged" in (await advisor.get("/?flagged=yes")).text
    form = next(form for form in flagged.forms if ("code", "resolved") in form.fields)
    resolved = whole(await advisor.post(form.action, form.fields))
    assert "The flags are resolved." in resolved.text
    assert "Flagged:" not in resolved.text
    assert "Write what is to be remembered." in whole(await advisor.fill(page, "/notes", {"body": " "})).text
    noted = whole(await advisor.fill(page, "/notes", {"body": "Works at night.", "about": "student"}))
    assert all(said in noted.text for said in ("Your note is saved.", "Works at night.", "about the student"))
    theirs = await (await visit("student")).get(finished[0])
    assert "Works at night." not in theirs.html
    assert "Compare." not in theirs.html


async def test_what_is_held_back_is_released(visit: Visit, runtime: Runtime, finished: tuple[str, dict[str, Any]]) -> None:
    """Told at the top, released by a form that asks first; then the student reads it."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text('UPDATE assessments SET release_policy = \'{"when": "afterReview"}\''))
    advisor, student = await visit("advisor"), await visit("student")
    assert (await student.get(finished[0])).path.endswith("/status")
    page = whole(await advisor.get(finished[0]))
    assert "The student does not see this result yet" in page.text
    done = whole(await advisor.fill(page, "/release"))
    assert "The student sees the result from now on." in done.text
    assert (await student.get(finished[0])).path == finished[0]


async def test_a_student_over_time(visit: Visit, advisor: Student, finished: tuple[str, dict[str, Any]]) -> None:
    """Scores as words, decisions, flags and notes of every assessment; reached from the list."""
    await advisor.request("POST", f"/assessments/{finished[1]['assessmentId']}/notes", json={"body": "Ask about SQL."})
    person = await visit("advisor")
    link = next(link for link in (await person.get("/")).links if link.startswith("/students/"))
    page = whole(await person.get(link))
    assert all(said in page.text for said in ("Sam Student", "Backend Engineer", "of 4)", "Ask about SQL."))


async def test_nobody_else_gets_in(
    visit: Visit, app: Any, runtime: Runtime, client: httpx2.AsyncClient, finished: tuple[str, dict[str, Any]], student_actor: Actor
) -> None:
    """Students and admins 403; an advisor of others 404 for student, result, cohort and every form."""
    link = next(link for link in (await (await visit("advisor")).get("/")).links if link.startswith("/students/"))
    for name in ("student", "admin"):
        person = await visit(name)
        for path in ("/advisor/next", "/advisor/export.csv", link):
            assert (await person.get(path)).status == 403, (name, path)
    assert (await (await visit("student")).get("/agreement")).status == 403
    assert (await (await visit("admin")).get("/agreement")).status == 200
    stranger = await advising.advisor_of(runtime, client, "Elsewhere")
    actor = runtime.identity.authenticate(stranger.headers["Authorization"].removeprefix("Bearer "))
    async with runtime.open_uow() as uow:
        visitor = Visitor(app, await web_sessions.begin(uow, actor, limits_of(runtime), "A test"))
    async with visitor.client:
        first = whole(await visitor.get("/"))
        assert "Nobody in your cohorts has started" in first.text
        assert "Nothing waits for you." in (await visitor.get("/advisor/next")).text
        cohort = await _demo_cohort(runtime)
        for path in (link, finished[0], f"/?cohort={cohort}", f"/advisor/export.csv?cohort={cohort}", f"/students/{new_id()}"):
            assert (await visitor.get(path)).status == 404, path
        csrf = dict(first.form("/sign-out").fields)["csrf"]
        base = finished[0].removesuffix("/result")
        sent = {"csrf": csrf, "recommendation": finished[1]["recommendation"]["id"], "code": "followUp", "body": "x"}
        for path in ("/decision", f"/levels/{finished[1]['essayScores'][0]['id']}", "/flag", "/release", "/notes"):
            assert (await visitor.post(base + path, sent)).status == 404, path


async def _demo_cohort(runtime: Runtime) -> UUID:
    async with runtime.open_uow() as uow:
        found: UUID = await uow.session.scalar(text("SELECT id FROM cohorts WHERE name = 'Demo cohort'"))
    return found


@pytest.mark.parametrize(
    ("hours", "told", "kind"),
    [
        (0.2, "under 1 h of 48", ""),
        (31, "31 h of 48", ""),
        (36, "36 h of 48", "warn"),
        (48, "48 h of 48", "warn"),
        (53, "overdue by 5 h", "bad"),
        (48.4, "overdue by under 1 h", "bad"),
        (48 + 96, "overdue by 4 days", "bad"),
    ],
)
def test_an_age_in_words(hours: float, told: str, kind: str) -> None:
    """Against the clock, with a kind that is never alone."""
    age = words.waited(hours)
    assert (age.text, age.kind) == (told, kind)
    assert age.sign in {"clock", "alert"}
