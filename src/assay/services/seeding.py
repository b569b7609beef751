"""Content from versioned YAML into the database: validated by the same models as the API, new versions only for what changed."""

from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from pydantic import Field, ValidationError

from assay.db.models import Credential, CredentialVersion, Question, Track
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.bundle import shortage
from assay.domain.credentials import CredentialContent
from assay.domain.errors import AssayError
from assay.domain.questions import Slug
from assay.domain.tracks import TrackContent, TrackStatus
from assay.kit.ids import new_id
from assay.kit.model import Value
from assay.services.question_edits import QuestionWrite, version_of
from assay.services.track_edits import assign, columns


class SeedError(AssayError):
    """A seed file is wrong; the message names file, entry and field."""


class SeedTrack(TrackContent):
    """A track file."""

    slug: Slug
    status: TrackStatus = TrackStatus.ACTIVE


class SeedQuestion(QuestionWrite):
    """An entry of a question file."""

    slug: Slug
    tracks: tuple[Slug, ...] = Field(min_length=1)

    @property
    def standing(self) -> tuple[str, int, frozenset[str]]:
        """What a load compares: content, difficulty, tracks."""
        return self.content.hash, self.difficulty, frozenset(self.tracks)


class SeedCredential(CredentialContent):
    """An entry of a credential file."""

    slug: Slug

    @cached_property
    def content(self) -> CredentialContent:
        """What is offered, without its identity."""
        return CredentialContent.model_validate(self.model_dump(by_alias=False, exclude={"slug"}))


class Seeds(Value):
    """All content of a seed folder, consistent in itself."""

    skills: dict[Slug, str]
    tracks: tuple[SeedTrack, ...]
    questions: tuple[SeedQuestion, ...]
    credentials: tuple[SeedCredential, ...]


class SeedReport(Value):
    """What a load wrote: new or changed entries by kind."""

    skills: int
    tracks: int
    questions: int
    credentials: int


def read(folder: Path) -> Seeds:
    """The content of `folder`. Raises `SeedError` naming the first wrong entry, unknown skill, or gap in a track's bank."""
    seeds = Seeds(
        skills=read_yaml(folder / "skills.yaml"),
        tracks=tuple(_parse(SeedTrack, path, raw) for path, raw in _entries(folder / "tracks")),
        questions=tuple(_parse(SeedQuestion, path, raw) for path, raw in _entries(folder / "questions")),
        credentials=tuple(_parse(SeedCredential, path, raw) for path, raw in _entries(folder / "credentials")),
    )
    for problem in _inconsistencies(seeds):
        raise SeedError(problem)
    return seeds


async def load(open_uow: OpenUnitOfWork, folder: Path) -> SeedReport:
    """Bring the database to the content of `folder` in one transaction; running it again changes nothing.

    What an admin has a hand in, by the audit trail, is the institution's own and stays as it is; so does a credential that was imported.
    """
    seeds = read(folder)
    async with open_uow() as uow:
        await uow.tracks.put_skills(seeds.skills)
        kept = await uow.audit.targets("track")
        tracks = [await _put_track(uow, seed, kept) for seed in seeds.tracks]
        ids = {seed.slug: track_id for seed, (track_id, _) in zip(seeds.tracks, tracks, strict=True)}
        asked, own = await uow.questions.standing(), await uow.questions.slugs(await uow.audit.targets("question"))
        questions = [seed for seed in seeds.questions if seed.slug not in own and asked.get(seed.slug) != seed.standing]
        for question in questions:
            await _put_question(uow, question, [ids[slug] for slug in question.tracks])
        offered, ours = await uow.credentials.content_hashes(), await uow.catalog.own_slugs()
        credentials = [seed for seed in seeds.credentials if seed.slug not in ours and offered.get(seed.slug) != seed.content.hash]
        for credential in credentials:
            await _put_credential(uow, credential)
    return SeedReport(
        skills=len(seeds.skills),
        tracks=sum(changed for _, changed in tracks),
        questions=len(questions),
        credentials=len(credentials),
    )


def _entries(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(folder.glob("*.yaml")):
        loaded = read_yaml(path)
        for raw in loaded if isinstance(loaded, list) else [loaded]:
            yield path, raw


def read_yaml(path: Path) -> Any:
    """What a file says. The loader in C is safe too, and ten times as fast."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # nosec B506


def _parse[Seed: Value](kind: type[Seed], path: Path, raw: dict[str, Any]) -> Seed:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        msg = f"{path.name}: {raw.get('slug', '?')}: {place or 'entry'}: {first['msg']}"
        raise SeedError(msg) from error


def _inconsistencies(seeds: Seeds) -> Iterator[str]:
    for kind, entries in (("track", seeds.tracks), ("question", seeds.questions), ("credential", seeds.credentials)):
        slugs = [entry.slug for entry in entries]
        yield from (f"two {kind} entries are called {slug}" for slug in set(slugs) if slugs.count(slug) > 1)
    known_tracks = {track.slug for track in seeds.tracks}
    known_credentials = {credential.slug for credential in seeds.credentials}
    for question in seeds.questions:
        yield from _unknown("skill", question.slug, set(question.skills) - set(seeds.skills))
        yield from _unknown("track", question.slug, set(question.tracks) - known_tracks)
    for credential in seeds.credentials:
        yield from _unknown("skill", credential.slug, {*credential.skills, *credential.prerequisite_skills} - set(seeds.skills))
        yield from _unknown("prerequisite", credential.slug, set(credential.prerequisites) - known_credentials)
    for track in seeds.tracks:
        yield from _unknown("skill", track.slug, set(track.skill_focus) - set(seeds.skills))
        yield from _unknown("credential", track.slug, set(track.fallback_credentials) - known_credentials)
        yield from _lacking(track, seeds)


def _unknown(kind: str, where: str, names: set[str]) -> Iterator[str]:
    yield from (f"{where}: there is no {kind} called {name}" for name in sorted(names))


def _lacking(track: SeedTrack, seeds: Seeds) -> Iterator[str]:
    if track.status is TrackStatus.ACTIVE:
        bank = [question for question in seeds.questions if track.slug in question.tracks]
        yield from (
            f"{track.slug} needs {lack.needed} {lack.type} questions and has {lack.available}"
            for lack in shortage(bank, track.question_mix)
        )


async def _put_track(uow: UnitOfWork, seed: SeedTrack, kept: Collection[UUID]) -> tuple[UUID, bool]:
    values = columns(seed, seed.status)
    track = await uow.tracks.by_slug(seed.slug)
    if track is None:
        track = Track(id=new_id(), slug=seed.slug, version=1, **values)
        uow.tracks.add(track)
        return track.id, True
    return track.id, track.id not in kept and assign(track, values)


async def _put_question(uow: UnitOfWork, seed: SeedQuestion, track_ids: list[UUID]) -> None:
    question = await uow.questions.by_slug(seed.slug)
    if question is None:
        question = Question(id=new_id(), slug=seed.slug, type=seed.type.value, difficulty=seed.difficulty, current_version=0)
        uow.questions.add(question)
    question.difficulty = seed.difficulty
    standing = await uow.questions.version(question.id, question.current_version)
    if standing is None or standing.content_hash != seed.content.hash:
        question.current_version += 1
        uow.questions.add(version_of(question.id, question.current_version, seed.content))
    await uow.session.flush()
    await uow.questions.set_tracks(question.id, track_ids)


async def _put_credential(uow: UnitOfWork, seed: SeedCredential) -> None:
    credential = await uow.credentials.by_slug(seed.slug)
    if credential is None:
        credential = Credential(id=new_id(), slug=seed.slug, status="published", current_version=1)
        uow.credentials.add(credential)
        await uow.session.flush()
    else:
        credential.current_version += 1
    uow.credentials.add(
        CredentialVersion(
            credential_id=credential.id,
            version=credential.current_version,
            content=seed.content.model_dump(mode="json"),
            content_hash=seed.content.hash,
        )
    )
