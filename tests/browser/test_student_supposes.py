"""A student's account, what if, and waiting, in a browser: by mouse, by keyboard, with hostile texts, without a live connection."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from journeys import Student
from onlooker import Look
from playwright.async_api import expect
from sqlalchemy import text

from assay.runtime import Runtime
from assay.services import what_if
from assay.worker.drainer import Drainer

NASTY = '<script>window.taken = 1</script></textarea><img src=x onerror="window.taken=1">\u202e' + "w" * 10_000


async def test_what_if_shows_in_place_and_on_its_page(look: Look, student: Student, track_id: UUID, drainer: Drainer) -> None:
    """On the result as soon as the level changes, on its own page by keyboard alone; accessible in both states, nothing sticks out."""
    bundle, _ = await student.finished(track_id)
    path = f"/assessments/{bundle['assessmentId']}"
    person = await look()
    await person.sign_in()
    await person.go(f"{path}/result")
    await person.page.select_option("#level", "advanced")
    outcome = person.page.locator("#on-result-outcome")
    await expect(outcome.get_by_text("The level aimed for is advanced instead of")).to_be_visible()
    await expect(person.page.locator("[data-what-if-voice]")).to_contain_text("The level aimed for is advanced")
    await expect(outcome.get_by_text("nothing of this is stored")).to_be_visible()
    await person.page.fill("#hours", "plenty")
    await person.page.keyboard.press("Enter")
    await expect(outcome.get_by_text("Write a number of hours between 0 and 168")).to_be_visible()
    await person.go(f"{path}/what-if")
    await person.page.locator("#hours").focus()
    await person.page.keyboard.type("1")
    await person.page.keyboard.press("Tab")
    await person.page.keyboard.press("Enter")
    await expect(person.page.get_by_label("API design").first).to_be_visible()
    await person.page.locator("#hours").press("Enter")
    await expect(person.page.locator("#what-if-outcome").get_by_text("There are 12 hours in all instead of")).to_be_visible()
    assert await person.violations() == []


async def test_without_a_script_what_if_is_a_page(look: Look, student: Student, track_id: UUID, drainer: Drainer) -> None:
    """The form on the result leads to a page that says it all."""
    bundle, _ = await student.finished(track_id)
    person = await look(java_script_enabled=False)
    await person.sign_in()
    await person.page.goto(f"/assessments/{bundle['assessmentId']}/result")
    await person.page.select_option("#level", "beginner")
    await person.page.get_by_role("button", name="Show what would be").click()
    await expect(person.page.get_by_role("heading", name="What would be recommended")).to_be_visible()
    await expect(person.page.get_by_text("The level aimed for is beginner instead of")).to_be_visible()


async def test_without_a_live_connection_the_status_is_asked_for(look: Look, student: Student, track_id: UUID, runtime: Runtime) -> None:
    """Where server-sent events do not pass, the page asks by itself, and still leads on to the result."""
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    await student.submit(bundle)
    person = await look()
    person.expected = {"status/events", "ERR_FAILED"}
    await person.sign_in()
    await person.page.route("**/status/events", lambda route: route.abort())
    asked: list[str] = []
    person.page.on("request", lambda request: asked.append(request.url))
    await person.go(f"/assessments/{bundle['assessmentId']}/status")
    await expect(person.page.get_by_role("heading", name="Your answers are in")).to_be_visible()
    draining = Drainer(runtime, "test:late")
    work = asyncio.create_task(draining.run())
    await person.page.wait_for_url("**/result")
    await draining.stop()
    await work
    assert any(url.endswith("/status/fragment") for url in asked)


async def test_the_account_is_accessible_and_texts_stay_texts(
    look: Look, student: Student, track_id: UUID, drainer: Drainer, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Account, learning and what if, with names and titles that mean no good: shown as text, nothing taken over, nothing sticks out."""
    bundle, _ = await student.finished(track_id)
    ask = what_if.ask

    async def spoilt(*given: Any, **named: Any) -> what_if.WhatIfRead:
        said = await ask(*given, **named)
        items = tuple(item.model_copy(update={"title": NASTY, "why": NASTY}) for item in said.items)
        return said.model_copy(update={"items": items, "changes": (NASTY,)})

    monkeypatch.setattr(what_if, "ask", spoilt)
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE cohorts SET name = :nasty"), {"nasty": NASTY[:2_000]})
        await uow.session.execute(text("UPDATE skills SET name = :nasty WHERE slug = 'sql'"), {"nasty": NASTY[:2_000]})
    person = await look()
    await person.sign_in()
    for path in ("/account", "/account/learning", f"/assessments/{bundle['assessmentId']}/what-if?level=advanced&prior=sql"):
        await person.go(path)
        assert await person.violations() == [], path
        assert await person.page.evaluate("window.taken") is None
        assert "<script>window.taken" in await person.page.inner_text("main"), path
        assert await person.page.evaluate("getComputedStyle(document.querySelector('main')).direction") == "ltr"
