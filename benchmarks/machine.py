"""What the figures were measured on: processor, load, Python, Postgres with the settings that decide how fast it writes."""

import os
import platform
from pathlib import Path
from typing import Final

import asyncpg
import psutil

_SETTINGS: Final = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_connections")


async def facts(database_url: str) -> dict[str, str]:
    """The machine in three lines. Opens one connection to Postgres."""
    connection = await asyncpg.connect(database_url)
    try:
        version = await connection.fetchval("SHOW server_version")
        settings = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in _SETTINGS}
    finally:
        await connection.close()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GB, load average {load}",
        "Python": f"{platform.python_version()} on {platform.system()} {platform.release()}",
        "Postgres": f"{version}, " + ", ".join(f"{name} {value}" for name, value in settings.items()),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
