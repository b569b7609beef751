"""Bodies that would be heavy to carry: bombs of compression, megabytes, nesting without end; the API refuses them and stays light."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import httpx2
import psutil
import pytest
from journeys import Student
from processes import Provider, environment_of
from waiting import until

from assay.embedded.ports import pick_free
from assay.embedded.processes import start, stop
from assay.embedded.programs import services
from assay.settings import Settings

MEGABYTE = 1024 * 1024
GROWTH = 20 * MEGABYTE
AT_ONCE = 4
CUT = 0
"""Instead of a status: the refusal came while the body was still being sent, and the connection ended with it."""


def gzip_bomb() -> bytes:
    """Ten megabytes that are ten gigabytes of spaces."""
    member = gzip.compress(b" " * (8 * MEGABYTE), 9)
    return member * (10 * MEGABYTE // len(member))


def deflate_bomb() -> bytes:
    """The same as one stream: a block that ends flushed may be followed by itself."""
    stream = zlib.compressobj(9)
    begin = stream.compress(b" " * (8 * MEGABYTE)) + stream.flush(zlib.Z_FULL_FLUSH)
    block = stream.compress(b" " * (8 * MEGABYTE)) + stream.flush(zlib.Z_FULL_FLUSH)
    return begin + block * (10 * MEGABYTE // len(block))


def small_bomb() -> bytes:
    """Within every limit of length, and 64 MB of spaces."""
    return gzip.compress(b" " * (64 * MEGABYTE), 6)


BODIES: dict[str, tuple[Callable[[], bytes], str, set[int]]] = {
    "gzip": (gzip_bomb, "gzip", {415, CUT}),
    "gzip within the limit": (small_bomb, "x-gzip", {415}),
    "deflate": (deflate_bomb, "deflate", {415, CUT}),
    "brotli": (lambda: bytes(10 * MEGABYTE), "br", {415, CUT}),
    "zstandard": (lambda: bytes(1_000), "zstd", {415}),
    "twice": (small_bomb, "gzip, gzip", {415}),
    "three megabytes": (lambda: b" " * (3 * MEGABYTE), "identity", {413}),
    "ten megabytes": (lambda: b" " * (10 * MEGABYTE), "identity", {413, CUT}),
    "nested lists": (lambda: b"[" * 100_000, "identity", {400, 422}),
    "nested objects": (lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "identity", {400, 422}),
}


@pytest.mark.usefixtures("processes")
async def test_refusing_costs_no_memory(settings: Settings, provider: Provider, tmp_path: Path, student: Student, track_id: UUID) -> None:
    """Each body several times at once, with a length and without: its answer, less than 20 MB more, and the API serves on."""
    port = pick_free()
    api, *_ = services(environment_of(settings, provider.url), port, tmp_path)
    running = start(api)
    try:
        await until(lambda: api.ready(running.pid), within=90)
        process = psutil.Process(running.pid)
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as http:
            send = _Sender(http, student.headers)
            for body in (b"{", b'{"trackId": 7}', b"[" * 1_000):
                assert await send(body, "identity") in {400, 422}
            before = process.memory_info().rss
            peak = asyncio.create_task(_peak(process))
            for make, encoding, expected in BODIES.values():
                body = make()
                answers = await asyncio.gather(*(send(body, encoding, whole=place % 2 == 0) for place in range(AT_ONCE)))
                assert set(answers) <= expected, encoding
            peak.cancel()
            grown = await peak - before
            assert grown < GROWTH, f"{grown / MEGABYTE:.1f} MB"
            assert (
                await http.post("/api/v1/assessments/start", json={"trackId": str(track_id)}, headers=student.headers)
            ).status_code == 201
    finally:
        stop([running])


class _Sender:
    """Sends bodies and tells how they are answered."""

    def __init__(self, http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        self._http = http
        self._headers = headers

    async def __call__(self, body: bytes, encoding: str, *, whole: bool = True) -> int:
        """The status, or `CUT`; in pieces the length is not said before."""
        headers = {**self._headers, "Content-Type": "application/json", "Content-Encoding": encoding}
        content = body if whole else _pieces(body)
        try:
            return (await self._http.post("/api/v1/assessments/start", content=content, headers=headers)).status_code
        except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
            return CUT


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for place in range(0, len(body), 65_536):
        yield body[place : place + 65_536]


async def _peak(process: psutil.Process) -> int:
    """The most bytes it has held, until cancelled."""
    most = 0
    try:
        while True:
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        return most
