"""A result that was made again: its reader is told what has changed, at every width and in words that a screen reader says."""

import pytest
from onlooker import Look
from playwright.async_api import expect
from sqlalchemy import text
from waiting import until

from assay.runtime import Runtime
from assay.worker.drainer import Drainer
from assay.worker.healer import Healer


@pytest.mark.parametrize("width", [390, 1280])
async def test_a_healed_result_says_so(look: Look, drainer: Drainer, runtime: Runtime, width: int) -> None:
    """First the track's list, since nothing could be searched; then the search, what came, what went, and when."""

    async def chunks(count: int) -> None:
        async with runtime.open_uow() as uow:
            await uow.session.execute(text("UPDATE index_versions SET chunk_count = :count"), {"count": count})

    await chunks(0)
    student = await look(viewport={"width": width, "height": 900})
    page = student.page
    await student.sign_in()
    path = await student.start()
    await student.settled()
    await student.answer_everything()
    await student.saved()
    await page.get_by_role("button", name="Review and submit").click()
    await page.get_by_role("button", name="Submit").click()
    await page.wait_for_url(f"**{path}/result", timeout=30_000)
    await expect(page.locator(".banner.warn")).to_contain_text("curated list")

    await chunks(1)
    assert await Healer(runtime).round() == 1

    async def healed() -> bool:
        await page.reload()
        return await page.locator("#changes").count() == 1

    await until(healed, every=0.3)
    await student.settled()
    banner = page.locator("#changes")
    await expect(banner).to_contain_text("The recommendations come from the complete search; at first it was the track's curated list.")
    await expect(banner).to_contain_text("No level of yours has changed.")
    await expect(banner.locator("li")).not_to_have_count(0)
    await expect(page.locator(".banner.warn")).to_have_count(0)
    await banner.locator("summary").click()
    await expect(banner.get_by_text("No longer recommended")).to_be_visible()
    assert await student.violations() == []
    assert not await student.sticks_out()
