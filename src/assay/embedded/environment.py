"""The environment of the laptop runtime's processes: what the user has set comes first, what is missing is filled in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from assay.embedded import postgres, state, valkey
from assay.embedded.folder import DataFolder, keys

DATABASE_URL: Final = "DATABASE_URL"
REDIS_URL: Final = "REDIS_URL"


def given(environment: Mapping[str, str], name: str) -> str:
    """What the user has set for `name`, prefixed or plain; empty when nothing."""
    return environment.get(f"ASSAY_{name}") or environment.get(name) or ""


def cluster(folder: DataFolder) -> postgres.Cluster:
    """The Postgres of this data folder."""
    return postgres.Cluster(folder.postgres, folder.sockets)


def store(folder: DataFolder) -> valkey.Store:
    """The Valkey of this data folder."""
    return valkey.Store(folder.valkey, folder.sockets / "valkey.sock")


def compose(environment: Mapping[str, str], folder: DataFolder, url: str) -> dict[str, str]:
    """`environment` with everything that the API, the worker and the sweeper need. May make the secrets."""
    defaults = {
        "ASSAY_ENVIRONMENT": "embedded",
        "ASSAY_PUBLIC_URL": url,
        # A browser keeps a secure cookie to itself on plain http.
        "ASSAY_SECURE_COOKIES": "false",
        # No balancer stands before it, and whoever presses Ctrl-C is waiting.
        "ASSAY_SHUTDOWN_NOTICE_SECONDS": "0",
        **keys(folder),
    }
    chosen = {
        "ASSAY_DATABASE_URL": given(environment, DATABASE_URL) or cluster(folder).url(),
        "ASSAY_REDIS_URL": given(environment, REDIS_URL) or store(folder).url(),
    }
    return {**defaults, **environment, **chosen}


def of_running(environment: Mapping[str, str], data: Path) -> dict[str, str]:
    """What `compose` adds when the user has named no database and the laptop runtime runs in `data`; otherwise nothing."""
    folder = DataFolder(data.resolve())
    record = None if given(environment, DATABASE_URL) else state.running(folder)
    return compose(environment, folder, record.url) if record else {}
