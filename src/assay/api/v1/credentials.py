"""The catalog of micro-credentials: read by everybody, kept by admins."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from assay.api.v1.problems import problems
from assay.db.repositories.catalog import CatalogFilter
from assay.domain.actors import Actor
from assay.domain.credentials import CredentialStatus
from assay.domain.questions import Slug
from assay.domain.tracks import SkillLevel
from assay.edge.conditional import Seen, tagged
from assay.edge.dependencies import CredentialKeeper, IdempotencyHeader, TrackReader, Uow
from assay.kit.model import Value
from assay.kit.text import StorableText
from assay.services import credential_edits, credentials, idempotency
from assay.services.credential_edits import CredentialCreate, CredentialWrite
from assay.services.credentials import CredentialPage, CredentialRead, CredentialVersionRead, IndexState

router = APIRouter(prefix="/credentials", tags=["credentials"])

type Words = Annotated[StorableText | None, Query(min_length=1, max_length=200)]


class CredentialWritten(CredentialRead):
    """A credential as it is now, and whether searches know it so. The tag is that of the credential alone."""

    index: IndexState


class CredentialHistory(Value):
    """All versions in one answer, the newest first."""

    items: tuple[CredentialVersionRead, ...]
    next_cursor: str | None = None


@router.get("", responses=problems(401, 403))
async def list_credentials(
    actor: TrackReader,
    uow: Uow,
    *,
    wanted: Annotated[CredentialStatus | None, Query(alias="status", description="Admins only; others see published ones")] = None,
    provider: Words = None,
    skill: Slug | None = None,
    level: SkillLevel | None = None,
    text: Words = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[StorableText | None, Query(max_length=100)] = None,
) -> CredentialPage:
    """Credentials in their current version, by slug."""
    return await credentials.page(uow, actor, CatalogFilter(wanted, provider, skill, level, text), cursor, limit)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(401, 403, 409))
async def create_credential(
    body: CredentialCreate, actor: CredentialKeeper, uow: Uow, response: Response, key: IdempotencyHeader = None
) -> CredentialWritten:
    """Put a credential into the catalog: a draft, unless it shall be published at once."""
    act = partial(credential_edits.create, uow, actor, body)
    return await _told(uow, response, await _once(uow, actor, key, ["credential", body.model_dump_json()], act))


@router.get("/{credential_id}", responses=problems(401, 403, 404))
async def get_credential(
    credential_id: UUID,
    actor: TrackReader,
    uow: Uow,
    response: Response,
    version: Annotated[int | None, Query(ge=1, le=1_000_000, description="A version that a recommendation cites")] = None,
) -> CredentialRead:
    """One credential, with the section texts that sources point into."""
    return tagged(response, await credentials.get(uow, actor, credential_id, version))


@router.put("/{credential_id}", responses=problems(401, 403, 404, 412, 428))
async def replace_credential(
    credential_id: UUID, body: CredentialWrite, actor: CredentialKeeper, uow: Uow, seen: Seen, response: Response
) -> CredentialWritten:
    """Edit a credential: another version, while recommendations keep the one they cite."""
    return await _told(uow, response, await credential_edits.replace(uow, actor, credential_id, body, seen))


@router.delete("/{credential_id}", responses=problems(401, 403, 404, 409, 412, 428))
async def retire_credential(credential_id: UUID, actor: CredentialKeeper, uow: Uow, seen: Seen, response: Response) -> CredentialWritten:
    """Offer it no more, unless an active track falls back on it. It stays where it is cited, and can be published again."""
    return await _told(uow, response, await credential_edits.retire(uow, actor, credential_id, seen))


@router.get("/{credential_id}/versions", responses=problems(401, 403, 404))
async def list_versions(credential_id: UUID, _actor: CredentialKeeper, uow: Uow) -> CredentialHistory:
    """The credential as it was at every time."""
    return CredentialHistory(items=tuple(await credentials.versions(uow, credential_id)))


@router.post("/{credential_id}/publish", responses=problems(401, 403, 404, 409, 412, 428))
async def publish_credential(
    credential_id: UUID, actor: CredentialKeeper, uow: Uow, seen: Seen, response: Response, key: IdempotencyHeader = None
) -> CredentialWritten:
    """Offer a draft, or one that was retired."""
    act = partial(credential_edits.publish, uow, actor, credential_id, seen)
    return await _told(uow, response, await _once(uow, actor, key, ["publish", str(credential_id), *sorted(seen)], act))


async def _told(uow: Uow, response: Response, credential: CredentialRead) -> CredentialWritten:
    tagged(response, credential)
    return CredentialWritten(**credential.model_dump(by_alias=False), index=await credentials.index_state(uow))


async def _once(
    uow: Uow, actor: Actor, key: str | None, request: list[str], act: Callable[[], Awaitable[CredentialRead]]
) -> CredentialRead:
    async def dumped() -> idempotency.JsonObject:
        return (await act()).model_dump(mode="json")

    return CredentialRead.model_validate((await idempotency.once(uow, actor, key, request, dumped)).response)
