"""Every page for everybody: no fault that axe knows, in both themes, on a phone and on a desk; nothing sticks out down to 320 pixels."""

from uuid import UUID

from journeys import Student
from onlooker import ESSAY, Look, Onlooker
from playwright.async_api import expect
from sqlalchemy import text

from assay.runtime import Runtime
from assay.worker.drainer import Drainer

NOWHERE = "/assessments/01900000-0000-7000-8000-000000000000"


async def inspect(person: Onlooker, *paths: str) -> None:
    """Open each page and let axe look at it."""
    for path in paths:
        await person.go(path)
        assert (path, await person.violations()) == (path, [])


async def test_pages_for_strangers(look: Look) -> None:
    """First page, sign-in, a refused sign-in, resuming, a page that is not there."""
    person = await look()
    person.expected = {"404", "422"}
    await inspect(person, "/", "/sign-in", "/resume?token=abc", "/nowhere")
    await person.go("/sign-in")
    await person.page.click("main button")
    await expect(person.page.locator("[data-focus]")).to_be_focused()
    assert await person.violations() == []


async def test_the_reference(look: Look) -> None:
    """The API reference."""
    await inspect(await look(), "/docs")


async def test_pages_before_answering(look: Look) -> None:
    """My assessments without any, tracks, a track, an empty paper, its review, somebody else's page."""
    person = await look()
    person.expected = {"404"}
    await person.sign_in()
    await inspect(person, "/", "/tracks", "/tracks/frontend-engineer", NOWHERE)
    path = await person.start("frontend-engineer")
    await inspect(person, path, f"{path}/review", "/")


async def test_a_paper_with_faults(look: Look) -> None:
    """A paper filled in with something wrong, refused, as it is shown without a script; an unconfirmed review; a form sent too late."""
    person = await look()
    person.expected = {"422", "401"}
    await person.sign_in()
    path = await person.start()
    await person.settled()
    await person.page.locator("textarea[data-words]").first.fill("x" * 10_000)
    await expect(person.page.locator("[data-save-state]")).to_contain_text("Saved, except")
    assert await person.violations() == []
    await person.page.click("button[value=review]")
    await expect(person.page.locator("[data-focus]")).to_be_focused()
    await person.settled()
    assert await person.violations() == []
    await person.go(f"{path}/review")
    await person.page.click("form.submit button")
    await expect(person.page.locator("[data-focus]")).to_be_focused()
    await person.settled()
    assert await person.violations() == []
    await person.context.clear_cookies()
    await person.page.click("form.submit button")
    await expect(person.page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    await person.settled()
    assert await person.violations() == []


async def test_waiting_and_expired(look: Look, runtime: Runtime, student: Student, track_id: UUID) -> None:
    """The status while nothing works on it, and a paper whose time is over."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    await student.submit(bundle)
    person = await look()
    person.expected = {"410"}
    await person.sign_in()
    await inspect(person, f"/assessments/{bundle['assessmentId']}/status")
    path = await person.start("data-analyst")
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE assessments SET expires_at = now() - interval '1 minute' WHERE submitted_at IS NULL"))
    await inspect(person, path, "/")


async def test_a_result(look: Look, student: Student, track_id: UUID, drainer: Drainer) -> None:
    """A result with all its details open, and the list it then stands in."""
    bundle, _ = await student.finished(track_id, essay=ESSAY)
    person = await look()
    await person.sign_in()
    await inspect(person, "/")
    await person.go(f"/assessments/{bundle['assessmentId']}/result")
    await person.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert await person.violations() == []


async def test_pages_of_advisors_and_admins(look: Look, student: Student, track_id: UUID, drainer: Drainer) -> None:
    """The lists of both, and the result as an advisor reads it."""
    bundle, _ = await student.finished(track_id, essay=ESSAY)
    advisor, admin = await look(), await look()
    await advisor.sign_in("advisor")
    await inspect(advisor, "/", f"/assessments/{bundle['assessmentId']}/result")
    await admin.sign_in("admin")
    await inspect(admin, "/")


async def test_nothing_sticks_out_between_320_and_768_pixels(look: Look, student: Student, track_id: UUID, drainer: Drainer) -> None:
    """At the width of a page zoomed to 400 %, and on a tablet, everything is reflowed."""
    bundle, _ = await student.finished(track_id, essay=ESSAY)
    person = await look()
    await person.sign_in()
    path = await person.start("frontend-engineer")
    result = f"/assessments/{bundle['assessmentId']}/result"
    for page in ("/", "/tracks", "/tracks/backend-engineer", path, f"{path}/review", result, "/docs"):
        await person.go(page)
        for width in (320, 768):
            await person.page.set_viewport_size({"width": width, "height": 640})
            assert not await person.sticks_out(), (page, width)
