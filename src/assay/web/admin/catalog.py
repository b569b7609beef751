"""The catalog as admins keep it: the list, one credential with what hangs on it, publishing and retiring, and what its versions say."""

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from assay.db.repositories.catalog import CatalogFilter
from assay.domain.actors import Permission
from assay.domain.credentials import CredentialStatus
from assay.domain.errors import Conflict, PreconditionFailed
from assay.domain.preconditions import tag
from assay.domain.tracks import SkillLevel
from assay.edge.dependencies import Uow
from assay.edge.errors import status_of
from assay.kit.text import storable
from assay.services import credential_edits, credential_uses, credentials
from assay.services.credentials import CredentialVersionRead
from assay.web.admin import catalog_words
from assay.web.admin.catalog_changes import differences
from assay.web.here import Here
from assay.web.rendering import page
from assay.web.session import Session, may

type CatalogKeeper = Annotated[Session, may(Permission.CREDENTIAL_WRITE)]

router = APIRouter(prefix="/admin/catalog")

_PAGE: Final = 50
_PROVIDERS: Final = 200
"""Providers to choose from; of a catalog with more, the name is typed."""
_VERSIONS: Final = 20
"""Versions that are told at once; the others can still be compared."""
_LONGEST: Final = 200
_DONE: Final = {
    "created": "The draft is saved. Nobody is recommended it before it is published.",
    "saved": "Saved as a new version. Recommendations keep the version that they name.",
    "unchanged": "Nothing was changed, so there is no new version.",
    "published": "Published.",
    "retired": "Retired. It is no longer recommended; it stays where it was.",
}


@router.get("")
async def catalog(request: Request, _who: CatalogKeeper, uow: Uow) -> Response:
    """All credentials, narrowed by what the address says."""
    here, skills = Here.of(request), await uow.tracks.skill_names()
    shown, count = await credentials.kept(uow, _sieve(here, skills), _words(here.get("cursor")), _PAGE)
    providers = await uow.catalog.providers(_PROVIDERS + 1)
    return page(
        request,
        "admin/catalog.html",
        told=catalog_words,
        shown=shown,
        count=count,
        skills=skills,
        providers=[(each, each) for each in providers] if len(providers) <= _PROVIDERS else None,
        index=await credentials.index_state(uow),
    )


@router.get("/{credential_id:uuid}")
async def credential(credential_id: UUID, request: Request, who: CatalogKeeper, uow: Uow, done: str = "") -> Response:
    """One credential as it stands, and what hangs on it."""
    return await _shown(request, who, uow, credential_id, notice=_DONE.get(done, ""))


@router.post("/{credential_id:uuid}/publish")
async def publish(credential_id: UUID, request: Request, who: CatalogKeeper, uow: Uow) -> Response:
    """Offer it."""
    return await _moved(request, who, uow, credential_id, "published")


@router.post("/{credential_id:uuid}/retire")
async def retire(credential_id: UUID, request: Request, who: CatalogKeeper, uow: Uow) -> Response:
    """Offer it no more."""
    return await _moved(request, who, uow, credential_id, "retired")


@router.get("/{credential_id:uuid}/versions")
async def versions(credential_id: UUID, request: Request, who: CatalogKeeper, uow: Uow) -> Response:
    """What each version changed; with `from` and `to` in the address, what differs between any two."""
    here, skills = Here.of(request), await uow.tracks.skill_names()
    current = await credentials.get(uow, who.actor, credential_id)
    history = await credentials.versions(uow, credential_id)
    by_number = {str(each.version): each for each in history}
    one, other = by_number.get(here.get("from")), by_number.get(here.get("to"))
    compared = differences(one.content, other.content, skills) if one and other else None
    return page(
        request,
        "admin/credential_versions.html",
        told=catalog_words,
        credential=current,
        history=history,
        numbers=[(each.version, f"Version {each.version}") for each in history],
        steps=_steps(history[: _VERSIONS + 1], skills)[:_VERSIONS],
        one=one,
        other=other,
        compared=compared,
    )


def _steps(history: list[CredentialVersionRead], skills: dict[str, str]) -> list[tuple[CredentialVersionRead, object]]:
    """Each version with what it changed; None for the first there was."""
    before = [*history[1:], None]
    return [(each, differences(old.content, each.content, skills) if old else None) for each, old in zip(history, before, strict=True)]


async def _moved(request: Request, who: Session, uow: Uow, credential_id: UUID, to: str) -> Response:
    act = {"published": credential_edits.publish, "retired": credential_edits.retire}[to]
    seen = (await request.form()).get("seen")
    try:
        await act(uow, who.actor, credential_id, frozenset({str(seen)} if seen else ()))
    except (PreconditionFailed, Conflict) as refused:
        return await _shown(request, who, uow, credential_id, refused=refused)
    return RedirectResponse(f"/admin/catalog/{credential_id}?done={to}", HTTPStatus.SEE_OTHER)


async def _shown(
    request: Request, who: Session, uow: Uow, credential_id: UUID, *, notice: str = "", refused: PreconditionFailed | Conflict | None = None
) -> Response:
    current = await credentials.get(uow, who.actor, credential_id)
    status = status_of(refused) if refused else HTTPStatus.OK
    return page(
        request,
        "admin/credential.html",
        status=status,
        notice=notice,
        told=catalog_words,
        credential=current,
        seen=tag(current),
        refused=refused,
        uses=await credential_uses.uses(uow, credential_id),
        skills=await uow.tracks.skill_names(),
    )


def _sieve(here: Here, skills: dict[str, str]) -> CatalogFilter:
    """What the address asks for; what it cannot mean is left open."""
    skill = here.get("skill")
    return CatalogFilter(
        status=next((each for each in CredentialStatus if each == here.get("status")), None),
        provider=_words(here.get("provider")),
        skill=skill if skill in skills else None,
        level=next((each for each in SkillLevel if each == here.get("level")), None),
        text=_words(here.get("text")),
    )


def _words(text: str) -> str | None:
    try:
        return storable(text.strip())[:_LONGEST] or None
    except ValueError:
        return None
