"""Memory and processor time of a process, watched from outside."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

_EVERY_SECONDS = 0.1
MEGABYTE = 2**20


class Watched:
    """Resident memory of one process in megabytes: before, and at most."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.before = self.now()
        self._sampled = self.before
        self._cpu_before = self._cpu()

    def now(self) -> float:
        """At this moment."""
        return float(self._process.memory_info().rss) / MEGABYTE

    def sample(self) -> None:
        """Take notice of this moment."""
        self._sampled = max(self._sampled, self.now())

    @property
    def cpu_seconds(self) -> float:
        """Processor time since the watch began."""
        return self._cpu() - self._cpu_before

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    @property
    def peak(self) -> float:
        """The kernel's own high-water mark where there is one (since the process began), else the highest sample."""
        return max(self._sampled, _high_water_mark(self._process.pid))


@asynccontextmanager
async def watched(pid: int) -> AsyncIterator[Watched]:
    """Sample the process ten times a second inside the block."""
    watching = Watched(pid)

    async def sample() -> None:
        while True:
            watching.sample()
            await asyncio.sleep(_EVERY_SECONDS)

    sampling = asyncio.create_task(sample())
    try:
        yield watching
    finally:
        sampling.cancel()


def _high_water_mark(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return kilobytes[0] / 1024 if kilobytes else 0.0
