"""What an admin should know before they rebuild the index or switch to another version: what is searched, built and at work just now."""

from uuid import UUID

from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.errors import Conflict, NotFound, Unavailable
from assay.domain.jobs import JobType
from assay.domain.ports import Embedder, VectorStore
from assay.kit.model import Value
from assay.services import index_versions
from assay.services.index_versions import DriftRead, IndexRead


class Outlook(Value):
    """How things stand."""

    active: IndexRead | None
    drift: DriftRead | None
    """The catalog beside the version that is searched; None while there is none."""
    building: IndexRead | None
    """The version that waits to be built or is being built: while there is one, no other can be asked for."""
    before: IndexRead | None
    """The version that was searched before the present one, to which one can go back."""
    at_work: int
    """Recommendations that are being made or wait their turn."""


async def outlook(uow: UnitOfWork, embedder: Embedder) -> Outlook:
    """How things stand now."""
    active, building = await uow.index.active(), await uow.index.unfinished()
    earlier = await uow.index.before(active) if active else None
    try:
        drift = await index_versions.compare(uow, embedder)
    except NotFound:
        drift = None
    return Outlook(
        active=index_versions.read(active) if active else None,
        drift=drift,
        building=index_versions.read(building) if building else None,
        before=index_versions.read(earlier) if earlier else None,
        at_work=sum(each.jobs for each in await uow.jobs.depth() if each.job_type == JobType.GENERATE_RECOMMENDATIONS),
    )


async def refusal(open_uow: OpenUnitOfWork, embedder: Embedder, store: VectorStore, version_id: UUID) -> str | None:
    """The code of why searches cannot go to a version now; None when they can. Asks the vector store. Raises `NotFound`."""
    try:
        await index_versions.require_switchable(open_uow, embedder, store, version_id)
    except (Conflict, Unavailable) as refused:
        return refused.error_code
    return None
