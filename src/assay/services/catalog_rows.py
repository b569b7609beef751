"""Rows of a file into the catalog, a batch at a time: which credential each is, what it changes, and why it may not."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from assay.db.repositories.catalog import Known
from assay.db.unit_of_work import UnitOfWork
from assay.domain.credentials import CredentialStatus
from assay.domain.errors import FieldProblem
from assay.domain.imports import ImportCounts, ImportOptions
from assay.domain.interchange.rows import CatalogRow, Reading, refused, slug_of_source
from assay.domain.interchange.vocabulary import Vocabulary
from assay.kit.hashing import text_hash
from assay.kit.ids import new_id

BATCH: Final = 500


class Done(NamedTuple):
    """What became of a batch."""

    counts: ImportCounts
    refused: tuple[Reading, ...]


class Writing:
    """One import's way into the catalog. Remembers which credentials it has met, in eight bytes each, and what tracks fall back on."""

    def __init__(self, import_id: UUID, options: ImportOptions, words: Vocabulary, fallbacks: Mapping[str, str]) -> None:
        """`fallbacks` are names of active tracks, by the slugs of credentials that they fall back on."""
        self._import_id = import_id
        self._options = options
        self._words = words
        self._fallbacks = fallbacks
        self._met: set[int] = set()
        self.writes = not options.dry_run
        """Once this is False, rows are only looked at."""

    async def put(self, uow: UnitOfWork, readings: Sequence[Reading]) -> Done:
        """Bring the catalog to what these rows say, those that may not aside."""
        rows = [(reading, reading.record) for reading in readings if reading.record]
        problems = [reading for reading in readings if reading.record is None]
        known = await self._known(uow, [row for _, row in rows])
        plan = _Plan()
        for reading, row in rows:
            slug, standing, reason = self._identity(row, known)
            if reason:
                problems.append(refused(reading.row, reading.line, [reason]))
            else:
                self._words.keep((*row.skills, *row.prerequisite_skills))
                plan.add(self._import_id, slug, row, standing, row.status or self._status(standing))
        if self.writes:
            await uow.catalog.write(plan.created, plan.moved, plan.versions)
        return Done(plan.counts + ImportCounts(refused=len(problems)), tuple(sorted(problems, key=lambda each: each.row)))

    async def _known(self, uow: UnitOfWork, rows: Sequence[CatalogRow]) -> dict[str, Known]:
        """Credentials by slug, and by source behind a space, which no slug has."""
        slugs = [row.slug or slug_of_source(row.source_id or "") for row in rows]
        found = await uow.catalog.known(slugs, [row.source_id for row in rows if row.source_id], held=self.writes)
        return {each.slug: each for each in found} | {f" {each.source_id}": each for each in found if each.source_id}

    def _identity(self, row: CatalogRow, known: Mapping[str, Known]) -> tuple[str, Known | None, FieldProblem | None]:
        """The slug, the credential there is, or why the row may not be taken for it."""
        by_source = known.get(f" {row.source_id}") if row.source_id else None
        slug = row.slug or (by_source.slug if by_source else slug_of_source(row.source_id or ""))
        standing = by_source or known.get(slug)
        if by_source and by_source.slug != slug:
            return slug, None, FieldProblem("/slug", f"the credential of this sourceId is called {by_source.slug}, and a slug stays")
        if standing and row.source_id and standing.source_id not in (None, row.source_id):
            return slug, None, FieldProblem("/sourceId", f"the credential of this slug comes from another source: {standing.source_id}")
        if row.status is CredentialStatus.RETIRED and slug in self._fallbacks:
            return slug, None, FieldProblem("/status", f"{self._fallbacks[slug]} falls back on it; take it from the track's list first")
        if self._again(slug) or (row.source_id and self._again(f" {row.source_id}")):
            return slug, None, FieldProblem("", "an earlier row of the file is the same credential")
        return slug, standing, None

    def _again(self, name: str) -> bool:
        key = int(text_hash(name)[:16], 16)
        if key in self._met:
            return True
        self._met.add(key)
        return False

    def _status(self, standing: Known | None) -> CredentialStatus:
        return CredentialStatus(standing.status) if standing else self._options.status


class _Plan:
    """What a batch writes."""

    def __init__(self) -> None:
        self.counts = ImportCounts()
        self.created: list[dict[str, Any]] = []
        self.moved: list[dict[str, Any]] = []
        self.versions: list[dict[str, Any]] = []

    def add(self, import_id: UUID, slug: str, row: CatalogRow, standing: Known | None, status: CredentialStatus) -> None:
        """Note what a row changes."""
        if standing is None:
            key = new_id()
            self.created.append({"id": key, "slug": slug, "source_id": row.source_id, "status": status.value, "current_version": 1})
            self._version(import_id, key, 1, row)
            self.counts += ImportCounts(created=1)
            return
        edited = standing.content_hash != row.hash
        source = row.source_id or standing.source_id
        if not edited and (standing.status, standing.source_id) == (status, source):
            self.counts += ImportCounts(unchanged=1)
            return
        number = standing.version + edited
        self.moved.append({"credential": standing.credential_id, "new_status": status.value, "new_source": source, "new_version": number})
        if edited:
            self._version(import_id, standing.credential_id, number, row)
        self.counts += ImportCounts(updated=1)

    def _version(self, import_id: UUID, credential_id: UUID, number: int, row: CatalogRow) -> None:
        self.versions.append(
            {
                "credential_id": credential_id,
                "version": number,
                "content": row.content.model_dump(mode="json"),
                "details": row.details,
                "content_hash": row.hash,
                "import_id": import_id,
            }
        )
