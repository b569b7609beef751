"""What the scripted model was asked, and how long it alone made each assessment wait."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import aiohttp

from assay.ai.scripted import envelopes
from benchmarks.people import Taken

type Entries = Sequence[Mapping[str, Any]]
type Facts = tuple[str, ...]


class Waits(NamedTuple):
    """Seconds the model took, by assessment: the slowest essay (its calls in a row), then the summary (0 when it was not asked)."""

    grading: dict[UUID, float]
    narration: dict[UUID, float]

    def critical(self, assessment_id: UUID) -> float:
        """The model's own critical path: essays are asked side by side, the summary after the slowest of them."""
        return self.grading[assessment_id] + self.narration[assessment_id]


async def read(session: aiohttp.ClientSession, model_url: str) -> Entries:
    """The journal so far."""
    entries: Entries = (await _state(session, model_url))["entries"]
    return entries


async def take(session: aiohttp.ClientSession, model_url: str) -> Entries:
    """The journal since it was last taken: read and forgotten at once."""
    async with session.post(f"{model_url}/control/journal/take") as answer:
        entries: Entries = (await answer.json())["entries"]
    return entries


async def in_flight(session: aiohttp.ClientSession, model_url: str) -> int:
    """Calls under way."""
    return int((await _state(session, model_url))["inFlight"])


async def clear(session: aiohttp.ClientSession, model_url: str) -> None:
    """Forget what was asked."""
    await session.delete(f"{model_url}/control/journal")


async def _state(session: aiohttp.ClientSession, model_url: str) -> Any:
    async with session.get(f"{model_url}/control/journal") as answer:
        return await answer.json()


def waits(entries: Entries, essays: Mapping[str, UUID], facts: Mapping[UUID, Facts]) -> Waits:
    """Whose calls these were: `essays` are texts with their assessments, `facts` what each summary was told.

    Texts and facts stand word for word in the requests, so nothing is guessed from the time.
    """
    asked = [(envelopes.read(entry["path"], entry["body"].encode()), float(entry["seconds"])) for entry in entries]
    by_essay: dict[str, float] = defaultdict(float)
    by_facts: dict[Facts, list[float]] = defaultdict(list)
    for request, seconds in asked:
        if request.task == "grade":
            by_essay[request.blocks["essay"]] += seconds
        elif request.task == "narrate":
            by_facts[_told(request.blocks["facts"].splitlines())].append(seconds)
    grading: dict[UUID, float] = defaultdict(float)
    for essay, seconds in by_essay.items():
        owner = essays[essay]
        grading[owner] = max(grading[owner], seconds)
    narration = {owner: by_facts[told].pop(0) if by_facts[told] else 0.0 for owner, told in facts.items()}
    return Waits(grading, narration)


def _told(lines: Iterable[str]) -> Facts:
    return tuple(json.loads(line)["text"] for line in lines if line)


def essays_of(taken: Sequence[Taken]) -> dict[str, UUID]:
    """Essay texts with their assessments."""
    return {essay: each.assessment_id for each in taken for essay in each.essays}
