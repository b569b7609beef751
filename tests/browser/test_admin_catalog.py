"""An admin at the catalog and the search index: by mouse, by keyboard, in both themes, with hostile text, and while it works behind."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest_asyncio
from catalogs import RECORD
from onlooker import Look, Onlooker
from playwright.async_api import expect

from assay.runtime import Runtime
from assay.services import catalog_import_runs, indexing

HOSTILE = "<script>alert(1)</script> \u202e"
LONG = "w" * 180


@pytest_asyncio.fixture
async def background(runtime: Runtime) -> AsyncIterator[asyncio.Event]:
    """Builds indexes and works off imports, once it is let go."""
    go = asyncio.Event()

    async def work() -> None:
        await go.wait()
        while True:
            await indexing.build_next(runtime.open_uow, runtime.embedder, runtime.vector_store)
            await catalog_import_runs.import_next(runtime.open_uow)
            await asyncio.sleep(0.2)

    working = asyncio.create_task(work())
    yield go
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def inspect(person: Onlooker, *paths: str) -> None:
    """Open each page and let axe look at it."""
    for path in paths:
        await person.go(path)
        assert (path, await person.violations()) == (path, [])


async def fill_in(person: Onlooker, slug: str, **changes: str) -> None:
    """The form of a new credential."""
    page = person.page
    values = {name: RECORD[name] for name in ("title", "provider", "description")}
    values |= {"slug": slug, "outcomes": "\n".join(RECORD["outcomes"]), "skills": "SQL", "workload_hours": "25", **changes}
    await person.go("/admin/catalog/new")
    for name, value in values.items():
        await page.fill(f"#{name}", value)
    await page.get_by_role("button", name="Save the draft").click()
    await page.wait_for_url("**done=created")
    await person.settled()


async def test_from_a_draft_to_what_searches_find(look: Look, background: asyncio.Event) -> None:
    """Written, published in a dialog, rebuilt with live progress, found; edited by two at once without losing a word."""
    admin = await look()
    admin.expected = {"412"}
    page = admin.page
    await admin.sign_in("admin")
    await fill_in(admin, "reading-query-plans")
    await expect(page.locator(".toast")).to_be_focused()
    there = page.url.split("?")[0]
    await page.get_by_role("button", name="Publish", exact=True).click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).not_to_be_visible()
    await page.get_by_role("button", name="Publish", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    await page.get_by_role("link", name="Go to the search index").click()
    await admin.settled()
    await page.get_by_role("button", name="Rebuild", exact=True).click()
    await expect(page.get_by_role("dialog")).to_contain_text("keep the version that they began with")
    await page.get_by_role("dialog").get_by_role("button", name="Rebuild").click()
    await expect(page.get_by_text("Waiting for its turn").first).to_be_visible()
    await admin.settled()
    assert await admin.violations() == []
    background.set()
    await expect(page.get_by_text("Searches know the catalog as it is")).to_be_visible(timeout=60_000)
    await page.get_by_role("link", name="Go back to the version before").click()
    await expect(page.get_by_text("It knows less than the one that is searched")).to_be_visible()
    await admin.settled()
    assert await admin.violations() == []

    await admin.go(f"{there}/edit".removeprefix(admin.site))
    await page.fill("#assessment", "A written test.")
    other = await admin.another()
    await other.goto(f"{there}/edit")
    await other.fill("#workload_hours", "40")
    await other.get_by_role("button", name="Save as version 2").click()
    await other.wait_for_url("**done=saved")
    await page.get_by_role("button", name="Save as version 2").click()
    await expect(page.locator("#overtaken")).to_be_focused()
    await expect(page.locator("#assessment")).to_have_value("A written test.")
    await expect(page.locator("#workload_hours")).to_have_value("40")
    await admin.settled()
    assert await admin.violations() == []
    await page.get_by_role("button", name="Save as version 3").click()
    await page.wait_for_url("**done=saved")
    await admin.settled()
    assert await admin.violations() == []
    await inspect(admin, f"{there}/versions?from=1&to=3".removeprefix(admin.site))


async def test_a_file_by_keyboard(look: Look, background: asyncio.Event, tmp_path: Path) -> None:
    """Chosen, looked at, its bad rows left out, imported with live progress; the focus is seen all the way."""
    admin = await look()
    page = admin.page
    rows = [{**RECORD, "slug": f"course-{number}", "title": f"Course {number}"} for number in range(3)]
    file = tmp_path / "courses.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {**RECORD, "slug": "bad", "level": "wizard", "colour": "red"}]))
    await admin.sign_in("admin")
    await admin.go("/admin/catalog/import")
    assert await admin.violations() == []
    await page.set_input_files("#file", file)
    await page.focus("#file")
    await _reach(admin, "form.sheet button[type=submit]")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/imports/*")
    await admin.settled()
    await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert await admin.violations() == []
    await _reach(admin, "#skip")
    await page.keyboard.press("Enter")
    await _reach(admin, "dialog[open] button[type=submit]")
    looked = page.url
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda url: "/imports/" in url and url != looked)
    await admin.settled()
    await expect(page.get_by_role("heading", name="The file is being imported")).to_be_visible()
    assert await admin.violations() == []
    background.set()
    await expect(page.get_by_role("heading", name="The file is imported")).to_be_visible(timeout=30_000)
    await admin.settled()
    assert await admin.violations() == []
    await inspect(admin, "/admin/catalog/imports", "/admin/catalog/report")


async def test_a_file_that_is_too_large_is_not_sent(look: Look, tmp_path: Path) -> None:
    """The page says so when it is chosen."""
    admin = await look()
    file = tmp_path / "large.csv"
    with file.open("wb") as made:
        made.truncate(256 * 1024 * 1024 + 1)
    await admin.sign_in("admin")
    await admin.go("/admin/catalog/import")
    await admin.page.set_input_files("#file", file)
    told = await admin.page.evaluate("document.querySelector('#file').validationMessage")
    assert told == "This file has 257 MB; 256 MB is the most. Divide it."
    await admin.page.get_by_role("button", name="Look at the file").click()
    assert admin.page.url.endswith("/admin/catalog/import")


async def test_hostile_text_in_every_page(look: Look) -> None:
    """Markup stays text, a direction override ends where its text ends, and a word without an end breaks."""
    admin = await look()
    admin.expected = {"422"}
    await admin.sign_in("admin")
    hostile = f"{HOSTILE}{LONG}"[:200]
    outcomes = f"{hostile}\n{'v' * 400}"
    await fill_in(admin, "hostile", title=hostile, provider=hostile, description=HOSTILE + "w" * 3_900, outcomes=outcomes, homepage=LONG)
    there = admin.page.url.split("?")[0].removeprefix(admin.site)
    await inspect(admin, there, f"{there}/edit", "/admin/catalog?status=draft", "/admin/catalog/report")
    await admin.page.set_viewport_size({"width": 320, "height": 640})
    for path in (there, f"{there}/edit", f"{there}/versions", "/admin/catalog?status=draft", "/admin/catalog/report", "/admin/index"):
        await admin.go(path)
        assert not await admin.sticks_out(), path
    await admin.go(f"{there}/edit")
    await admin.page.fill("#description", "Short")
    await admin.page.fill("#skills", "w" * 10_000)
    await admin.page.get_by_role("button", name="Save as version 2").click()
    await expect(admin.page.locator("[data-focus]")).to_be_focused()
    await admin.settled()
    assert await admin.violations() == []


async def _reach(person: Onlooker, selector: str) -> None:
    """Press Tab until `selector` has the focus, which must be seen."""
    for _ in range(120):
        await person.page.keyboard.press("Tab")
        if await person.page.evaluate("selector => document.activeElement.matches(selector)", selector):
            outline = await person.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", selector
            return
    raise AssertionError(f"{selector} cannot be reached with the keyboard")
