"""Postgres and Valkey from their wheels."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis
import servers

from assay.embedded import postgres, valkey
from assay.embedded.postgres import Cluster
from assay.embedded.problems import StartProblem
from assay.embedded.processes import start, stop, wait_until_ready


async def test_postgres_has_vectors(shared: servers.Servers) -> None:
    """The wheel's Postgres is version 18 and computes distances."""
    connection = await asyncpg.connect(shared.empty_database(f"vectors_{os.getpid()}"))
    await connection.execute("CREATE EXTENSION vector")
    assert await connection.fetchval("SELECT '[3,4]'::vector <-> '[0,0]'::vector") == 5.0
    assert connection.get_server_version().major == 18
    await connection.close()
    shared.drop_database(f"vectors_{os.getpid()}")


def test_valkey_refuses_rather_than_forgets(shared: servers.Servers) -> None:
    """Nothing queued is evicted; nothing is written to disk."""
    with redis.Redis.from_url(shared.redis_url, decode_responses=True) as client:
        assert client.config_get("maxmemory-policy", "appendonly", "save") == {
            "maxmemory-policy": "noeviction",
            "appendonly": "no",
            "save": "",
        }


def test_a_cluster_survives_a_restart_and_a_left_over_server(place: Path) -> None:
    """Databases stay; a server that an earlier run has left is ended cleanly before the next one starts."""
    cluster = Cluster(place / "pg", place / "run")
    program = postgres.program(cluster, place / "log", postgres.THROWAWAY)
    postgres.prepare(cluster, durable=False)
    left_over = start(program)
    wait_until_ready(left_over)
    postgres.ensure_database(cluster)
    postgres.ensure_database(cluster)
    postgres.prepare(cluster)
    assert left_over.process.wait(timeout=5) == 0
    second = start(program)
    wait_until_ready(second)
    assert asyncio.run(_answer(cluster)) == 1
    stop([second])
    assert second.process.returncode == 0


async def _answer(cluster: Cluster) -> int:
    connection = await asyncpg.connect(cluster.url())
    try:
        return int(await connection.fetchval("SELECT 1"))
    finally:
        await connection.close()


def test_an_interrupted_creation_is_begun_again(place: Path) -> None:
    """A half-made cluster, from a start that was killed, is never taken for a whole one."""
    cluster = Cluster(place / "pg", place / "run")
    unfinished = place / "pg.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18")
    postgres.prepare(cluster, durable=False)
    assert (cluster.data / "global" / "pg_control").exists()
    assert not unfinished.exists()


def test_a_cluster_of_another_version_is_refused(tmp_path: Path) -> None:
    """Data of another Postgres is not touched, and the sentence says what to do."""
    cluster = Cluster(tmp_path / "pg", tmp_path / "run")
    cluster.data.mkdir()
    (cluster.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(StartProblem, match=r"made by Postgres 16, this is 18.*--wipe"):
        postgres.prepare(cluster)


def test_a_stale_process_id_is_not_killed(tmp_path: Path) -> None:
    """`postmaster.pid` of a crashed server may name somebody else's process by now."""
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    postgres.end_left_over(tmp_path)
    assert psutil.pid_exists(os.getpid())
    (tmp_path / "postmaster.pid").write_text("")
    postgres.end_left_over(tmp_path)


def test_missing_wheels_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, both servers say what to install or which address to set."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(StartProblem, match="DATABASE_URL"):
        postgres.binaries()
    with pytest.raises(StartProblem, match="REDIS_URL"):
        valkey.binary()


def test_the_socket_address_survives_odd_folder_names() -> None:
    """Spaces and percent signs in a path do not break the URL."""
    cluster = Cluster(Path("/d"), Path("/a b/100%/run"))
    assert cluster.url("x") == "postgresql://assay@/x?host=/a%20b/100%25/run"


def test_postgres_ends_cleanly_without_its_parent(tmp_path: Path) -> None:
    """The signal sent when the supervisor is gone asks for a fast, clean shutdown."""
    assert postgres.program(Cluster(tmp_path, tmp_path), tmp_path / "log").orphan_signal is signal.SIGINT
