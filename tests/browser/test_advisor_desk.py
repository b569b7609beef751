"""An advisor before a browser: from the list to a decision and on to the next, by mouse and by keyboard, with hostile names on the way."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import advising
import pytest
from journeys import Student
from onlooker import ESSAY, Look, Onlooker
from playwright.async_api import expect
from sqlalchemy import text

from assay.db.models import User
from assay.domain.actors import Role
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.worker.drainer import Drainer

HOSTILE = ("<script>alert(1)</script>", "\u202eright to left", "x" * 10_000, "'; DROP TABLE users; --")


async def crowd(runtime: Runtime) -> None:
    """Students with names that nobody has, each with an assessment in some state."""
    async with runtime.open_uow() as uow:
        for hours, name in enumerate(HOSTILE):
            student = new_id()
            uow.accounts.add(User(id=student, email=f"{student}@x.example", name=name, role=Role.STUDENT.value, pseudonym=new_id()))
            await uow.session.flush()
            await uow.accounts.join_cohort("Demo cohort", student, runtime.clock())
            age: dict[str, Any] = {"submitted": timedelta(hours=20 * hours), "completed": None, "closed": None}
            await advising.new_assessment(uow, student, **age)


@pytest.fixture
async def results(student: Student, other_student: Student, track_id: UUID, drainer: Drainer, runtime: Runtime) -> list[str]:
    """Two results that wait, the older first."""
    made = [(await each.finished(track_id, essay=ESSAY))[0]["assessmentId"] for each in (student, other_student)]
    async with runtime.open_uow() as uow:
        earlier = text("UPDATE assessments SET submitted_at = submitted_at - interval '31 hours' WHERE id = :id")
        await uow.session.execute(earlier, {"id": made[0]})
    return [f"/assessments/{each}/result" for each in made]


async def advisor_at(look: Look, **options: Any) -> Onlooker:
    """The advisor of the demo cohort, signed in."""
    person = await look(**options)
    await person.sign_in("advisor")
    await person.settled()
    return person


async def test_from_the_list_to_the_last_decision(look: Look, results: list[str]) -> None:
    """Review the next one, decide, go on to the next, decide, and nothing waits any more."""
    person = await advisor_at(look)
    page = person.page
    await page.get_by_role("link", name="Review the next one").click()
    for address, said in ((results[0], "1 of 2"), (results[1], "1 of 1")):
        await page.wait_for_url(f"**{address}")
        await person.settled()
        await expect(page.locator("nav.queue").first).to_contain_text(f"{said} waiting")
        card = page.locator(".recommendation").first
        await expect(card.get_by_label("Reason")).to_be_hidden()
        await card.locator(".decision label", has_text="Reject").click()
        await card.get_by_label("Reason").fill("Takes too long.")
        for question in ("relevance", "fit"):
            await page.locator(f"#{question} label", has_text="Mostly").click()
        await page.locator("#decision label", has_text="Accept").click()
        await page.get_by_role("button", name="Save the decision").click()
        await expect(page.locator(".toast")).to_be_focused()
        await expect(page.locator(".toast")).to_have_text("Your decision is saved.")
        if address == results[0]:
            await page.locator("nav.queue").first.get_by_role("link", name="Next:").click()
    await expect(page.locator("nav.queue").first).to_contain_text("Nothing waits any more.")


async def test_the_list_by_keyboard_alone(look: Look, results: list[str], runtime: Runtime) -> None:
    """Keys of one letter work in the list and nowhere else; Enter opens what has the focus."""
    await crowd(runtime)
    person = await advisor_at(look)
    page = person.page
    await page.keyboard.press("j")
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement === document.body")
    rows = page.locator("[data-row]")
    await rows.first.focus()
    await page.keyboard.press("j")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("k")
    await expect(rows.nth(1)).to_be_focused()
    await page.keyboard.press("End")
    await expect(rows.last).to_be_focused()
    await page.keyboard.press("j")
    await expect(rows.last).to_be_focused()
    await page.keyboard.press("/")
    await expect(page.locator("#name")).to_be_focused()
    await page.keyboard.type("sam/j")
    assert await page.locator("#name").input_value() == "sam/j"
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**name=sam**")
    await person.settled()
    await expect(rows).to_have_count(1)
    await rows.first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**{results[0]}")


@pytest.fixture
async def hostile(student: Student, track_id: UUID, drainer: Drainer, runtime: Runtime, advisor: Student) -> str:
    """A result with everything on it that can be there, hostile words among it; and a crowd around its student."""
    bundle, result = await student.finished(track_id, essay=ESSAY)
    base = f"/assessments/{bundle['assessmentId']}"
    await crowd(runtime)
    for body in (*HOSTILE[:2], "y" * 3_900):
        assert (await advisor.request("POST", f"{base}/notes", json={"body": body})).status_code == 201
    assert (await advisor.request("POST", f"{base}/flags", json={"code": "followUp", "note": "z" * 1_900})).status_code == 201
    assert (await advising.override(advisor, result["essayScores"][0]["id"], "w" * 1_900, clarity=0, accuracy=4)).status_code == 201
    async with runtime.open_uow() as uow:
        await uow.session.execute(text('UPDATE assessments SET release_policy = \'{"when": "afterReview"}\''))
    return f"{base}/result"


async def faultless(person: Onlooker) -> None:
    """Nothing that axe knows, nothing sticks out, at 320 pixels neither."""
    assert await person.violations() == []
    await person.page.set_viewport_size({"width": 320, "height": 640})
    assert not await person.sticks_out()


async def test_the_list_looks_right(look: Look, hostile: str) -> None:
    """With hostile names among the students."""
    person = await advisor_at(look)
    assert hostile in [await row.get_attribute("href") for row in await person.page.locator("[data-row]").all()]
    await faultless(person)


@pytest.mark.timeout(300)  # the longest page there is, looked at six times
async def test_the_review_looks_right(look: Look, hostile: str) -> None:
    """With every banner, and the forms for levels open."""
    person = await advisor_at(look)
    await person.go(hostile)
    await person.page.evaluate("document.querySelectorAll('details.override').forEach((each) => { each.open = true; })")
    await faultless(person)


@pytest.mark.parametrize("name", ["All of this student's assessments", "Agreement"])
async def test_student_and_agreement_look_right(look: Look, hostile: str, name: str) -> None:
    """Each reached by its link."""
    person = await advisor_at(look)
    await person.go(hostile)
    await person.page.get_by_role("link", name=name, exact=True).click()
    await expect(person.page.locator("h1")).to_be_visible()
    await person.settled()
    await faultless(person)


async def test_without_a_script_and_with_mistakes(look: Look, results: list[str]) -> None:
    """Every form works without a script: a refused decision names its fields, levels come back to their essay, a note to the notes."""
    person = await look(java_script_enabled=False)
    person.expected = {"422"}
    await person.sign_in("advisor")
    page = person.page
    await page.goto(results[0])
    await page.get_by_role("button", name="Save the decision").click()
    await expect(page.get_by_role("alert")).to_contain_text("This was not saved yet")
    await page.goto(results[0])
    form = page.locator("details.override").first
    await form.locator("summary").click()
    await form.get_by_label("Clarity").select_option("0")
    await form.get_by_label("Reason").fill("It never says what it is about.")
    await form.get_by_role("button").click()
    await expect(page.locator(".essay-result .toast")).to_contain_text("Your levels are saved.")
    await page.get_by_label("A note for the student's advisors").fill("Seen.")
    await page.get_by_role("button", name="Save the note").click()
    await expect(page.locator(".remarks .said")).to_have_text("Seen.")
