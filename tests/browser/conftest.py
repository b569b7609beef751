"""A real browser before the real application: Chromium as the system has it, the pages on a port of their own."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from onlooker import Look, Onlooker
from playwright.async_api import Browser, async_playwright

from assay.domain.bundle import BankQuestion, choose
from assay.domain.questions import QuestionFormat
from assay.services import assessments

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _chromium() -> str | None:
    places = ["/usr/bin/chromium", *filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))]
    return next((place for place in places if Path(place).exists()), None)


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The browser, started once. Without one the tests are skipped, unless `ASSAY_REQUIRE_CHROMIUM=1` makes that a failure."""
    executable = _chromium()
    if executable is None:
        reason = "Chromium is not installed, so nothing was seen in a browser"
        if os.environ.get("ASSAY_REQUIRE_CHROMIUM") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield browser
        await browser.close()


@pytest.fixture
def with_ranking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every assessment asks for a ranking: seeds are tried until one does."""

    def chosen(bank: Any, mix: Any, seed: int) -> list[BankQuestion]:
        bundles = (choose(bank, mix, seed + more) for more in range(1_000))
        return next(bundle for bundle in bundles if any(each.content.format is QuestionFormat.RANKING for each in bundle))

    monkeypatch.setattr(assessments, "choose", chosen)


@pytest_asyncio.fixture
async def look(chromium: Browser, site: str) -> AsyncIterator[Look]:
    """Opens a window of its own; at the end nobody may have seen an error or a request to somewhere else."""
    async with AsyncExitStack() as stack:
        opened: list[Onlooker] = []

        async def window(**options: Any) -> Onlooker:
            context = await chromium.new_context(base_url=site, reduced_motion="reduce", **options)
            stack.push_async_callback(context.close)
            opened.append(await Onlooker.before(context, site))
            return opened[-1]

        yield window
        for each in opened:
            assert each.complaints == []
