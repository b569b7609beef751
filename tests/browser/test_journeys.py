"""A student's whole way: with a script, without one, and with nothing but a keyboard."""

import pytest
from onlooker import ESSAY, Look, Onlooker
from playwright.async_api import expect

from assay.worker.drainer import Drainer


async def test_a_student_from_sign_in_to_feedback(look: Look, drainer: Drainer) -> None:
    """Answers save themselves and survive a reload, the status tells itself, the result is read, feedback takes two clicks."""
    student = await look(viewport={"width": 390, "height": 844})
    page = student.page
    await student.sign_in()
    path = await student.start()
    await student.settled()
    await student.answer_everything()
    await student.saved()
    await expect(page.locator("[data-answered]")).to_have_text("10")
    await page.reload()
    await student.settled()
    await expect(page.locator("textarea[data-words]").first).to_have_value(ESSAY)
    await expect(page.locator(".chips .done")).to_have_count(10)

    await page.get_by_role("button", name="Review and submit").click()
    await expect(page.get_by_text("All 10 questions are answered")).to_be_visible()
    await page.get_by_role("button", name="Submit").click()
    await page.wait_for_url(f"**{path}/result", timeout=30_000)
    await student.settled()
    await expect(page.get_by_role("heading", name="Recommended for you")).to_be_visible()
    await expect(page.locator(".recommendation")).not_to_have_count(0)
    await expect(page.locator("mark").first).to_be_visible()

    reference = page.locator(".essay-text .ref").first
    await reference.click()
    await expect(page.locator(".quotes li:target")).to_be_visible()
    await page.locator(".story .ref").first.click()
    await expect(page.locator(".facts li:target")).to_be_visible()

    await page.locator("#relevance label", has_text="Mostly").click()
    await page.locator("#fit label", has_text="Very much").click()
    await expect(page.locator("[data-feedback-state]")).to_contain_text("Thank you. Saved")
    await page.locator(".decision label", has_text="Yes").first.click()
    await page.wait_for_timeout(400)
    await expect(page.locator("[data-feedback-state]")).to_contain_text("Thank you. Saved")
    await page.reload()
    await expect(page.locator("#relevance input[value='4']")).to_be_checked()
    await expect(page.locator(".decision input[value=accept]").first).to_be_checked()


async def test_a_student_without_a_script(look: Look, drainer: Drainer) -> None:
    """The same way in a browser that runs nothing: fields, buttons, reloading."""
    student = await look(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = student.page
    await student.sign_in()
    path = await student.start("data-analyst")
    await student.answer_everything(enhanced=False)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("[data-answered]")).to_have_text("10")
    await page.get_by_role("button", name="Review and submit").click()
    await expect(page.get_by_text("All 10 questions are answered")).to_be_visible()
    await page.get_by_role("button", name="Submit").click()
    await page.wait_for_url(f"**{path}/result", timeout=30_000)
    await expect(page.get_by_role("heading", name="Recommended for you")).to_be_visible()
    await page.locator("#relevance label", has_text="Mostly").click()
    await page.locator("#fit label", has_text="Partly").click()
    await page.get_by_role("button", name="Send feedback").click()
    await expect(page.get_by_text("Thank you. Your feedback is saved.")).to_be_visible()


@pytest.mark.usefixtures("with_ranking")
async def test_a_student_with_a_keyboard(look: Look, drainer: Drainer) -> None:
    """Nothing needs a pointer, the focus can always be seen, and moving something in an order keeps it."""
    student = await look()
    keys = Keyboard(student)
    page = student.page
    await student.go("/")
    await keys.reach("a.skip")
    await keys.reach("main a[href='/sign-in']")
    await keys.press("Enter")
    await page.wait_for_url("**/sign-in*")
    await student.settled()
    await keys.reach("#email")
    await page.keyboard.type("student@assay.example")
    await keys.reach("#password")
    await page.keyboard.type("assay-demo")
    await keys.press("Enter")
    await page.wait_for_url("**/")
    await student.settled()
    await keys.reach("a[href='/tracks/backend-engineer']")
    await keys.press("Enter")
    await page.wait_for_url("**/tracks/*")
    await student.settled()
    await keys.reach("main .actions button")
    await keys.press("Enter")
    await page.wait_for_url("**/assessments/*")
    await student.settled()

    await keys.reach("[data-question] textarea")
    await page.keyboard.type("By keyboard alone.")
    await keys.reach("input[type=radio]")
    await keys.press("Space")
    await keys.reach("[data-format=ranking] .down")
    await keys.press("Enter")
    assert await page.evaluate("document.activeElement.closest('li').previousElementSibling !== null"), "the focus went with what was moved"
    await student.saved()
    await keys.reach("button[value=review]")
    await keys.press("Enter")
    await page.wait_for_url("**/review")
    await student.settled()
    await keys.reach("#confirm")
    await keys.press("Space")
    await keys.reach("form.submit button")
    await keys.press("Enter")
    await page.wait_for_url("**/result", timeout=30_000)
    await student.settled()
    await keys.reach("#relevance input")
    await keys.press("Space")
    await keys.reach("#fit input")
    await keys.press("Space")
    await expect(page.locator("[data-feedback-state]")).to_contain_text("Saved")


class Keyboard:
    """Hands that know Tab, Enter and Space."""

    def __init__(self, student: Onlooker) -> None:
        self.page = student.page

    async def press(self, key: str) -> None:
        """One key."""
        await self.page.keyboard.press(key)

    async def reach(self, selector: str, within: int = 220) -> None:
        """Tab on until something that fits has the focus; each stop on the way must be seen to have it."""
        for _ in range(within):
            await self.press("Tab")
            stop = await self.page.evaluate(STOP, selector)
            assert stop["seen"], stop["what"]
            if stop["there"]:
                return
        raise AssertionError(f"{selector} was not reached")


STOP = """selector => {
  const stop = document.activeElement;
  if (!stop || stop === document.body) return { there: false, seen: true, what: "" };
  const around = [stop, stop.closest("label"), stop.closest(".card")].filter(Boolean);
  const ring = (style) => parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== "none";
  const seen = around.some((each) => ring(getComputedStyle(each)));
  return { there: stop.matches(selector), seen, what: stop.outerHTML.slice(0, 200) };
}"""
