"""The clients: they submit, insist until they have an answer, and keep a journal of everything they were told."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

import aiohttp
from rich.console import Console

from assay.runtime import Runtime
from benchmarks import people
from benchmarks.people import Taken
from benchmarks.report import Figure, percentile
from faults.schedule import Arrival
from faults.tally import none

PATIENCE_SECONDS: Final = 90.0
_AGAIN_SECONDS: Final = 0.2
_MOST_SECONDS: Final = 2.0
"""How long a client waits at most before it asks again, whatever it is told."""
BATCH: Final = 200
PROBLEM: Final = "application/problem+json"


@dataclass(slots=True)
class Journal:
    """What the clients were told."""

    receipts: dict[UUID, set[str]] = field(default_factory=dict)
    """Acknowledged assessments with the hashes of their receipts: more than one each means that they differ."""
    seconds: dict[UUID, float] = field(default_factory=dict)
    """From the first request to the first receipt."""
    statuses: Counter[int] = field(default_factory=Counter)
    """Of all answers."""
    impatient: int = 0
    """Answers of 503 that did not say when to come back."""
    cut: int = 0
    """Requests without an answer: refused, cut off, timed out."""
    given_up: set[UUID] = field(default_factory=set)
    """Assessments for which no client got an answer in time."""
    odd: list[str] = field(default_factory=list)
    """Answers that nobody should get, in full."""
    shapeless: int = 0
    """Refusals that are no problem documents (RFC 9457)."""

    def note(self, status: int, retry_after: str | None, body: bytes, kind: str = PROBLEM) -> None:
        """Count one answer; `kind` is its content type."""
        self.statuses[status] += 1
        self.shapeless += status >= 400 and kind != PROBLEM
        if status == 503 and not retry_after:
            self.impatient += 1
        if status not in {200, 202, 409, 503}:
            self.odd.append(f"{status} {body[:300].decode(errors='replace')}")

    def figures(self) -> list[Figure]:
        """What clients may expect."""
        for answer in self.odd[:3]:
            print(answer, file=sys.stderr)
        return [
            none("submissions never answered", len(self.given_up - self.receipts.keys())),
            none("assessments with receipts that differ", sum(len(hashes) > 1 for hashes in self.receipts.values())),
            none("answers other than 200, 202, 409, 503", len(self.odd)),
            none("answers of 503 without Retry-After", self.impatient),
            none("refusals that are no problem documents", self.shapeless),
            Figure("answers of 503", (self.statuses[503],), digits=0),
            Figure("requests cut off without an answer", (self.cut,), digits=0),
        ]

    def latency(self, share: float, among: Sequence[UUID] | None = None) -> float:
        """Seconds to the receipt that so many of the submissions did not exceed."""
        chosen = list(self.seconds.values()) if among is None else [self.seconds[each] for each in among if each in self.seconds]
        return percentile(chosen, share) if chosen else 0.0


@dataclass(slots=True)
class Clients:
    """Students with an assessment each, and what they do."""

    url: str
    runtime: Runtime
    session: aiohttp.ClientSession
    journal: Journal = field(default_factory=Journal)

    async def prepared(self, count: int, mark: str, console: Console | None = None) -> list[Taken]:
        """So many assessments in which everything is answered, over all tracks; `console` is told how far it is."""
        known = await people.tracks(self.runtime)
        taken: list[Taken] = []
        while len(taken) < count:
            number = len(taken) // BATCH
            actors = await people.enrol(self.runtime, min(BATCH, count - len(taken)))
            taken += await people.take(self.runtime, actors, known[number % len(known)], f"{mark}-{number}")
            if console and len(taken) < count:
                console.print(f"[dim]{len(taken)} of {count}[/]", highlight=False)
        return taken

    async def arrive(self, taken: Sequence[Taken], arrivals: Sequence[Arrival]) -> None:
        """Submit each at its time, however the others fare (an open loop); returns when all have their answer or gave up."""
        begun = perf_counter()

        async def one(each: Taken, arrival: Arrival) -> None:
            await asyncio.sleep(max(0.0, arrival.at - (perf_counter() - begun)))
            keys = [str(uuid4()) for _ in range(arrival.keys)]
            await asyncio.gather(*(self.submit(each, key) for key in keys for _ in range(arrival.copies)))

        await asyncio.gather(*(one(each, arrival) for each, arrival in zip(taken, arrivals, strict=True)))

    async def submit(self, taken: Taken, key: str) -> int:
        """Submit under `key` until there is an answer that will not change; its status, 0 when patience ran out."""
        url = f"{self.url}/api/v1/assessments/{taken.assessment_id}/submit"
        begun = perf_counter()
        while perf_counter() - begun < PATIENCE_SECONDS:
            headers = {**people.authorization(self.runtime, taken.actor), "Idempotency-Key": key}
            try:
                async with self.session.post(url, headers=headers, json={}) as answer:
                    body, retry_after, kind = await answer.read(), answer.headers.get("Retry-After"), answer.content_type
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                self.journal.cut += 1
                await asyncio.sleep(_AGAIN_SECONDS)
                continue
            self.journal.note(answer.status, retry_after, body, kind)
            if answer.status == 202:
                self.journal.receipts.setdefault(taken.assessment_id, set()).add(sha256(body).hexdigest())
                self.journal.seconds.setdefault(taken.assessment_id, perf_counter() - begun)
            if answer.status < 500:
                return answer.status
            await asyncio.sleep(min(float(retry_after or _AGAIN_SECONDS), _MOST_SECONDS))
        self.journal.given_up.add(taken.assessment_id)
        return 0

    async def result(self, taken: Taken) -> dict[str, Any]:
        """What the student reads. Raises `aiohttp.ClientError`."""
        url = f"{self.url}/api/v1/assessments/{taken.assessment_id}/result"
        async with self.session.get(url, headers=people.authorization(self.runtime, taken.actor)) as answer:
            answer.raise_for_status()
            document: dict[str, Any] = await answer.json()
            return document

    async def look(self, taken: Sequence[Taken], every: float) -> None:
        """Ask for the status of one assessment after another, and for its result, until cancelled."""
        place = 0
        while True:
            each = taken[place % len(taken)]
            place += 7
            for what in ("status", "result"):
                try:
                    url = f"{self.url}/api/v1/assessments/{each.assessment_id}/{what}"
                    async with self.session.get(url, headers=people.authorization(self.runtime, each.actor)) as answer:
                        self.journal.note(answer.status, answer.headers.get("Retry-After"), await answer.read(), answer.content_type)
                except (aiohttp.ClientError, TimeoutError, ConnectionError):
                    self.journal.cut += 1
            await asyncio.sleep(every)
