"""Connections break, tabs close, sessions end: no answer is lost, and nothing that somebody wrote takes the page over."""

from typing import Any
from uuid import UUID

import pytest
from journeys import Student
from onlooker import Look, Onlooker
from playwright.async_api import Page, expect
from sqlalchemy import select, text

from assay.db.models import AssessmentResponse
from assay.runtime import Runtime
from assay.services import results
from assay.worker.drainer import Drainer

CUT = {"ERR_INTERNET_DISCONNECTED"}
NASTY = '<script>window.taken = 1</script><img src=x onerror="window.taken=1">\u202e' + "w" * 10_000


async def paper(look: Look) -> tuple[Onlooker, str]:
    """A student before the questions."""
    student = await look()
    student.expected = CUT
    await student.sign_in()
    path = await student.start()
    await student.settled()
    return student, path


def essay(page: Page) -> Any:
    """The first essay's field."""
    return page.locator("textarea[data-words]").first


async def test_what_is_typed_offline_is_sent_when_back(look: Look) -> None:
    """The state says where the answer is, and it arrives by itself."""
    student, _ = await paper(look)
    state = student.page.locator("[data-save-state]")
    await student.context.set_offline(True)
    await essay(student.page).fill("Written in a tunnel.")
    await expect(state).to_contain_text("Offline: kept in this browser, will be sent")
    await student.context.set_offline(False)
    await expect(state).to_contain_text("Saved")
    await student.page.reload()
    await expect(essay(student.page)).to_have_value("Written in a tunnel.")


async def test_a_tab_closed_offline_loses_nothing(look: Look) -> None:
    """What was typed without a connection is there again when the page is opened again, and is then sent."""
    student, path = await paper(look)
    await student.context.set_offline(True)
    await essay(student.page).fill("Written before the battery was empty.")
    await student.page.locator("input[type=radio]").first.check()
    await expect(student.page.locator("[data-save-state]")).to_contain_text("Offline")
    await student.page.close()
    await student.context.set_offline(False)
    student.page = await student.another()
    await student.go(path)
    await student.saved()
    await expect(essay(student.page)).to_have_value("Written before the battery was empty.")
    await expect(student.page.locator("input[type=radio]").first).to_be_checked()
    await expect(student.page.locator("[data-answered]")).to_have_text("2")
    await student.page.evaluate("localStorage.clear()")
    await student.page.reload()
    await expect(essay(student.page)).to_have_value("Written before the battery was empty.")


async def test_a_tab_closed_while_typing_loses_nothing(look: Look) -> None:
    """Closed before the pause in which it would have been saved, the answer still arrives."""
    student, path = await paper(look)
    await essay(student.page).fill("Closed at once.")
    await student.page.close()
    student.page = await student.another()
    await student.go(path)
    await expect(essay(student.page)).to_have_value("Closed at once.")


async def test_two_tabs_do_not_undo_each_other(look: Look) -> None:
    """Each tab saves what was changed in it; the later answer to one question stands, and the older tab is told."""
    student, path = await paper(look)
    old, new = student.page, await student.another()
    await new.goto(path)
    await new.locator("html[data-ready]").wait_for(state="attached")
    await old.locator("textarea[data-words]").nth(1).fill("From the old tab.")
    await expect(old.locator("[data-save-state]")).to_contain_text("Saved")
    await essay(new).fill("From the new tab.")
    await expect(new.locator("[data-save-state]")).to_contain_text("Saved")
    await new.locator("input[type=radio]").first.check()
    await new.get_by_role("button", name="Review and submit").click()
    await expect(new.get_by_text("7 questions are not answered")).to_be_visible()
    await old.reload()
    await expect(essay(old)).to_have_value("From the new tab.")
    await expect(old.locator("textarea[data-words]").nth(1)).to_have_value("From the old tab.")


async def test_an_ended_session_loses_nothing(look: Look) -> None:
    """The state says that one is signed out; after signing in again the answer is there and saved."""
    student, path = await paper(look)
    student.expected = {"401"}
    await student.context.clear_cookies()
    await essay(student.page).fill("Written too late in the evening.")
    state = student.page.locator("[data-save-state]")
    await expect(state).to_contain_text("You are signed out")
    await state.get_by_role("link", name="Sign in").click()
    await student.page.fill("#email", "student@assay.example")
    await student.page.fill("#password", "assay-demo")
    await student.page.click("main button")
    await student.page.wait_for_url(f"**{path}")
    await student.saved()
    await expect(essay(student.page)).to_have_value("Written too late in the evening.")


async def test_a_tab_that_stayed_open_gets_a_fresh_proof(look: Look) -> None:
    """Signed in again in another tab, the first one goes on saving."""
    student, _ = await paper(look)
    student.expected = {"403"}
    await student.context.clear_cookies()
    other = await student.another()
    await other.goto("/sign-in")
    await other.fill("#email", "student@assay.example")
    await other.fill("#password", "assay-demo")
    await other.click("main button")
    await other.wait_for_url("**/")
    await essay(student.page).fill("As if nothing had happened.")
    await student.saved()


async def aged(runtime: Runtime, seconds: float) -> None:
    """Let nobody have done anything in any session for so much longer."""
    async with runtime.open_uow() as uow:
        earlier = text("UPDATE web_sessions SET last_seen_at = last_seen_at - make_interval(secs => :seconds)")
        await uow.session.execute(earlier, {"seconds": seconds})


async def sign_in_on(page: Page) -> None:
    """Sign in as the same student through the form that `page` shows."""
    await page.fill("#email", "student@assay.example")
    await page.fill("#password", "assay-demo")
    await page.click("main button")


async def saved_texts(runtime: Runtime) -> set[str]:
    """Every essay that has arrived."""
    async with runtime.open_uow(autocommit=True) as uow:
        answers = await uow.session.scalars(select(AssessmentResponse.answer))
        return {answer for (answer,) in answers if isinstance(answer, str)}


async def test_an_idle_session_asks_first_and_one_press_goes_on(look: Look, runtime: Runtime) -> None:
    """Two minutes before its end the page asks, accessibly; Enter is enough, what stands there is untouched, the session is prolonged."""
    idle = 60 * runtime.settings.session_idle_minutes
    student = await look()
    await student.sign_in()
    await student.page.clock.install()
    await student.go("/account/learning")
    await student.page.fill("#hours", "7")
    await aged(runtime, idle - 90)
    await student.page.clock.fast_forward(1000 * (idle - 90))
    question = student.page.get_by_role("dialog", name="Still there?")
    await expect(question).to_be_visible()
    assert await student.violations() == []
    await student.page.keyboard.press("Enter")
    await expect(question).not_to_be_visible()
    await expect(student.page.locator("#hours")).to_have_value("7")
    async with runtime.open_uow(autocommit=True) as uow:
        unseen = await uow.session.scalar(text("SELECT extract(epoch FROM clock_timestamp() - max(last_seen_at)) FROM web_sessions"))
    assert unseen < 60


async def test_a_session_that_ended_by_idleness_loses_nothing(look: Look, runtime: Runtime) -> None:
    """Three essays typed after the end: the page says so, signing in in another tab is enough, and all three arrive."""
    student, _ = await paper(look)
    student.expected = {"401", "403"}
    await aged(runtime, 60 * runtime.settings.session_idle_minutes + 1)
    typed = {f"Typed after the end, essay {number}." for number in range(3)}
    for field, words in zip(await student.page.locator("textarea[data-words]").all(), sorted(typed), strict=True):
        await field.fill(words)
    await expect(student.page.locator("[data-save-state]")).to_contain_text("You are signed out")
    assert not typed & await saved_texts(runtime)
    other = await student.another()
    await other.goto("/sign-in")
    await sign_in_on(other)
    await other.wait_for_url("**/")
    await student.page.locator("textarea[data-words]").first.press("End")
    await student.page.locator("textarea[data-words]").first.press_sequentially(" ")
    await student.saved()
    assert {words.strip() for words in await saved_texts(runtime)} >= typed


async def test_signing_out_everywhere_while_somebody_types_loses_nothing(look: Look, runtime: Runtime) -> None:
    """From a phone, in the middle of a word on the desk: the desk says so, keeps what is typed, and sends it after signing in."""
    student, path = await paper(look)
    student.expected = {"401", "403"}
    await essay(student.page).press_sequentially("In the middle of a ")
    phone = await look(viewport={"width": 360, "height": 740})
    await phone.sign_in()
    await phone.go("/account")
    await phone.page.get_by_role("button", name="Sign out everywhere").click()
    await phone.page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    await expect(phone.page.get_by_text("You are signed out everywhere.")).to_be_visible()
    await essay(student.page).press_sequentially("word, and to its end.")
    state = student.page.locator("[data-save-state]")
    await expect(state).to_contain_text("You are signed out")
    await state.get_by_role("link", name="Sign in").click()
    await sign_in_on(student.page)
    await student.page.wait_for_url(f"**{path}")
    await student.saved()
    await expect(essay(student.page)).to_have_value("In the middle of a word, and to its end.")
    assert "In the middle of a word, and to its end." in await saved_texts(runtime)


@pytest.mark.usefixtures("with_ranking")
async def test_an_order_can_be_kept_cleared_and_moved(look: Look) -> None:
    """An order that stands as it should is taken over with one button, and cleared with another."""
    student, _ = await paper(look)
    ranking = student.page.locator("[data-format=ranking]")
    await expect(ranking.get_by_text("Not answered yet")).to_be_visible()
    await ranking.get_by_role("button", name="Keep this order").click()
    await student.saved()
    await expect(student.page.locator("[data-answered]")).to_have_text("1")
    await ranking.get_by_role("button", name="Clear this answer").click()
    await expect(student.page.locator("[data-answered]")).to_have_text("0")
    first = await ranking.locator(".sortable li").first.inner_text()
    await ranking.get_by_role("button", name="Move down").first.click()
    await expect(ranking.locator(".sortable li").nth(1)).to_have_text(first.strip())


async def test_signing_out_asks_before_it_forgets(look: Look) -> None:
    """Answers that have not arrived are not deleted without a question."""
    student, _ = await paper(look)
    student.expected = {*CUT, "dialog"}
    await student.context.set_offline(True)
    await essay(student.page).fill("Not yet sent.")
    await expect(student.page.locator("[data-save-state]")).to_contain_text("Offline")
    student.page.on("dialog", lambda dialog: dialog.dismiss())
    await student.page.get_by_role("button", name="Sign out").click()
    await student.context.set_offline(False)
    await student.saved()
    await student.page.get_by_role("button", name="Sign out").click()
    await expect(student.page.get_by_role("link", name="Sign in to start")).to_be_visible()


async def test_text_stays_text(
    look: Look, student: Student, track_id: UUID, drainer: Drainer, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Markup, scripts, direction overrides and endless words in essay, track and credential are shown as text; the layout holds."""
    bundle, _ = await student.finished(track_id, essay=NASTY[:5_900])
    read = results.read

    async def spoilt(*given: Any) -> results.Result:
        result = await read(*given)
        items = tuple(
            each.model_copy(update=dict.fromkeys(("title", "provider", "description"), NASTY)) for each in result.recommendation.items
        )
        advice = result.recommendation.model_copy(update={"items": items})
        return result.model_copy(update={"recommendation": advice, "track": result.track.model_copy(update={"name": NASTY})})

    monkeypatch.setattr(results, "read", spoilt)
    async with runtime.open_uow() as uow:
        await uow.session.execute(
            text("UPDATE role_catalog SET description = :nasty, name = 'A' || left(:nasty, 110)"), {"nasty": NASTY[:1_900]}
        )
    person = await look()
    await person.sign_in()
    path = await person.start("data-analyst")
    await person.settled()
    await essay(person.page).fill(NASTY[:5_900])
    await person.saved()
    for page in (f"/assessments/{bundle['assessmentId']}/result", "/", "/tracks", "/tracks/data-analyst", path, f"{path}/review"):
        await person.go(page)
        for width in (360, 1280):
            await person.page.set_viewport_size({"width": width, "height": 800})
            assert not await person.sticks_out(), (page, width)
        assert await person.page.evaluate("window.taken") is None
        assert page.endswith("review") or "<script>window.taken" in await person.page.inner_text("main")
        # the override ends with the text it stands in: a button after it still reads from left to right
        assert await person.page.evaluate("getComputedStyle(document.querySelector('main')).direction") == "ltr"
