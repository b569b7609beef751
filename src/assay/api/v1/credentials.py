"""The catalog of micro-credentials."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from assay.api.v1.problems import problems
from assay.edge.dependencies import TrackReader, Uow
from assay.kit.text import StorableText
from assay.services import credentials
from assay.services.credentials import CredentialPage, CredentialRead

router = APIRouter(prefix="/credentials", tags=["credentials"])


@router.get("", responses=problems(401, 403))
async def list_credentials(
    _actor: TrackReader,
    uow: Uow,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[StorableText | None, Query(max_length=100)] = None,
) -> CredentialPage:
    """Published credentials in their current version."""
    return await credentials.list_published(uow, cursor, limit)


@router.get("/{credential_id}", responses=problems(401, 403, 404))
async def get_credential(
    credential_id: UUID,
    _actor: TrackReader,
    uow: Uow,
    version: Annotated[int | None, Query(ge=1, le=1_000_000, description="A version that a recommendation cites")] = None,
) -> CredentialRead:
    """One credential, with the section texts that sources point into."""
    return await credentials.get(uow, credential_id, version)
