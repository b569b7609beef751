"""An installation of many processes: API servers behind a balancer, workers and a sweeper, and what to ask each of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from balancer import Balancer, balancer
from journeys import Student
from processes import Processes, Provider, environment_of
from sqlalchemy import text
from waiting import until

from assay.domain.actors import Actor
from assay.embedded.ports import pick_free
from assay.embedded.processes import Running, start, stop
from assay.embedded.programs import services
from assay.runtime import Runtime
from assay.settings import Settings
from benchmarks import people

SERVERS, WORKERS = 3, 4
STARTS, GUESSES = 6, 5
"""At once; one a minute flows into either quota."""
ENVIRONMENT = {
    "ASSAY_SECURE_COOKIES": "false",
    "ASSAY_TRUSTED_PROXIES": "127.0.0.0/8",
    "ASSAY_RATE_LIMITS": json.dumps({"start": [STARTS, 1.0], "guess-here": [GUESSES, 1.0]}),
    "ASSAY_DATABASE_POOL_SIZE": "6",
    "ASSAY_GRADING_BUDGET_SECONDS": "60",
    "ASSAY_WORKER_SLOTS": "4",
    "ASSAY_SHUTDOWN_NOTICE_SECONDS": "0.1",
}
PASSWORD = "assay-demo"


@dataclass
class Installation:
    """What runs: servers behind their balancer, workers; and this process's own runtime, which makes tokens and looks at the tables."""

    servers: dict[str, Running]
    """By address."""
    workers: list[Running]
    balancer: Balancer
    client: httpx2.AsyncClient
    """Through the balancer."""
    direct: list[httpx2.AsyncClient]
    """Past it, to each server."""
    runtime: Runtime
    provider: Provider
    logs: Path

    async def signed_in(self, name: str) -> Student:
        """One of the demo people, by password; every request goes to another server than the last."""
        answer = await self.client.post("/api/v1/auth/token", json={"email": f"{name}@assay.example", "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return Student(self.client, answer.json()["accessToken"])

    async def enrolled(self, count: int) -> list[Actor]:
        """New students."""
        return await people.enrol(self.runtime, count)

    def person(self, actor: Actor, client: httpx2.AsyncClient | None = None) -> Student:
        """A new student at the API, through the balancer unless `client` says otherwise."""
        return Student(client or self.client, self.runtime.identity.tokens.access(actor, self.runtime.clock()))

    async def track(self, slug: str) -> UUID:
        """The id of a track."""
        async with self.runtime.open_uow(autocommit=True) as uow:
            found = await uow.tracks.by_slug(slug)
        assert found is not None
        return found.id

    async def from_each(self, person: Student, path: str) -> list[httpx2.Response]:
        """What each server answers the same person, at the same moment."""
        return await asyncio.gather(*(Student.request(_at(person, client), "GET", path) for client in self.direct))

    async def alike(self, person: Student, path: str) -> Any:
        """The document that every server answers, byte for byte the same."""
        answers = await self.from_each(person, path)
        assert {each.status_code for each in answers} == {200}, answers[0].text
        assert len({each.content for each in answers}) == 1
        return answers[0].json()

    async def owners(self) -> set[str]:
        """Workers that have a job in hand now."""
        async with self.runtime.open_uow(autocommit=True) as uow:
            return set(await uow.session.scalars(text("SELECT DISTINCT lease_owner FROM async_jobs WHERE lease_owner IS NOT NULL")))


def _at(person: Student, client: httpx2.AsyncClient) -> Student:
    return Student(client, person.headers["Authorization"].removeprefix("Bearer "))


@asynccontextmanager
async def installed(
    settings: Settings, provider: Provider, processes: Processes, runtime: Runtime, logs: Path
) -> AsyncIterator[Installation]:
    """All of it, ready; the servers end with the block, the others with `processes`."""
    environment = environment_of(settings, provider.url) | ENVIRONMENT
    ports = [pick_free() for _ in range(SERVERS)]
    programs = {f"http://127.0.0.1:{port}": services(environment, port, logs / str(port))[0] for port in ports}
    servers = {url: start(program) for url, program in programs.items()}
    try:
        *workers, _ = await processes.start(*["worker"] * WORKERS, "sweeper", **ENVIRONMENT)
        await until(lambda: _all_ready(list(servers.values())), within=120, every=0.2)
        async with balancer(list(servers)) as front, AsyncExitStack() as stack:
            clients = [httpx2.AsyncClient(base_url=url, trust_env=False, timeout=60) for url in (front.url, *servers)]
            client, *direct = [await stack.enter_async_context(each) for each in clients]
            yield Installation(servers, workers, front, client, direct, runtime, provider, logs)
    finally:
        stop(servers.values())


async def _all_ready(servers: list[Running]) -> bool:
    return all(await asyncio.gather(*(asyncio.to_thread(each.program.ready, each.pid) for each in servers)))
