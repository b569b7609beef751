"""The start statement without Assay around it: `python -m benchmarks.raw_sql` runs it through asyncpg and answers as `load` does.

Same statement, same parameters, same number of connections as the API's pool: what is left between the two figures is HTTP, JSON,
tokens and the choice of the questions.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import uvloop
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from assay.db.repositories import assessments
from assay.domain.bundle import choose
from assay.kit.ids import new_id
from assay.services.question_bank import BankTrack
from benchmarks.load import Outcome


@dataclass(frozen=True, slots=True)
class Job:
    """The statement, and the values of each run, to be run by so many clients over so many connections."""

    url: str
    clients: int
    connections: int
    statement: str
    values: Sequence[Sequence[Any]]


def job(url: str, clients: int, connections: int, bank_version: int, starts: Sequence[tuple[UUID, BankTrack]]) -> Job:
    """The work that `starts` (students with tracks) are."""
    compiled = assessments.START.compile(dialect=dialect())  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
    named = [_values(student, track, bank_version) for student, track in starts]
    order: Sequence[str] = compiled.positiontup or ()
    return Job(url, clients, connections, str(compiled), [[values[name] for name in order] for values in named])


def _values(student: UUID, track: BankTrack, bank_version: int) -> dict[str, Any]:
    assessment_id = new_id()
    bundle = choose(track.questions, track.question_mix, seed=assessment_id.int)
    return {
        "id": str(assessment_id),
        "student": str(student),
        "track": str(track.id),
        "track_version": track.version,
        "days": track.expiry_days,
        "release": None,
        "slug": track.slug,
        "bank_version": bank_version,
        "questions": [str(question.question_id) for question in bundle],
        "versions": [str(question.version_id) for question in bundle],
    }


def in_another_process(job: Job) -> Outcome:
    """Run `job` in a process of its own. Raises `subprocess.CalledProcessError`."""
    words = [sys.executable, "-m", "benchmarks.raw_sql"]
    done = subprocess.run(words, input=json.dumps(asdict(job)), capture_output=True, text=True, check=True)
    return Outcome(**json.loads(done.stdout))


async def run(job: Job) -> Outcome:
    """Open the connections first, then let all clients go."""
    waiting = list(reversed(job.values))
    latencies: list[float] = []
    made = 0
    async with asyncpg.create_pool(job.url, min_size=job.connections, max_size=job.connections) as pool:

        async def client() -> None:
            nonlocal made
            while waiting:
                values = waiting.pop()
                begun = perf_counter()
                async with pool.acquire() as connection:
                    row = await connection.fetchrow(job.statement, *values)
                latencies.append(perf_counter() - begun)
                made += row is not None and row["started_at"] is not None

        begun = perf_counter()
        await asyncio.gather(*(client() for _ in range(job.clients)))
        seconds = perf_counter() - begun
    return Outcome(latencies, {"201": made, "refused": len(latencies) - made}, seconds)


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(run(Job(**json.load(sys.stdin)))))))
