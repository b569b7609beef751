"""What hangs on a credential: tracks, other credentials, recommendations, and which version of it searches find."""

from uuid import UUID

from assay.db.unit_of_work import UnitOfWork
from assay.domain.errors import NotFound
from assay.domain.tracks import TrackStatus
from assay.kit.model import Value

_NAMED = 20
"""Credentials that are named at most; that there are more is told."""


class Named(Value):
    """A track or a credential."""

    id: UUID
    name: str


class CredentialUses(Value):
    """What refers to a credential."""

    fallback_of: tuple[Named, ...]
    """Active tracks that recommend it when retrieval cannot run: while there are any, it cannot be retired."""
    required_by: tuple[Named, ...]
    """Credentials that are to be taken after it, the first by slug."""
    more_require_it: bool
    cited_by: int
    """Recommendations that name a version of it, each for good as it was."""
    searched_version: int | None
    """Which version searches find; None when they find none."""


class UncoveredSkill(Value):
    """A skill that active tracks are about and no published credential teaches."""

    slug: str
    name: str
    tracks: tuple[str, ...]


async def uses(uow: UnitOfWork, credential_id: UUID) -> CredentialUses:
    """What refers to a credential. Raises `NotFound`."""
    row = await uow.catalog.one(credential_id)
    if row is None:
        raise NotFound("There is no such credential.")
    requiring = await uow.catalog.requiring(row.slug, _NAMED + 1)
    return CredentialUses(
        fallback_of=tuple(Named(id=track.id, name=track.name) for track in await uow.tracks.falling_back_on([row.slug])),
        required_by=tuple(Named(id=each.credential_id, name=each.content["title"]) for each in requiring[:_NAMED]),
        more_require_it=len(requiring) > _NAMED,
        cited_by=await uow.catalog.citing(credential_id),
        searched_version=await uow.catalog.searched_version(credential_id),
    )


async def uncovered(uow: UnitOfWork) -> list[UncoveredSkill]:
    """Skills of active tracks that nothing published teaches, by name: about those nothing can be recommended."""
    taught, names = await uow.catalog.taught(), await uow.tracks.skill_names()
    tracks = await uow.tracks.list([TrackStatus.ACTIVE])
    missing = {skill for track in tracks for skill in track.skill_focus} - taught
    found = [
        UncoveredSkill(slug=skill, name=names.get(skill, skill), tracks=tuple(track.name for track in tracks if skill in track.skill_focus))
        for skill in missing
    ]
    return sorted(found, key=lambda each: each.name)
