"""Tracks and questions as an admin keeps them in a browser: rows in place, words while typing, keyboard alone, no fault that axe knows."""

from onlooker import Look, Onlooker
from playwright.async_api import Locator, expect

from assay.runtime import Runtime
from assay.services import question_edits
from assay.services.question_edits import QuestionRead

HOSTILE = "<script>alert(1)</script> \N{RIGHT-TO-LEFT OVERRIDE}" + "W" * 3_000
STANDING = "[data-standing]"


async def admin_at(look: Look, path: str) -> Onlooker:
    """An admin before this page."""
    person = await look()
    await person.sign_in("admin")
    await person.go(path)
    return person


async def one(runtime: Runtime, slug: str) -> QuestionRead:
    """The question of this name."""
    async with runtime.open_uow() as uow:
        row = await uow.questions.by_slug(slug)
        assert row is not None
        return await question_edits.get(uow, row.id)


async def inspect(person: Onlooker, *paths: str) -> None:
    """Open each page and let axe look at it, with everything unfolded."""
    for path in paths:
        await person.go(path)
        await person.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert (path, await person.violations()) == (path, [])


def labelled(person: Onlooker, label: str) -> Locator:
    """The field of this name."""
    return person.page.get_by_label(label, exact=True)


async def test_a_question_is_written_with_a_script(look: Look, runtime: Runtime) -> None:
    """Rows come in place and nothing typed is lost; what does not fit is told while typing; previewed, edited on, kept and asked."""
    person = await admin_at(look, "/admin/questions/new/theoretical/singleChoice")
    page = person.page
    await page.fill("#slug", "Not A Slug")
    await page.fill("#prompt", "Which header makes an update conditional?")
    await expect(page.locator("#slug-error")).to_contain_text("small letters")
    await expect(page.locator(STANDING)).to_contain_text("still to be filled in")
    await expect(page.locator("#option-error")).to_have_count(0)
    await page.fill("#slug", "conditional-header")
    await expect(page.locator("#slug-error")).to_have_count(0)
    for number, words in enumerate(("If-Match", "Accept", "Host", "Range"), start=1):
        await page.fill(f"#option-{number}-text", words)
    marked = await page.evaluate("() => (document.body.dataset.same = 'yes')")
    await page.get_by_role("button", name="Add another option").click()
    await expect(page.locator("#option-5-text")).to_be_focused()
    await page.keyboard.type("Vary")
    await page.get_by_role("button", name="Remove option 3").click()
    await expect(page.locator("#option-3-text")).to_have_count(0)
    assert await page.evaluate("document.body.dataset.same") == marked
    await page.locator("input[name=right]").first.check()
    await expect(page.locator(STANDING)).to_contain_text("Nobody is asked it")
    await labelled(person, "Backend Engineer").check()
    await page.get_by_role("button", name="Preview and try").click()
    await person.settled()
    await page.get_by_label("If-Match").check()
    await page.get_by_role("button", name="See what this answer earns").click()
    await expect(page.locator("#outcome")).to_contain_text("It counts as right")
    await page.get_by_role("button", name="Back to the editor").click()
    await expect(page.locator("#option-5-text")).to_have_value("Vary")
    await page.get_by_role("button", name="Put it into the bank").click()
    await expect(page.locator(".toast")).to_contain_text("in the bank")
    await page.get_by_role("button", name="Ask it").click()
    await expect(page.locator(".toast")).to_contain_text("asked from now on")
    kept = await one(runtime, "conditional-header")
    assert isinstance(kept.options, tuple)
    assert [option.text for option in kept.options] == ["If-Match", "Accept", "Range", "Vary"]


async def test_a_track_is_made_by_keyboard_alone(look: Look) -> None:
    """Every field is reached by Tab in the order of reading, rows come by Enter and take the focus, Enter in a field saves."""
    person = await admin_at(look, "/admin/tracks/new")
    page = person.page
    await page.locator("#name").focus()
    await page.keyboard.type("Site Reliability")
    await page.keyboard.press("Tab")
    await page.keyboard.type("site-reliability")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Keeps services running, and says what that costs.")
    for _ in range(2):
        await page.keyboard.press("Tab")
    await expect(page.locator("#skill-1-name")).to_be_focused()
    await page.keyboard.type("observability")
    await page.get_by_role("button", name="Add another skill").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#skill-4-name")).to_be_focused()
    await page.keyboard.type("linux")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Remove skill 4")).to_be_focused()
    await page.locator("#expiry").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".toast")).to_contain_text("kept as a draft")
    await expect(page.get_by_role("button", name="Make it active")).to_have_attribute("aria-disabled", "true")


async def test_rows_still_come_when_the_connection_is_cut(look: Look) -> None:
    """A row that cannot be fetched is asked for as without a script, which says that there is no connection; going back has everything."""
    person = await admin_at(look, "/admin/questions/new/profile/likert")
    page = person.page
    await page.fill("#prompt", "How much would you like to do this?")
    failed = 0

    async def refuse(route: object) -> None:
        nonlocal failed
        failed += 1
        await (route.abort() if failed == 1 else route.continue_())  # type: ignore[attr-defined]

    person.expected = {"Failed to load resource"}
    await page.route("**/admin/questions/new/profile/likert", refuse)
    await page.get_by_role("button", name="Add another option").click()
    await expect(page.locator("#option-6-text")).to_be_focused()
    await expect(page.locator("#prompt")).to_have_value("How much would you like to do this?")


async def test_the_editors_have_no_fault(look: Look) -> None:
    """The choice of a kind, and the forms of those that look different from one another, empty."""
    person = await admin_at(look, "/admin/questions/new")
    kinds = ("multipleChoice", "ordering", "matching", "shortText", "numeric")
    await inspect(person, "/admin/questions/new", *(f"/admin/questions/new/theoretical/{kind}" for kind in kinds))


async def test_the_rubric_and_its_refusal_have_no_fault(look: Look) -> None:
    """The longest form, empty and refused."""
    person = await admin_at(look, "/admin/questions/new/essay/essay")
    person.expected = {"422"}
    await person.page.get_by_role("button", name="Put it into the bank").click()
    await expect(person.page.locator("[data-focus]").first).to_be_focused()
    await person.settled()
    assert await person.violations() == []


async def test_pages_about_a_hostile_question_have_no_fault(look: Look, runtime: Runtime) -> None:
    """Everything there is about a question whose prompt is a script, turns the direction and is one word of three thousand letters."""
    question = await one(runtime, "backend-idempotent-methods")
    path = f"/admin/questions/{question.id}"
    person = await admin_at(look, path)
    await person.page.fill("#prompt", HOSTILE)
    await person.page.fill("#option-1-text", HOSTILE[:480])
    await person.page.get_by_role("button", name="Save as version 2").click()
    await expect(person.page.locator(".toast")).to_be_visible()
    await inspect(person, path, f"{path}/try", f"{path}/versions", "/admin/questions?q=idempotent")


async def test_lists_have_no_fault(look: Look, runtime: Runtime) -> None:
    """The overview, both lists, and the statistics of a question."""
    person = await admin_at(look, "/")
    question = await one(runtime, "backend-idempotent-methods")
    await inspect(person, "/", "/admin/tracks", "/admin/questions", f"/admin/questions/{question.id}/statistics")


async def test_a_track_and_the_files_have_no_fault(look: Look) -> None:
    """A track with its form, a new one, and the ways in and out for questions."""
    person = await admin_at(look, "/admin/tracks")
    await person.page.get_by_role("link", name="Backend Engineer").click()
    await person.settled()
    assert await person.violations() == []
    await inspect(person, "/admin/tracks/new", "/admin/questions/export?track=backend-engineer", "/admin/questions/import")


async def test_nothing_sticks_out_of_narrow_windows(look: Look, runtime: Runtime) -> None:
    """At 320 pixels, which is a page at 400 %."""
    person = await admin_at(look, "/")
    question = await one(runtime, "analyst-essay-checkout-test")
    paths = ["/", "/admin/tracks", "/admin/tracks/new", "/admin/questions", "/admin/questions/new", f"/admin/questions/{question.id}"]
    for path in (*paths, "/admin/questions/new/profile/likert", "/admin/questions/new/theoretical/matching"):
        await person.go(path)
        await person.page.set_viewport_size({"width": 320, "height": 640})
        assert (path, await person.sticks_out()) == (path, False)


async def test_a_guard_and_a_lost_update_have_no_fault(look: Look, runtime: Runtime) -> None:
    """The page of whoever came second, with the other's changes above the own words."""
    person = await admin_at(look, "/")
    person.expected = {"412"}
    question = await one(runtime, "backend-idempotent-methods")
    path = f"/admin/questions/{question.id}"
    await person.go(path)
    other = await person.another()
    await other.goto(path)
    await other.fill("#option-1-text", "TRACE")
    await other.get_by_role("button", name="Save as version 2").click()
    await expect(other.locator(".toast")).to_be_visible()
    await person.page.fill("#explanation", "What I think.")
    await person.page.get_by_role("button", name="Save as version 2").click()
    await expect(person.page.locator(".came-second")).to_be_focused()
    await expect(person.page.locator(".came-second")).to_contain_text("TRACE")
    await expect(person.page.locator("#explanation")).to_have_value("What I think.")
    await person.settled()
    assert await person.violations() == []
