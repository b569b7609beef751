"""The load generator, a process of its own: `python -m benchmarks.load` reads a `Job` as JSON and answers with latencies as JSON.

Raw HTTP/1.1 over kept-alive connections on uvloop: client and server share the processors, and every cycle of the client's
is one the server does not get.
"""

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from time import perf_counter

import uvloop


@dataclass(frozen=True, slots=True)
class Job:
    """Requests (whole, as text) to be sent by so many clients, each sending its next once it has its answer and has paused.

    A pause takes `pause` seconds on average, half to one and a half of it; the first comes before the first request.
    """

    host: str
    port: int
    clients: int
    requests: Sequence[str]
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Seconds per request, in no order; statuses with their counts; seconds for all."""

    latencies: Sequence[float]
    statuses: dict[str, int]
    seconds: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds


def request(method: str, path: str, headers: dict[str, str], body: object = None) -> str:
    """One request as it goes over the wire."""
    payload = "" if body is None else json.dumps(body)
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    if payload:
        lines += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
    return "\r\n".join([*lines, "", payload])


def in_another_process(job: Job) -> Outcome:
    """Run `job` in a process of its own. Raises `subprocess.CalledProcessError`."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=json.dumps(asdict(job)), capture_output=True, text=True, check=True
    )
    return Outcome(**json.loads(done.stdout))


async def run(job: Job) -> Outcome:
    """Connect all clients first, then let them go at the same moment."""
    waiting = [text.encode() for text in reversed(job.requests)]
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    clients = [await asyncio.open_connection(job.host, job.port) for _ in range(job.clients)]

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while waiting:
            if job.pause:
                await asyncio.sleep(job.pause * random.uniform(0.5, 1.5))
                if not waiting:
                    break
                writer.close()  # no server keeps a connection for somebody who reads
                reader, writer = await asyncio.open_connection(job.host, job.port)
            sent = waiting.pop()
            begun = perf_counter()
            writer.write(sent)
            statuses[await _answer(reader)] += 1
            latencies.append(perf_counter() - begun)
        writer.close()

    begun = perf_counter()
    await asyncio.gather(*(client(*streams) for streams in clients))
    return Outcome(latencies, dict(statuses), perf_counter() - begun)


async def _answer(reader: asyncio.StreamReader) -> str:
    """Read one whole answer; its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.index(b"content-length:") + len(b"content-length:")
    await reader.readexactly(int(head[length : head.index(b"\r\n", length)]))
    return head[9:12].decode()


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(run(Job(**json.load(sys.stdin)))))))
