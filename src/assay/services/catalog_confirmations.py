"""From a dry run to the import in earnest: what was looked at is brought in as it was, without being sent again."""

from datetime import datetime
from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.audit import AuditAction
from assay.domain.errors import Conflict, NotFound
from assay.domain.imports import ImportStatus, OnError
from assay.kit.model import Value
from assay.services import audit, catalog_imports
from assay.services.catalog_imports import ImportRead


class Followed(Value):
    """What can come, or came, after a dry run."""

    kept_until: datetime | None
    """Until when its file can be brought in; None when it can no longer."""
    in_earnest: ImportRead | None
    """The newest import of the same file since."""


async def followed(uow: UnitOfWork, import_id: UUID) -> Followed:
    """What has become of a dry run's file. Raises `NotFound`."""
    row = await uow.catalog_imports.get(import_id)
    if row is None:
        raise NotFound("There is no such import.")
    kept = row.dry_run and row.finished_at is not None and await uow.catalog_imports.holds_file(import_id)
    later = await uow.catalog_imports.in_earnest(row) if row.dry_run else None
    return Followed(
        kept_until=row.finished_at + catalog_imports.KEPT if kept and row.finished_at else None,
        in_earnest=catalog_imports.read(later) if later else None,
    )


async def confirm(uow: UnitOfWork, actor: Actor, import_id: UUID, on_error: OnError | None = None) -> ImportRead:
    """Import in earnest, in the background, what a dry run has looked at; `on_error` where it shall be otherwise than was asked for then.

    Once: the file goes over to the new import. Raises `NotFound`, and `Conflict` for what is no dry run that has ended, or no longer kept.
    """
    looked = await uow.catalog_imports.locked(import_id)
    if looked is None:
        raise NotFound("There is no such import.")
    if not looked.dry_run or looked.status != ImportStatus.DONE:
        raise Conflict("Only a dry run that has ended can be followed by the import itself.", code="import_not_dry")
    if not await uow.catalog_imports.holds_file(import_id):
        raise Conflict("The file of this dry run is no longer kept. Send it again.", code="import_file_gone")
    row = await uow.catalog_imports.add(
        status=ImportStatus.QUEUED,
        format=looked.format,
        dry_run=False,
        on_error=on_error or looked.on_error,
        new_status=looked.new_status,
        add_skills=looked.add_skills,
        staged=True,
        size=looked.size,
        file_hash=looked.file_hash,
        requested_by=actor.id,
    )
    await uow.catalog_imports.hand_over(looked.id, row.id)
    what = {"dryRun": str(looked.id), "fileHash": looked.file_hash, "onError": row.on_error}
    await audit.record(uow, actor, AuditAction.CATALOG_CONFIRMED, "catalog_import", row.id, what)
    return catalog_imports.read(row)
