"""An operator before the pages: all of them whole in both themes, a dead letter sent again by keyboard, a page that refreshes calmly."""

from typing import Any
from uuid import UUID

import pytest
from bending import bend
from dead import buried, jobs_of
from journeys import Student
from onlooker import Look
from playwright.async_api import expect
from populations import populate

from assay.domain.jobs import JobType
from assay.runtime import Runtime
from assay.services import snapshots

HOSTILE = "<script>document.title = 'taken over'</script>\u202e" + "x" * 10_000


@pytest.fixture
async def result(runtime: Runtime, student: Student, track_id: UUID) -> dict[str, Any]:
    """A finished assessment whose essay job died."""
    return await buried(runtime, student, track_id, JobType.SCORE_ESSAY, error=ZeroDivisionError())


async def test_pages_are_whole(look: Look, runtime: Runtime, result: dict[str, Any]) -> None:
    """Health, jobs, one job and the scorecard, with figures, with everything opened, and with hostile text in them."""
    await populate(runtime, 60)
    await snapshots.take(runtime.open_uow, runtime.broker)
    await bend(runtime, "UPDATE role_catalog SET name = :it WHERE slug = 'backend-engineer'", it=HOSTILE)
    await bend(runtime, "UPDATE async_jobs SET last_error = :it, stack = :it WHERE status = 'dead'", it=HOSTILE)
    job = (await jobs_of(runtime, result))[0]
    person = await look()
    await person.sign_in("admin")
    for path in ("/operations/health", "/operations/jobs", f"/operations/jobs/{job.id}", "/operations/pilot"):
        await person.go(path)
        await person.page.evaluate("document.querySelectorAll('details:not(.ask)').forEach((each) => { each.open = true; })")
        assert (path, await person.violations()) == (path, [])
        assert await person.page.title() != "taken over"


async def test_an_empty_service_is_whole_too(look: Look) -> None:
    """Before the first assessment."""
    person = await look()
    await person.sign_in("admin")
    for path in ("/operations/health", "/operations/jobs", "/operations/pilot"):
        await person.go(path)
        assert (path, await person.violations()) == (path, [])


async def test_a_dead_letter_is_sent_again_by_keyboard(look: Look, runtime: Runtime, result: dict[str, Any]) -> None:
    """The question opens and closes with keys and keeps the focus; what was done is told and takes the focus."""
    person = await look()
    await person.sign_in("admin")
    await person.go("/operations/jobs")
    opener = person.page.get_by_role("button", name="Send all again")
    await opener.focus()
    await person.page.keyboard.press("Enter")
    question = person.page.get_by_role("dialog")
    await expect(question).to_be_visible()
    assert await person.violations() == []
    await person.page.keyboard.press("Escape")
    await expect(question).to_be_hidden()
    await expect(opener).to_be_focused()
    await person.page.keyboard.press("Enter")
    await expect(question.get_by_role("button", name="Send again")).to_be_focused()
    await person.page.keyboard.press("Enter")
    await expect(person.page.get_by_role("heading", level=1)).to_have_text("No dead letter waits")
    await expect(person.page.locator(".toast")).to_be_focused()
    assert len(await jobs_of(runtime, result)) == 4


async def test_without_a_script_it_works_as_well(look: Look, runtime: Runtime, result: dict[str, Any]) -> None:
    """The question opens in place, and the page of health has its link to look again."""
    person = await look(java_script_enabled=False)
    await person.sign_in("admin")
    await person.page.goto("/operations/health")
    await person.page.get_by_role("link", name="Reload").click()
    await expect(person.page.get_by_role("heading", level=1)).to_contain_text("attention")
    await person.page.goto("/operations/jobs")
    await person.page.locator("summary", has_text="Send all again").click()
    await person.page.get_by_role("button", name="Send again").click()
    await expect(person.page.locator(".toast")).to_contain_text("1 job sent again")
    assert len(await jobs_of(runtime, result)) == 4


async def test_health_refreshes_without_taking_anything_away(look: Look, runtime: Runtime) -> None:
    """What was opened stays open, the focus stays where it is, and while it is inside nothing is replaced."""
    await populate(runtime, 60)
    person = await look()
    await person.sign_in("admin")
    await person.page.clock.install()
    await person.go("/operations/health")
    heading = person.page.get_by_role("heading", level=1)
    await expect(heading).to_contain_text("attention")
    before = await heading.text_content()
    await person.page.locator("#depth-table summary").click()
    await bend(runtime, "DELETE FROM async_jobs")
    await person.page.clock.run_for(11_000)
    assert await heading.text_content() == before
    await person.page.get_by_role("link", name="Reload").focus()
    await person.page.clock.run_for(11_000)
    await expect(heading).not_to_have_text(before or "")
    await expect(person.page.locator("#depth-table")).to_have_attribute("open", "")
    await expect(person.page.get_by_role("link", name="Reload")).to_be_focused()
