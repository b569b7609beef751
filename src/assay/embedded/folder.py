"""The data folder (`.assay/`): its layout and its secrets."""

import base64
import hashlib
import json
import os
import pwd
import secrets
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assay.embedded.problems import StartProblem, disk_full
from assay.embedded.processes import server_account

ROOM_NEEDED: Final = 400 * 1024 * 1024
"""Bytes that a first start may take: a cluster with its write-ahead log, the content, the index."""
_LONGEST_SOCKET_PATH: Final = 100
"""Unix socket paths end at 104 bytes on macOS and 108 on Linux, the final zero included."""
_LONGEST_SOCKET_NAME: Final = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The places inside one data folder."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The cluster."""
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's working folder."""
        return self.root / "valkey"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        """Generated keys, mode 0600. Without them the personal data in the database cannot be read."""
        return self.root / "secrets.json"

    @property
    def record(self) -> Path:
        """The JSON of `Record`."""
        return self.root / "running.json"

    @property
    def content(self) -> Path:
        """What the database was last filled from, as `content.fingerprint` says it."""
        return self.root / "content"

    @property
    def lock(self) -> Path:
        """Locked for as long as a supervisor lives, whatever ends it."""
        return self.root / "lock"

    @property
    def sockets(self) -> Path:
        """Where the servers put their sockets: in here, or in the system's temporary folder when the path would be too long."""
        inside = self.root / "run"
        if len(os.fsencode(inside / _LONGEST_SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
            return inside
        return Path(tempfile.gettempdir()) / f"assay-{hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]}"


def open_folder(root: Path) -> DataFolder:
    """The data folder at `root`, made when absent. Raises `StartProblem` when there is no room, or `OSError`."""
    folder = DataFolder(root.resolve())
    folder.root.mkdir(parents=True, exist_ok=True)
    # As root, the servers run under another account and must be able to pass through.
    folder.root.chmod(0o711 if server_account() else 0o700)
    folder.logs.mkdir(exist_ok=True)
    _refuse_foreign(folder.sockets)
    if not folder.postgres.exists() and shutil.disk_usage(folder.root).free < ROOM_NEEDED:
        raise disk_full(folder.root)
    return folder


def _refuse_foreign(sockets: Path) -> None:
    """In a shared temporary folder somebody else may have taken the name."""
    try:
        found = sockets.lstat()
    except FileNotFoundError:
        return
    ours = {os.geteuid(), *((pwd.getpwnam(account).pw_uid,) if (account := server_account()) else ())}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        raise StartProblem(f"{sockets} belongs to somebody else. Remove it, or choose another folder with --data.")


def keys(folder: DataFolder) -> dict[str, str]:
    """The generated secrets as settings (`ASSAY_…`), made at the first call.

    Raises `StartProblem` when they are gone but the data that they protect is still there.
    """
    if folder.secrets.exists():
        stored: dict[str, str] = json.loads(folder.secrets.read_text())
        return stored
    if folder.postgres.exists():
        lost = f"{folder.secrets} is gone, and what {folder.postgres} holds cannot be read without it."
        raise StartProblem(f"{lost} Put it back, or start afresh: ./dev down --wipe")
    made = {
        "ASSAY_JWT_KEYS": f"k1={secrets.token_urlsafe(48)}",
        "ASSAY_ENCRYPTION_KEYS": f"k1={_random_key()}",
        "ASSAY_BLIND_INDEX_KEY": _random_key(),
    }
    write_private(folder.secrets, json.dumps(made, indent=2))
    return made


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def write_private(path: Path, text: str) -> None:
    """Write whole or not at all, readable by the owner alone from the first byte on."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def wipe(folder: DataFolder) -> None:
    """Forget everything. Removes what this program makes there and nothing else."""
    for place in (folder.postgres, folder.postgres.with_name("postgres.new"), folder.valkey, folder.logs, folder.sockets):
        shutil.rmtree(place, ignore_errors=True)
    for file in (folder.secrets, folder.record, folder.content, folder.lock):
        file.unlink(missing_ok=True)
    with suppress(OSError):
        folder.root.rmdir()
