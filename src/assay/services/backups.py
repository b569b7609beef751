"""Backups: the database as a file with a manifest beside it, and the way back, which refuses what would not come out whole.

Keys are in no backup: without them what people wrote cannot be read by whoever finds the file.
"""

import asyncio
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from assay import __version__
from assay.db import key_proofs, migrate
from assay.db.archives import Archive
from assay.db.key_proofs import Proof
from assay.db.types import KeyRingError, key_ring
from assay.db.unit_of_work import OpenUnitOfWork
from assay.domain.audit import AuditAction
from assay.domain.backups import KeyNeeded, Manifest, differing
from assay.domain.errors import Conflict, Invalid, NotFound
from assay.kit.clock import Clock
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.services import audit, erasing_again, invariants
from assay.services.erasing_again import ErasedAgain

PRIVATE: Final = 0o600


class BackedUp(Value):
    """Where a backup lies and what it says of itself."""

    file: str
    manifest: Manifest


class Restored(Value):
    """What was restored, who was erased again, and what of the invariants does not hold; `revision` is the schema's to migrate to."""

    manifest: Manifest
    erased: ErasedAgain | None
    broken: tuple[str, ...]
    revision: str

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be seen to."""
        return not self.broken and (self.erased is None or self.erased.complete)


def manifest_beside(file: Path) -> Path:
    """Where the manifest of a dump lies."""
    return file.with_name(f"{file.name}.json")


async def back_up(archive: Archive, open_uow: OpenUnitOfWork, clock: Clock, file: Path) -> BackedUp:
    """Write the database to `file`, which only its owner may read, and its manifest beside it. Leaves an audit entry.

    Raises `Conflict` when a file is there already, `Unavailable` without the database or its programs.
    """
    unfinished = _begun(file)
    try:
        taken_at, major = clock(), (await archive.server()).major
        dumped = await archive.dump(unfinished)
        manifest = Manifest(
            id=new_id(),
            taken_at=taken_at,
            assay=__version__,
            postgres=major,
            revision=dumped.revision,
            bytes=_size_of(unfinished),
            sha256=await asyncio.to_thread(_hash_of, unfinished),
            keys=tuple(KeyNeeded(purpose=each.purpose, key_id=each.key_id, proof=b64encode(each.proof).decode()) for each in dumped.proofs),
            tables=dumped.tables,
        )
        manifest_beside(file).touch(PRIVATE)
        manifest_beside(file).write_text(manifest.model_dump_json(indent=2) + "\n")
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    changes = {"takenAt": manifest.taken_at.isoformat(timespec="seconds"), "sha256": manifest.sha256, "bytes": manifest.bytes}
    async with open_uow() as uow:
        await audit.record(uow, None, AuditAction.DATABASE_BACKED_UP, "backup", manifest.id, changes)
    return BackedUp(file=str(file), manifest=manifest)


async def require_restorable(archive: Archive, file: Path) -> Manifest:
    """The manifest, if `file` is whole and may be restored here with these keys. Nothing is changed.

    Raises `NotFound`, `Invalid`, `Conflict`, `KeyRingError` or `Unavailable`, each saying what to do.
    """
    manifest = _read(file)
    if _size_of(file) != manifest.bytes or await asyncio.to_thread(_hash_of, file) != manifest.sha256:
        raise Invalid(f"{file} is not what its manifest describes: it was damaged or replaced. Take another copy, or an earlier backup.")
    if not await asyncio.to_thread(migrate.knows, manifest.revision):
        raise Conflict(
            f"This backup has schema {manifest.revision}, which version {__version__} does not know. Restore with version {manifest.assay}"
            " or newer.",
            code="schema_unknown",
        )
    try:
        key_proofs.compare(key_ring(), [Proof(each.purpose, each.key_id, b64decode(each.proof)) for each in manifest.keys])
    except KeyRingError as error:
        raise Conflict(f"These are not the keys of this backup, and nobody could read it. {error}", code="keys_missing") from error
    server = await archive.server()
    if occupants := await archive.occupants():
        raise Conflict(
            f"The database {server.database} is not empty ({len(occupants)} tables, {occupants[0]} among them), and nothing is restored"
            " over what is there. Make an empty one (createdb) and point DATABASE_URL at it.",
            code="database_not_empty",
        )
    if server.major < manifest.postgres or not server.vectors:
        lacking = "the extension pgvector" if not server.vectors else f"Postgres {manifest.postgres}"
        raise Conflict(f"The server of {server.database} lacks {lacking}, from which the backup was taken.", code="server_unfit")
    return manifest


async def restore(archive: Archive, open_uow: OpenUnitOfWork, file: Path, erased: Sequence[UUID] | None = None) -> Restored:
    """Fill the empty database from `file`, hold it against the manifest, end all sessions, and erase again who was `erased` since.

    Leaves an audit entry. Raises as `require_restorable`, and `Conflict` when what has arrived is not what was dumped.
    """
    manifest = await require_restorable(archive, file)
    await archive.load(file, manifest.postgres)
    if differences := differing(manifest.tables, await archive.contents()):
        raise Conflict(f"What has arrived is not what was dumped: {'; '.join(differences)}.", code="restored_differently")
    async with open_uow() as uow:
        await uow.web_sessions.end_everybodys()  # a password changed or a session ended since would be good again
        changes = {"takenAt": manifest.taken_at.isoformat(timespec="seconds"), "sha256": manifest.sha256}
        await audit.record(uow, None, AuditAction.DATABASE_RESTORED, "backup", manifest.id, changes)
    again = await erasing_again.erase_again(open_uow, erased) if erased is not None else None
    report = await invariants.check(open_uow)
    broken = tuple(f"{each.name}: {each.violations}" for each in report.findings if each.violations)
    return Restored(manifest=manifest, erased=again, broken=broken, revision=await asyncio.to_thread(migrate.head))


def _begun(file: Path) -> Path:
    if file.exists() or manifest_beside(file).exists():
        raise Conflict(f"{file} is there already. A backup overwrites none: choose another name.", code="backup_exists")
    unfinished = file.with_name(f"{file.name}.new")
    unfinished.touch(PRIVATE)
    return unfinished


def _size_of(file: Path) -> int:
    return file.stat().st_size


def _read(file: Path) -> Manifest:
    try:
        return Manifest.model_validate_json(manifest_beside(file).read_text())
    except FileNotFoundError as error:
        raise NotFound(f"There is no {manifest_beside(file)}: a backup is a dump and the manifest beside it. Bring both.") from error
    except ValidationError as error:
        raise Invalid(f"{manifest_beside(file)} is no manifest that this version can read.") from error
    finally:
        if not file.exists():
            raise NotFound(f"There is no file {file}.")


def _hash_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
