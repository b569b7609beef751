"""Somebody before a browser window, who also notices what a person would not: errors, foreign requests, faults of access."""

import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response

AXE = (files("pytest_playwright_axe") / "resources" / "axe.min.js").read_text(encoding="utf-8")
AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag21a", "wcag2aa", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]},
}
VIEWS = [(width, scheme) for width in (360, 768, 1280) for scheme in ("light", "dark")]
SCREENSHOTS = os.environ.get("ASSAY_SCREENSHOTS")
"""A folder in which every page that is inspected leaves its pictures."""
ESSAY = (
    "A client may send a request twice because the network failed after the work was done. The service keeps the key of every request "
    "and answers a repeated key with the stored response. Therefore the key, the effect and the response belong in one transaction. "
    "For example, a payment must not be taken twice when a phone loses its connection.\n\nI would also measure how often keys repeat."
)


@dataclass
class Onlooker:
    """A window with everything that was said in its console."""

    context: BrowserContext
    page: Page
    site: str
    complaints: list[str] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)
    """Parts of complaints that a test provokes on purpose."""

    @classmethod
    async def before(cls, context: BrowserContext, site: str) -> Self:
        """A window on nothing yet."""
        made = cls(context, await context.new_page(), site)
        made.watch(made.page)
        return made

    def watch(self, page: Page) -> None:
        """Note whatever goes wrong on `page`."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._complain(f"error: {error}"))
        page.on("request", self._request)
        page.on("dialog", lambda dialog: self._complain(f"dialog: {dialog.message}"))
        page.on("response", self._response)

    async def another(self) -> Page:
        """A second window of the same person."""
        page = await self.context.new_page()
        self.watch(page)
        return page

    async def go(self, path: str) -> None:
        """Open a page and wait until its script is done."""
        await self.page.goto(path)
        await self.settled()

    async def settled(self) -> None:
        """Wait until the page's script has run."""
        await self.page.locator("html[data-ready]").wait_for(state="attached")

    async def sign_in(self, name: str = "student") -> None:
        """Sign in through the form."""
        await self.page.goto("/sign-in")
        await self.page.fill("#email", f"{name}@assay.example")
        await self.page.fill("#password", "assay-demo")
        await self.page.click("main button")
        await self.page.wait_for_url("**/")

    async def start(self, track: str = "backend-engineer") -> str:
        """Start a track; the path of the assessment."""
        await self.page.goto(f"/tracks/{track}")
        await self.page.click("main .actions button")
        await self.page.wait_for_url("**/assessments/*")
        return self.page.url.removeprefix(self.site)

    async def answer_everything(self, *, enhanced: bool = True) -> None:
        """Answer the ten questions as they stand on the page."""
        for question in await self.page.locator("[data-question]").all():
            await self._answer(question, enhanced=enhanced)

    async def saved(self) -> None:
        """Wait until everything is told to be saved."""
        await self.page.locator("[data-save-state]", has_text="Saved").wait_for()

    async def violations(self) -> list[str]:
        """What axe finds on the page as it stands, and whether anything sticks out, in both themes, on a phone, a tablet and a desk."""
        await self.page.evaluate(AXE)
        found: list[str] = []
        for width, scheme in VIEWS:
            await self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            await self.page.set_viewport_size({"width": width, "height": 800})
            report: dict[str, Any] = await self.page.evaluate("options => axe.run(document, options)", AXE_OPTIONS)
            found += [f"{width} {scheme} {each['id']}: {each['nodes'][0]['html'][:200]}" for each in report["violations"]]
            found += [f"{width} {scheme} sticks out"] if await self.sticks_out() else []
            await self._picture(width, scheme)
        return found

    async def sticks_out(self) -> bool:
        """Whether the page is wider than its window."""
        wide: bool = await self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        return wide

    async def _picture(self, width: int, scheme: str) -> None:
        if SCREENSHOTS:
            name = "-".join(re.findall(r"[a-z]+", re.sub(r"[0-9a-f-]{36}", "", urlsplit(self.page.url).path))) or "home"
            test = os.environ["PYTEST_CURRENT_TEST"].split("::")[-1].split(" ")[0]
            await self.page.screenshot(path=Path(SCREENSHOTS) / f"{test}-{name}-{width}-{scheme}.png", full_page=True)

    async def _answer(self, question: Any, *, enhanced: bool) -> None:
        match await question.get_attribute("data-format"):
            case "singleChoice" | "trueFalse" | "likert":
                await question.locator("input[type=radio]").first.check()
            case "multipleChoice":
                await question.locator("input[type=checkbox]").nth(0).check()
                await question.locator("input[type=checkbox]").nth(1).check()
            case "ordering" | "ranking" if enhanced:
                await question.get_by_role("button", name="Move down").first.click()
            case "ordering" | "ranking" | "matching":
                for place, select in enumerate(await question.locator("select").all(), start=1):
                    await select.select_option(index=place)
            case "numeric":
                await question.locator("input[type=text]").fill("42")
            case "essay":
                await question.locator("textarea").fill(ESSAY)
            case _:
                await question.locator("textarea, input[type=text]").first.fill("index")

    def _complain(self, words: str) -> None:
        if not any(part in words for part in self.expected):
            self.complaints.append(words)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._complain(f"console: {message.text} {message.location.get('url', '')}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.site, "data:")):
            self._complain(f"request: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self._complain(f"response: {response.status} {response.url}")


type Look = Callable[..., Awaitable[Onlooker]]
"""Opens a window; options are those of a browser context."""
