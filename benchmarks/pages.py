"""The result page: what a first visit transfers, and how long the server takes for it while fifty people read."""

import asyncio
import json
import shutil
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from playwright.async_api import async_playwright
from rich.console import Console

from assay.domain.actors import Actor
from assay.domain.progress import AssessmentStatus
from assay.embedded import programs
from assay.embedded.ports import LOOPBACK
from assay.runtime import Runtime, open_runtime
from assay.services import assessments, submission, web_sessions
from assay.web.session import limits_of
from benchmarks import load, machine, people
from benchmarks.load import Outcome
from benchmarks.people import Taken
from benchmarks.report import Figure, Report, percentile
from benchmarks.stack import Stack, bare_stack
from benchmarks.watch import Watched

RESULTS: Final = 10
"""Finished assessments; each is read by several."""
PATIENCE_SECONDS: Final = 240.0
COOKIE: Final = "assay-session"
ROUTE: Final = "/assessments/{assessment_id}/result"
STATIC: Final = "/static/page.js"
KILOBYTE: Final = 1000
WARM_UP: Final = 50


class Visit(NamedTuple):
    """A first visit with an empty cache."""

    transferred: int
    """Bytes of all answers, heads included, as they came over the wire."""
    files: int
    foreign: int
    """Requests to anywhere else."""


class Round(NamedTuple):
    """What one round of reading gave; server times in milliseconds."""

    reading: Outcome
    reading_server: list[float]
    rushing: Outcome
    rushing_server: list[float]
    static: Outcome
    cpu: float
    """Milliseconds of the API process for one page."""


def run(console: Console, *, readers: int, requests: int, pause: float, repeats: int, durable: bool) -> Report:
    """Measure `requests` pages a round, `readers` at once, each pausing for `pause` seconds on average between two pages."""
    with bare_stack(console, durable=durable, changes={"ASSAY_LLM_PROVIDER": "built-in"}) as stack:
        api, *_ = stack.product(programs.API, programs.WORKER, programs.SWEEPER)
        facts, visit, rounds = asyncio.run(_measure(stack, api.pid, readers, requests, pause, repeats))
    return Report(
        name="pages",
        what=f"The result page: {readers} readers, {requests} pages a round, a pause of {pause:g} s on average between two of a reader",
        machine=facts,
        figures=_figures(visit, rounds, requests),
        notes=(
            "Transferred: HTML, stylesheet, scripts and icon of a first visit in Chromium, compressed, heads included.",
            "Server time: from the first byte of the request to the last of the answer, by the server's own clock (its log).",
            f"Without a pause each reader asks again at once: then the time is {readers} times what one page costs the one process.",
            f"Static: GET {STATIC} through the same server by as many clients without a pause. All share the processors.",
        ),
    )


def _figures(visit: Visit, rounds: Sequence[Round], requests: int) -> list[Figure]:
    def over(name: str, values: Sequence[float], unit: str = "", digits: int = 0, **target: Any) -> Figure:
        return Figure(name, tuple(values), unit, digits, **target)

    def server(kind: str, share: float) -> list[float]:
        return [percentile(getattr(each, f"{kind}_server"), share) for each in rounds]

    def seen(kind: str, share: float) -> list[float]:
        return [1000 * percentile(getattr(each, kind).latencies, share) for each in rounds]

    def ratio(first: Sequence[float], second: Sequence[float]) -> list[float]:
        return [one / other for one, other in zip(first, second, strict=True)]

    return [
        over("pages answered 200", [each.reading.statuses.get("200", 0) for each in rounds], at_least=requests),
        over("files of a first visit", [visit.files]),
        over("transferred", [visit.transferred / KILOBYTE], "kB", 1, at_most=60),
        over("requests to elsewhere", [visit.foreign], at_most=0),
        over("reading rate", [each.reading.rate for each in rounds], "/s", 1),
        over("reading, server p50", server("reading", 0.5), "ms"),
        over("reading, server p95", server("reading", 0.95), "ms", at_most=100),
        over("reading, client p95", seen("reading", 0.95), "ms"),
        over("without a pause, rate", [each.rushing.rate for each in rounds], "/s"),
        over("without a pause, server p95", server("rushing", 0.95), "ms"),
        over("without a pause, client p95", seen("rushing", 0.95), "ms"),
        over("static, rate", [each.static.rate for each in rounds], "/s"),
        over("static, client p95", seen("static", 0.95), "ms"),
        over("page / static, client p95", ratio(seen("rushing", 0.95), seen("static", 0.95)), digits=1),
        over("processor time of a page", [each.cpu for each in rounds], "ms", 1),
    ]


async def _measure(
    stack: Stack, api: int, readers: int, requests: int, pause: float, repeats: int
) -> tuple[dict[str, str], Visit, list[Round]]:
    facts = await machine.facts(stack.database_url)
    async with open_runtime(stack.settings) as runtime:
        taken = await _finished(stack, runtime)
        pages = [await _page(runtime, taken[number % RESULTS]) for number in range(readers)]
    visit = await _visit(stack, *pages[0])
    asked = [load.request("GET", path, _headers(secret)) for path, secret in pages]
    _load(stack, readers, [asked[number % readers] for number in range(WARM_UP)])
    rounds: list[Round] = []
    for number in range(repeats):
        stack.console.print(f"[dim]round {number + 1} of {repeats}[/]", highlight=False)
        rounds.append(_round(stack, api, readers, [asked[each % readers] for each in range(requests)], pause))
    return facts, visit, rounds


async def _finished(stack: Stack, runtime: Runtime) -> list[Taken]:
    """Assessments with a result, scored by the built-in evaluator."""
    track, *_ = await people.tracks(runtime)
    taken = await people.take(runtime, await people.enrol(runtime, RESULTS), track, "pages")
    for each in taken:
        async with runtime.open_uow() as uow:
            await submission.submit(uow, runtime.bank, each.actor, each.assessment_id)
    deadline = time.monotonic() + PATIENCE_SECONDS
    with stack.console.status(f"scoring {RESULTS} assessments …"):
        while (left := await _unfinished(runtime, taken)) and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
    if left:
        msg = f"{left} of {RESULTS} assessments had no result after {PATIENCE_SECONDS:g} s"
        raise RuntimeError(msg)
    return taken


async def _unfinished(runtime: Runtime, taken: Sequence[Taken]) -> int:
    async with runtime.open_uow(autocommit=True) as uow:
        found = [await assessments.status(uow, each.actor, each.assessment_id) for each in taken]
    return sum(progress.status is not AssessmentStatus.COMPLETED for progress in found)


async def _page(runtime: Runtime, taken: Taken) -> tuple[str, str]:
    """Where a result is read, and the secret of a session of its student's."""
    async with runtime.open_uow() as uow:
        actor = Actor(id=taken.actor.id, role=taken.actor.role)
        secret = await web_sessions.begin(uow, actor, limits_of(runtime), "A measurement")
    return f"/assessments/{taken.assessment_id}/result", secret


def _headers(secret: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={secret}", "Accept-Encoding": "gzip", "Accept": "text/html"}


async def _visit(stack: Stack, path: str, secret: str) -> Visit:
    """Open the page in Chromium as somebody who was never here. Raises `RuntimeError` without Chromium, or when the page fails."""
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if executable is None:
        msg = "Chromium is needed to see what a visit transfers; install it (package chromium)."
        raise RuntimeError(msg)
    sizes: list[int] = []
    asked: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        context = await browser.new_context()
        await context.add_cookies([{"name": COOKIE, "value": secret, "url": stack.url}])
        page = await context.new_page()
        network = await context.new_cdp_session(page)
        await network.send("Network.enable")
        network.on("Network.requestWillBeSent", lambda event: asked.append(event["request"]["url"]))
        network.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
        answer = await page.goto(f"{stack.url}{path}")
        await page.locator("html[data-ready]").wait_for(state="attached")
        await page.wait_for_load_state("networkidle")
        await browser.close()
    if answer is None or answer.status != HTTPStatus.OK:
        msg = f"{path} answered {answer and answer.status}"
        raise RuntimeError(msg)
    foreign = [url for url in asked if not url.startswith((stack.url, "data:"))]
    return Visit(sum(sizes), len(sizes), len(foreign))


def _round(stack: Stack, api: int, readers: int, asked: Sequence[str], pause: float) -> Round:
    reading, reading_server = _timed(stack, readers, asked, pause)
    watch = Watched(api)
    rushing, rushing_server = _timed(stack, readers, asked, 0)
    cpu = 1000 * watch.cpu_seconds / len(asked)
    static = _load(stack, readers, [load.request("GET", STATIC, {"Accept-Encoding": "gzip"})] * len(asked))
    return Round(reading, reading_server, rushing, rushing_server, static, cpu)


def _timed(stack: Stack, readers: int, asked: Sequence[str], pause: float) -> tuple[Outcome, list[float]]:
    """Read, and what the server says of each page. Raises `RuntimeError` when its log does not hold them all."""
    log = stack.folder.logs / "api.log"
    before = log.stat().st_size
    outcome = _load(stack, readers, asked, pause)
    with log.open("rb") as lines:
        lines.seek(before)
        told = [json.loads(line) for line in lines if ROUTE.encode() in line]
    times = [line["milliseconds"] for line in told if line["event"] == "request" and line["route"] == ROUTE]
    if len(times) < len(asked):
        msg = f"the log tells of {len(times)} pages, {len(asked)} were asked for"
        raise RuntimeError(msg)
    return outcome, times


def _load(stack: Stack, readers: int, asked: Sequence[str], pause: float = 0) -> Outcome:
    return load.in_another_process(load.Job(LOOPBACK, stack.port, readers, asked, pause))
