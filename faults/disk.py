"""Postgres' disk really full: the tables lie on a small file system of their own, where one can be mounted."""

import asyncio
import errno
import os
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
from rich.console import Console

from assay.embedded.processes import Running, hand_over, open_the_way, server_account, stop
from benchmarks import people
from benchmarks.people import Taken
from benchmarks.report import Figure
from faults.scenes import Scene, scene
from faults.tally import none
from faults.world import API, SWEEPER, WORKERS, NotPossible, World, opened_stack, opened_world

MEGABYTES: Final = 160
"""The content takes a fifth of it."""
FULL_SECONDS: Final = 15.0
STUDENTS: Final = 45
RESUMED_WITHIN: Final = 10.0
ROUTES: Final = ("me", "tracks", "credentials", "assessments", "assessments/{}", "assessments/{}/status", "assessments/{}/result")
"""What a student reads."""
_TABLESPACE: Final = "small"
_CHUNK: Final = bytes(1 << 20)


def disk_full(console: Console) -> list[Figure]:
    """On servers of its own. Raises `NotPossible` where no file system can be mounted."""
    _see_mounts_of_our_own()
    with opened_stack(console) as stack:
        disk = stack.folder.root / "small"
        with _mounted(disk, stack.running):
            tables = disk / "tables"
            account = server_account()
            open_the_way(tables, account)
            hand_over(tables, account)

            async def played() -> list[Figure]:
                async with opened_world(stack, on_disk=(_TABLESPACE, tables)) as world:
                    return await _play(world, disk / "ballast")

            return asyncio.run(played())


async def _play(world: World, ballast: Path) -> list[Figure]:
    """Full for a quarter of a minute under load, with results to read; then there is space again, and nobody starts anything anew."""
    async with scene(world, STUDENTS + 10, API, SWEEPER, *WORKERS, latency="0.5") as on:
        done, during, after = on.taken[:5], on.taken[5:-5], on.taken[-5:]
        await on.submit(*done)
        await world.drained(30)
        ours = {name: child.pid for name, child in world.running.items()}
        _fill(ballast)
        read: Counter[int] = Counter()
        reading = asyncio.create_task(_read_on(on, done, read))
        arriving = asyncio.create_task(on.load(during, FULL_SECONDS - 3))
        await asyncio.sleep(FULL_SECONDS)
        reading.cancel()
        accepted, refused = len(on.clients.journal.receipts) - len(done), on.clients.journal.statuses[503]
        left = _free_bytes(ballast)
        await asyncio.to_thread(ballast.unlink)
        begun = asyncio.get_running_loop().time()
        await arriving
        resumed = asyncio.get_running_loop().time() - begun
        await on.submit(*after)
        verdict = await on.verdict()
        told = on.clients.journal
        return [
            Figure("bytes free on the disk meanwhile", (left,), digits=0, at_most=0),
            Figure("answers of 503 meanwhile", (refused,), digits=0, at_least=1),
            Figure("accepted meanwhile, in pages that had room", (accepted,), digits=0),
            none("answers of 503 without Retry-After", told.impatient),
            none("refusals that are no problem documents", told.shapeless),
            none("answers of 500", told.statuses[500]),
            Figure("read meanwhile", (read[200],), digits=0, at_least=len(ROUTES)),
            none("not readable meanwhile", read.total() - read[200]),
            Figure("all accepted, after there was space", (resumed,), "s", at_most=RESUMED_WITHIN),
            none("processes started anew for it", sum(world.running[name].pid != pid for name, pid in ours.items())),
            *verdict,
        ]


async def _read_on(on: Scene, done: Sequence[Taken], read: Counter[int]) -> None:
    """Read everything that a student reads, again and again, and count the answers by status."""
    while True:
        for each in done:
            for route in ROUTES:
                read[await _status(on, each, route.format(each.assessment_id))] += 1
        await asyncio.sleep(0.1)


async def _status(on: Scene, reader: Taken, path: str) -> int:
    """What reading answers; 0 for no answer."""
    headers = people.authorization(on.runtime, reader.actor)
    try:
        async with on.world.session.get(f"{on.world.stack.url}/api/v1/{path}", headers=headers) as answer:
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, TimeoutError):
        return 0


def _fill(ballast: Path) -> None:
    """Write until there is no room for a single byte more. Raises `OSError` for anything else that prevents it."""
    with ballast.open("wb", buffering=0) as file:
        for chunk in (_CHUNK, _CHUNK[:4096]):
            try:
                while file.write(chunk) == len(chunk):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def _free_bytes(beside: Path) -> int:
    state = os.statvfs(beside.parent)
    return state.f_bavail * state.f_frsize


def _see_mounts_of_our_own() -> None:
    """From here on this thread and its children see mounts of their own, which end with them. Raises `NotPossible`."""
    try:
        unshare: Any = os.unshare  # absent outside Linux
        unshare(os.CLONE_NEWNS)
    except (AttributeError, PermissionError) as error:
        raise NotPossible("a small disk can be mounted by root on Linux alone") from error


@contextmanager
def _mounted(disk: Path, users: Sequence[Running]) -> Iterator[None]:
    """A file system in memory at `disk`; its `users` are ended with the block. Raises `NotPossible`."""
    disk.mkdir()
    try:
        for words in (("--make-rprivate", "/"), ("-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=0755", "assay-faults", str(disk))):
            subprocess.run(("mount", *words), check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotPossible("this machine mounts no file system in memory") from error
    try:
        yield
    finally:
        stop(users)
        subprocess.run(("umount", str(disk)), check=False, capture_output=True)
