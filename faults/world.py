"""The world of a scenario: servers, processes and the scripted model, each of which can be killed, frozen, stopped and started anew."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from inspect import isawaitable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp
import asyncpg
from rich.console import Console

from assay.embedded import environment, postgres, programs
from assay.embedded.ports import LOOPBACK, pick_free
from assay.embedded.processes import Program, Running, start, stop
from assay.runtime import Runtime, open_runtime
from assay.services import invariants
from benchmarks import journal
from benchmarks.report import Figure
from benchmarks.stack import PROJECT, Stack, bare_stack, really_ready
from faults.tally import none

POSTGRES: Final = "Postgres"
VALKEY: Final = "Valkey"
API: Final = programs.API
SWEEPER: Final = programs.SWEEPER
WORKERS: Final = ("worker 1", "worker 2")
_CONTENT: Final = "content"
"""The database that each scenario gets a copy of."""
_EVERY_SECONDS: Final = 0.05
_READY_SECONDS: Final = 90.0
WEBHOOK_RETRY_SCALE: Final = 0.002
"""Pauses between the tries of a webhook: 0.01, 0.6, 3.6, 14, 36 seconds …"""
SURPRISES: Final = ("unexpected_error", "job_failed", "job_abandoned", "drainer_died", "leases_not_renewed", "index_build_crashed")
"""What our processes log when something happens that nobody has thought of; no fault is an excuse for one."""
CHANGES: Final = {
    "ASSAY_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "ASSAY_WEBHOOK_RETRY_SCALE": str(WEBHOOK_RETRY_SCALE),
    "ASSAY_WEBHOOK_SECONDS": "3",
}
"""What differs from a real installation: receivers on loopback, and a schedule for the impatient."""


class NotPossible(Exception):
    """This machine does not have what a scenario needs; the message says what."""


@dataclass(slots=True)
class World:
    """What runs, by name. Use it from the main thread's event loop: a child ends with the thread that started it."""

    stack: Stack
    session: aiohttp.ClientSession
    logs: Path
    """Of the product's processes."""
    running: dict[str, Running] = field(default_factory=dict)
    died: list[str] = field(default_factory=list)
    """Processes that ended without our doing."""
    stubborn: list[str] = field(default_factory=list)
    """Processes that did not end when they were told to, and had to be killed."""
    _expected: set[int] = field(default_factory=set)
    _ports: dict[str, int] = field(default_factory=dict)

    @property
    def console(self) -> Console:
        """Where progress is told."""
        return self.stack.console

    @property
    def database_url(self) -> str:
        """Postgres, as asyncpg reads it."""
        return self.stack.database_url

    def owner(self, name: str) -> str:
        """How the worker of that name signs its leases."""
        return f"{socket.gethostname()}:{self.running[name].pid}"

    def url(self, name: str) -> str:
        """Where the API of that name answers: beside `API` there may be `API 2`."""
        return f"http://{LOOPBACK}:{self._port(name)}"

    async def launch(self, *names: str, sabotage: str = "", **changes: str) -> None:
        """Start processes of the product together, and wait until they are ready; `changes` are settings, `sabotage` is of their code."""
        for name in names:
            self._begin(self._program(name, sabotage, changes), name)
        await asyncio.gather(*(self.ready(name) for name in names))

    async def launch_from(self, code: Path, *names: str, **changes: str) -> None:
        """As `launch`, of the product as it was at another time, which is in the folder `code`."""
        for name in names:
            program = self._program(name, "", {**changes, "PYTHONPATH": str(code / "src")})
            self._begin(replace(program, folder=code), name)
        await asyncio.gather(*(self.ready(name) for name in names))

    async def revive(self, name: str, after: float = 0.0) -> None:
        """Start again what has ended, as a supervisor does: again and again, should it not stay."""
        await asyncio.sleep(after)
        while True:
            self._begin(self.running[name].program, name)
            try:
                await self.ready(name)
            except ChildProcessError:
                self.died.append(name)
                await asyncio.sleep(0.5)
            else:
                return

    async def ready(self, name: str) -> None:
        """Wait until it can work. Raises `ChildProcessError` when it ends instead, `TimeoutError` when it takes too long."""
        child = self.running[name]
        async with asyncio.timeout(_READY_SECONDS):
            while not await asyncio.to_thread(child.program.ready, child.pid):
                if child.process.poll() is not None:
                    self._expected.add(child.pid)
                    raise ChildProcessError(name)
                await asyncio.sleep(_EVERY_SECONDS)

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal that ends the process, and wait for the end."""
        child = self.running[name]
        self._expected.add(child.pid)
        with suppress(ProcessLookupError):
            os.kill(child.pid, number)
        try:
            await asyncio.to_thread(child.process.wait, child.program.grace_seconds)
        except subprocess.TimeoutExpired:
            self.stubborn.append(name)
            child.process.kill()
            await asyncio.to_thread(child.process.wait)

    async def ended(self, name: str) -> None:
        """Wait until the process has ended by what was done to its code. Raises `subprocess.TimeoutExpired`."""
        await asyncio.to_thread(self.running[name].process.wait, _READY_SECONDS)
        self.expect(name)

    def expect(self, name: str) -> None:
        """Its death is our doing, though no signal of ours was."""
        self._expected.add(self.running[name].pid)

    def freeze(self, name: str) -> None:
        """Stop the process in its tracks."""
        os.kill(self.running[name].pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let it go on, if it still lives."""
        with suppress(ProcessLookupError):
            os.kill(self.running[name].pid, signal.SIGCONT)

    async def end_product(self) -> None:
        """End the product's processes; servers and model stay."""
        ours = [name for name in self.running if name not in {POSTGRES, VALKEY}]
        for name in ours:
            self.thaw(name)
        self.notice_deaths()
        await asyncio.to_thread(stop, [self.running.pop(name) for name in ours])

    def notice_deaths(self) -> int:
        """How many processes have ended without our doing, so far."""
        gone = {name: child for name, child in self.running.items() if child.process.poll() is not None}
        self.died += [name for name, child in gone.items() if child.pid not in self._expected]
        self._expected |= {child.pid for child in gone.values()}
        return len(self.died)

    async def model(self, **control: Any) -> None:
        """Change the script: `faults`, `latency`, `retryAfter`."""
        async with self.session.post(f"{self.stack.model_url}/control", json=control) as answer:
            answer.raise_for_status()

    async def metric(self, name: str) -> float:
        """A metric without labels, as the API tells it. Raises `LookupError` when there is none of that name."""
        async with self.session.get(f"{self.stack.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        found = [float(line.split()[1]) for line in lines if line.split()[:1] == [name]]
        if not found:
            raise LookupError(name)
        return found[0]

    async def query(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """What a statement finds, on a connection of its own. Raises what `asyncpg` raises."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    async def value(self, statement: str, *values: object) -> Any:
        """The first value of what a statement finds."""
        return (await self.query(statement, *values))[0][0]

    async def answers(self) -> bool:
        """Whether Postgres does."""
        try:
            return bool(await self.value("SELECT true"))
        except (OSError, asyncpg.PostgresError):
            return False

    async def drained(self, within: float) -> float:
        """Wait until no job is left to do; the seconds it took. Gives up after `within` seconds: the tally then says what is left."""
        begun = asyncio.get_running_loop().time()
        while (waited := asyncio.get_running_loop().time() - begun) < within:
            if not await self.value("SELECT count(*) FROM async_jobs WHERE finished_at IS NULL"):
                break
            await asyncio.sleep(0.2)
        return waited

    async def invariants(self) -> list[Figure]:
        """What `assay check` finds, and whether a process has ended by itself."""
        async with self.runtime() as runtime:
            report = await invariants.check(runtime.open_uow)
        broken = [finding for finding in report.findings if finding.violations]
        for finding in broken:
            self.console.print(f"[red]{finding.name}: {finding.violations}[/] {', '.join(finding.examples)}", highlight=False)
        surprises = self._surprises()
        for line in surprises[:3]:
            self.console.print(line[:3000], markup=False, highlight=False)
        return [
            none("invariants broken (assay check)", len(broken)),
            none("processes that ended by themselves", self.notice_deaths()),
            none("processes that did not end when told", len(self.stubborn)),
            none("errors that our processes did not expect", len(surprises)),
        ]

    def _surprises(self) -> list[str]:
        found: list[str] = []
        for log in sorted(self.logs.glob("*.log")):
            with log.open(encoding="utf-8", errors="replace") as lines:
                found += [f"{log.stem}: {line.rstrip()}" for line in lines if any(f'"event": "{event}"' in line for event in SURPRISES)]
        return found

    @asynccontextmanager
    async def runtime(self) -> AsyncIterator[Runtime]:
        """The product's services in this process."""
        async with open_runtime(self.stack.settings) as opened:
            yield opened

    def _begin(self, program: Program, name: str) -> None:
        child = start(program if name in {POSTGRES, VALKEY} else really_ready(program))
        self.stack.running.append(child)
        self.running[name] = child

    def _program(self, name: str, sabotage: str, changes: Mapping[str, str]) -> Program:
        verb = name.partition(" ")[0]
        known = {each.name: each for each in programs.services(self.stack.environment, self._port(name), self.stack.folder.logs)}
        program = replace(
            known[verb],
            name=name,
            log=self.logs / f"{name.replace(' ', '-')}.log",
            environment={**self.stack.environment, **changes},
            grace_seconds=12.0,
        )
        if sabotage:
            words = ("-m", "faults.sabotage", sabotage, *program.argv[3:])
            program = replace(program, argv=(sys.executable, *words), folder=PROJECT)
        return replace(program, name=verb)

    def _port(self, name: str) -> int:
        return self.stack.port if name.partition(" ")[2] == "" else self._ports.setdefault(name, pick_free())


async def until(holds: Callable[[], bool | Awaitable[bool]], within: float = 60.0) -> None:
    """Wait until it holds. Raises `TimeoutError`."""
    async with asyncio.timeout(within):
        while True:
            answer = holds()
            if await answer if isawaitable(answer) else answer:
                return
            await asyncio.sleep(_EVERY_SECONDS)


@contextmanager
def opened_stack(console: Console, changes: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Servers with content, and the scripted model, on loopback in a temporary folder; all is ended and removed with the block."""
    with bare_stack(console, durable=True, changes={**CHANGES, **(changes or {})}) as stack:
        stack.model("1")
        asyncio.run(_administer(stack, f"ALTER DATABASE {postgres.DATABASE} RENAME TO {_CONTENT}"))
        try:
            yield stack
        finally:
            for each in stack.running:  # what is frozen cannot be told to end
                with suppress(ProcessLookupError):
                    if each.process.poll() is None:
                        os.kill(each.pid, signal.SIGCONT)


@asynccontextmanager
async def opened_world(stack: Stack, *, on_disk: tuple[str, Path] | None = None) -> AsyncIterator[World]:
    """The world on these servers, with a fresh copy of the content; the product's processes that the block starts are ended with it.

    `on_disk` are the name and the folder of a tablespace for the copy, to be made.
    """
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(10)) as session:
        alive = [each for each in stack.running if each.process.poll() is None]
        servers = {each.program.name: each for each in alive if each.program.name in {POSTGRES, VALKEY}}
        world = World(stack, session, stack.folder.logs / uuid4().hex[:8], running=servers)
        await _administer(stack, f"DROP DATABASE IF EXISTS {postgres.DATABASE} WITH (FORCE)")
        if on_disk:
            await _administer(stack, f"CREATE TABLESPACE {on_disk[0]} LOCATION '{on_disk[1]}'")
        where = f"TABLESPACE {on_disk[0]}" if on_disk else ""
        await _administer(stack, f"CREATE DATABASE {postgres.DATABASE} TEMPLATE {_CONTENT} {where}")
        await journal.clear(session, stack.model_url)
        try:
            yield world
        finally:
            await world.end_product()


async def _administer(stack: Stack, statement: str) -> None:
    connection = await asyncpg.connect(environment.cluster(stack.folder).url("postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
