"""What a student declares of their learning, and whether what is named there exists."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import Field

from assay.db.repositories.credentials import CredentialName
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor
from assay.domain.errors import FieldProblem, Invalid, NotFound
from assay.domain.learning import Languages, Learning, WeeklyHours
from assay.domain.questions import Slug
from assay.kit.model import Value
from assay.kit.text import StorableText

type CredentialRefs = Annotated[tuple[Annotated[StorableText, Field(min_length=1, max_length=80)], ...], Field(max_length=200)]
"""Credentials, each by slug or id."""
type Skills = Annotated[tuple[Slug, ...], Field(max_length=100)]


class LearningWrite(Value):
    """All that a student declares: completed credentials (slugs or ids), skills mastered already (slugs), languages, weekly hours."""

    completed: CredentialRefs = ()
    prior_learning: Skills = ()
    languages: Languages = ("en",)
    hours_per_week: WeeklyHours | None = None


class LearningRead(Learning):
    """What stands, credentials by slug; `updated_at` is null for somebody who has declared nothing."""

    updated_at: datetime | None


class Named(NamedTuple):
    """Credentials that were named, and what was named but does not exist."""

    found: tuple[CredentialName, ...]
    problems: tuple[FieldProblem, ...]


async def read(uow: UnitOfWork, actor: Actor) -> LearningRead:
    """The caller's declaration. Raises `NotFound` for one who came with a resume token."""
    standing = await uow.declarations.of_student(_person(actor))
    return _read(*standing) if standing else _read(Learning(), None)


async def put(uow: UnitOfWork, actor: Actor, write: LearningWrite) -> LearningRead:
    """Declare this in place of what stood.

    Raises `Invalid` for a credential or skill that does not exist, and `NotFound` for one who came with a resume token or has no account.
    """
    student_id = _person(actor)
    named = await credentials(uow, write.completed, "/completed")
    skills = [(f"/priorLearning/{place}", skill) for place, skill in enumerate(write.prior_learning)]
    refuse((*named.problems, *unknown_skills(skills, await uow.tracks.skill_names())))
    learning = Learning(
        completed=tuple(sorted(each.slug for each in named.found)),
        prior_learning=tuple(sorted(set(write.prior_learning))),
        languages=tuple(sorted(set(write.languages))),
        hours_per_week=write.hours_per_week,
    )
    moment = await uow.declarations.put(student_id, learning)
    if moment is None:
        raise NotFound("This account cannot declare learning.")
    return _read(learning, moment)


async def credentials(uow: UnitOfWork, named: Sequence[str], pointer: str) -> Named:
    """The credentials that `named` holds by slug or id, each once in that order, retired ones too; `pointer` is where they were named."""
    if not named:
        return Named((), ())
    ids = {ref: identifier for ref in named if (identifier := _uuid(ref))}
    rows = await uow.credentials.named([ref for ref in named if ref not in ids], list(ids.values()))
    known = {row.slug: row for row in rows} | {str(row.credential_id): row for row in rows}
    places = [str(ids.get(ref, ref)) for ref in named]
    return Named(
        tuple(dict.fromkeys(known[place] for place in places if place in known)),
        tuple(
            FieldProblem(f"{pointer}/{number}", "there is no such credential") for number, place in enumerate(places) if place not in known
        ),
    )


def unknown_skills(named: Iterable[tuple[str, str]], names: Collection[str]) -> tuple[FieldProblem, ...]:
    """Those of `named` (pointer and skill) that the vocabulary `names` does not have."""
    return tuple(FieldProblem(pointer, "there is no such skill") for pointer, skill in named if skill not in names)


def refuse(problems: tuple[FieldProblem, ...]) -> None:
    """Raise `Invalid` when there are any."""
    if problems:
        raise Invalid("Not all of it can be understood; see errors for each field.", problems=problems)


def _person(actor: Actor) -> UUID:
    if actor.assessment_id is not None:
        raise NotFound("A resume token opens its assessment and nothing else.")
    return actor.id


def _read(learning: Learning, updated_at: datetime | None) -> LearningRead:
    return LearningRead(**dict(learning), updated_at=updated_at)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
