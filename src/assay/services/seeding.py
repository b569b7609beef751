"""Content from versioned YAML into the database: validated by the same models as the API, new versions only for what changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import yaml
from pydantic import Field, ValidationError

from assay.db.models import Credential, CredentialVersion, Question, QuestionVersion, Track
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork
from assay.domain.bundle import BankQuestion, shortage
from assay.domain.credentials import CredentialContent
from assay.domain.errors import AssayError
from assay.domain.questions import QuestionContent, Slug
from assay.domain.tracks import TrackContent, TrackStatus
from assay.kit.ids import new_id
from assay.kit.model import Value


class SeedError(AssayError):
    """A seed file is wrong; the message names file, entry and field."""


class SeedTrack(TrackContent):
    """A track file."""

    slug: Slug
    status: TrackStatus = TrackStatus.ACTIVE


class SeedQuestion(QuestionContent):
    """An entry of a question file."""

    slug: Slug
    tracks: tuple[Slug, ...] = Field(min_length=1)
    difficulty: Annotated[int, Field(ge=1, le=3)] = 2

    def content(self) -> QuestionContent:
        """What is asked, without its place in the bank."""
        return QuestionContent.model_validate(self.model_dump(by_alias=False, exclude={"slug", "tracks", "difficulty"}))


class SeedCredential(CredentialContent):
    """An entry of a credential file."""

    slug: Slug

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
        skills=yaml.safe_load((folder / "skills.yaml").read_text(encoding="utf-8")),
        tracks=tuple(_parse(SeedTrack, path, raw) for path, raw in _entries(folder / "tracks")),
        questions=tuple(_parse(SeedQuestion, path, raw) for path, raw in _entries(folder / "questions")),
        credentials=tuple(_parse(SeedCredential, path, raw) for path, raw in _entries(folder / "credentials")),
    )
    for problem in _inconsistencies(seeds):
        raise SeedError(problem)
    return seeds


async def load(open_uow: OpenUnitOfWork, folder: Path) -> SeedReport:
    """Bring the database to the content of `folder` in one transaction; running it again changes nothing."""
    seeds = read(folder)
    async with open_uow() as uow:
        await uow.tracks.put_skills(seeds.skills)
        tracks = [await _put_track(uow, seed) for seed in seeds.tracks]
        await uow.session.flush()
        ids = {seed.slug: track_id for seed, (track_id, _) in zip(seeds.tracks, tracks, strict=True)}
        questions = [await _put_question(uow, seed, [ids[slug] for slug in seed.tracks]) for seed in seeds.questions]
        credentials = [await _put_credential(uow, seed) for seed in seeds.credentials]
    return SeedReport(
        skills=len(seeds.skills),
        tracks=sum(changed for _, changed in tracks),
        questions=sum(questions),
        credentials=sum(credentials),
    )


def _entries(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(folder.glob("*.yaml")):
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
        for raw in loaded if isinstance(loaded, list) else [loaded]:
            yield path, raw


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
    bank = [
        BankQuestion(question_id=new_id(), version_id=new_id(), type=seed.type, difficulty=seed.difficulty, content=seed.content())
        for seed in seeds.questions
        if track.slug in seed.tracks
    ]
    if track.status is TrackStatus.ACTIVE:
        yield from (
            f"{track.slug} needs {lack.needed} {lack.type} questions and has {lack.available}"
            for lack in shortage(bank, track.question_mix)
        )


async def _put_track(uow: UnitOfWork, seed: SeedTrack) -> tuple[UUID, bool]:
    values = {
        "status": seed.status.value,
        "name": seed.name,
        "description": seed.description,
        "skill_focus": list(seed.skill_focus),
        "question_mix": seed.question_mix.model_dump(mode="json"),
        "target_level": seed.target_level.value,
        "expiry_days": seed.expiry_days,
        "fallback_credentials": list(seed.fallback_credentials),
    }
    track = await uow.tracks.by_slug(seed.slug)
    if track is None:
        track = Track(id=new_id(), slug=seed.slug, version=1, **values)
        uow.tracks.add(track)
        return track.id, True
    changed = any(getattr(track, name) != value for name, value in values.items())
    if changed:
        for name, value in values.items():
            setattr(track, name, value)
        track.version += 1
    return track.id, changed


async def _put_question(uow: UnitOfWork, seed: SeedQuestion, track_ids: list[UUID]) -> bool:
    content = seed.content()
    question = await uow.questions.by_slug(seed.slug)
    if question is not None:
        current = await uow.questions.version(question.id, question.current_version)
        if current is not None and current.content_hash == content.hash:
            return False
        question.current_version += 1
    else:
        question = Question(id=new_id(), slug=seed.slug, type=seed.type.value, difficulty=seed.difficulty, current_version=1)
        uow.questions.add(question)
    await uow.session.flush()
    uow.questions.add(
        QuestionVersion(
            question_id=question.id,
            version=question.current_version,
            content=content.model_dump(mode="json"),
            content_hash=content.hash,
            rubric_hash=content.rubric.hash if content.rubric else None,
        )
    )
    await uow.questions.set_tracks(question.id, track_ids)
    return True


async def _put_credential(uow: UnitOfWork, seed: SeedCredential) -> bool:
    content = seed.content()
    credential = await uow.credentials.by_slug(seed.slug)
    if credential is not None:
        current = await uow.credentials.version(credential.id)
        if current is not None and current.content_hash == content.hash:
            return False
        credential.current_version += 1
    else:
        credential = Credential(id=new_id(), slug=seed.slug, status="published", current_version=1)
        uow.credentials.add(credential)
    await uow.session.flush()
    uow.credentials.add(
        CredentialVersion(
            credential_id=credential.id,
            version=credential.current_version,
            content=content.model_dump(mode="json"),
            content_hash=content.hash,
        )
    )
    return True
