"""Tracks and the skill vocabulary."""

import builtins
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import Skill, Track
from assay.domain.tracks import TrackStatus

_BY_SLUG = select(Track).where(Track.slug == bindparam("slug"))
_SKILLS = select(func.jsonb_object_agg(Skill.slug, Skill.name, type_=JSONB))


class Tracks:
    """The tracks of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list(self, statuses: Sequence[TrackStatus]) -> list[Track]:
        """Tracks in one of `statuses`, by name."""
        query = select(Track).where(Track.status.in_(statuses)).order_by(Track.name, Track.id)
        return list(await self._session.scalars(query))

    async def get(self, track_id: UUID) -> Track | None:
        """One track, whatever its status."""
        return await self._session.get(Track, track_id)

    async def by_slug(self, slug: str) -> Track | None:
        """One track by its slug."""
        return await self._session.scalar(_BY_SLUG, {"slug": slug})

    def add(self, track: Track) -> None:
        """Write a new track."""
        self._session.add(track)

    async def insert(self, values: Mapping[str, Any]) -> bool:
        """Write a new track unless there is one of its slug; whether it was written."""
        query = insert(Track).values(values).on_conflict_do_nothing(index_elements=["slug"]).returning(Track.id)
        return (await self._session.execute(query)).first() is not None

    async def locked(self, track_ids: Collection[UUID]) -> builtins.list[Track]:
        """These tracks, held until the transaction ends: nobody else changes them or what they ask meanwhile. Always in one order."""
        query = select(Track).where(Track.id.in_(track_ids)).order_by(Track.id).with_for_update()
        return [*await self._session.scalars(query.execution_options(populate_existing=True))]

    async def falling_back_on(self, slugs: Collection[str]) -> builtins.list[Track]:
        """Active tracks that recommend one of these credentials when retrieval cannot run, by name."""
        query = select(Track).where(Track.status == TrackStatus.ACTIVE, Track.fallback_credentials.overlap(list(slugs)))
        return [*await self._session.scalars(query.order_by(Track.name))]

    async def skill_names(self) -> dict[str, str]:
        """The vocabulary: name by slug."""
        return await self._session.scalar(_SKILLS) or {}

    async def put_skills(self, names: Mapping[str, str]) -> None:
        """Add the words of `names` (name by slug), renaming known ones."""
        rows = insert(Skill).values([{"slug": slug, "name": name} for slug, name in names.items()])
        await self._session.execute(rows.on_conflict_do_update(index_elements=["slug"], set_={"name": rows.excluded.name}))
