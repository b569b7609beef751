"""Any catalog, queries and judgments: JSON Lines of other people's making brought to the product's own models.

What a foreign catalog leaves out is filled as an importer would: skills are the words of the vocabulary that title, description and the
catalog's own skill names speak of, the level is read from the words that usually tell it, all else is neutral.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from assay.ai.builtin_embedder import BuiltinEmbedder
from assay.domain.learner import EssayResult, Learner
from assay.domain.passages import sentences
from assay.domain.tracks import SkillLevel, TrackContent
from evals.bm25 import terms
from evals.essays import DataError, parse, read_lines
from evals.retrieval_queries import Query

MAX_SKILLS: Final = 4
NEAR: Final = 0.4
"""Cosine of a skill's name and a title with its description from which the one is about the other, though no word says so."""
SENTENCES: Final = 6
NEUTRAL: Final = 40.0
"""Percent of an essay that nobody marked: what is assumed of somebody of whom nothing is known."""
ELSEWHERE: Final = "unlisted"
"""The skill of a credential in which none of the vocabulary was found."""
_LEVELS: Final = {
    SkillLevel.ADVANCED: re.compile(r"\b(advanced|expert|graduate|specialist|in depth|mastering|professional)\b", re.IGNORECASE),
    SkillLevel.BEGINNER: re.compile(
        r"\b(beginners?|introduct\w*|intro|basics?|fundamentals?|foundations?|essentials|first steps|getting started|from scratch|"
        r"no (?:prior|previous|experience)|newcomers?|101)\b",
        re.IGNORECASE,
    ),
}


def _several(value: object) -> object:
    """A list, or its parts when they were joined by commas or semicolons."""
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(part.strip() for part in re.split(r"[;,|]", value) if part.strip())
    if isinstance(value, Mapping):
        return tuple(value)
    return tuple(str(part) for part in value) if isinstance(value, Iterable) else value


def _named(value: object) -> object:
    return str(value) if isinstance(value, int) else value


type Id = Annotated[str, BeforeValidator(_named)]
type Words = Annotated[tuple[str, ...], BeforeValidator(_several)]


class Course(BaseModel):
    """A line of a catalog. Fields it does not know are for other readers."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    title: str = Field(min_length=1)
    description: str = ""
    skills: Words = ()
    level: str = ""
    provider: str = ""
    language: str = "en"
    workload: float | None = None
    outcomes: Words = ()

    @field_validator("description", "level", "provider", mode="before")
    @classmethod
    def _said(cls, value: object) -> object:
        return "" if value is None else value


class Wish(BaseModel):
    """A line of queries."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    track: str
    skill_focus: Words = Field(default=(), alias="skillFocus")
    interests: Words = ()
    essay: str = ""
    level: str = ""

    @field_validator("essay", "level", mode="before")
    @classmethod
    def _said(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            return " ".join(str(each) for each in value)
        return "" if value is None else value


class Qrel(BaseModel):
    """A line of judgments."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    query_id: str
    credential_id: str
    grade: int


def courses(path: Path) -> list[Course]:
    """The lines of a catalog. Raises `DataError`."""
    return [parse(Course, path, place, raw) for place, raw in read_lines(path)]


def queries(path: Path, judged: Path, slugs: Mapping[str, str]) -> tuple[list[Query], dict[str, str]]:
    """The queries that were judged, and the vocabulary they speak in; `slugs` are those of the credentials by id. Raises `DataError`."""
    grades: dict[str, dict[str, int]] = {}
    for place, raw in read_lines(judged):
        qrel = parse(Qrel, judged, place, raw)
        if qrel.credential_id not in slugs:
            raise DataError(f"{judged}:{place}: credential_id: the catalog has no {qrel.credential_id}")
        grades.setdefault(qrel.query_id, {})[slugs[qrel.credential_id]] = qrel.grade
    wishes = [parse(Wish, path, place, {"id": f"q{place}"} | raw) for place, raw in read_lines(path)]
    if not any(wish.id in grades for wish in wishes):
        raise DataError(f"{judged}: none of the queries of {path.name} is judged")
    vocabulary = {slug(name): name for wish in wishes for name in (*wish.skill_focus, *wish.interests)}
    return [_query(wish, grades[wish.id]) for wish in wishes if wish.id in grades], vocabulary


def slug(name: str) -> str:
    """`name` as a slug; `ELSEWHERE` when it has no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("+", "p").replace("#", "-sharp")).strip("-")[:60].strip("-") or ELSEWHERE


def identify(catalog: Sequence[Course]) -> dict[str, str]:
    """A slug for each course, by its id. Raises `DataError` when an id comes twice."""
    found = {course.id: f"c{place:05d}" for place, course in enumerate(catalog)}
    if len(found) < len(catalog):
        raise DataError("catalog: two courses have the same id")
    return found


async def write_seeds(folder: Path, catalog: Sequence[Course], slugs: Mapping[str, str], vocabulary: Mapping[str, str]) -> None:
    """`catalog` as a seed folder, so that it goes the way of all content. JSON is YAML."""
    found = await tag(catalog, vocabulary)
    skills = dict(vocabulary) | {ELSEWHERE: "Unlisted"}
    entries = [_entry(course, slugs[course.id], tagged or (ELSEWHERE,)) for course, tagged in zip(catalog, found, strict=True)]
    for name in ("tracks", "questions", "credentials"):
        (folder / name).mkdir(parents=True)
    (folder / "skills.yaml").write_text(json.dumps(skills), encoding="utf-8")
    (folder / "credentials" / "all.yaml").write_text(json.dumps(entries), encoding="utf-8")


async def tag(catalog: Sequence[Course], vocabulary: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The skills of `vocabulary` (name by slug) that each course is about, most important first, at most `MAX_SKILLS`.

    A skill counts by its name as a phrase: once for each place in the description, more in the title or among the course's own skills;
    beside that by how near its name is to the whole in the embedder's space.
    """
    if not vocabulary or not catalog:
        return [()] * len(catalog)
    phrases = {name: f" {' '.join(terms(said))} " for name, said in vocabulary.items()}
    near = await _nearness(catalog, vocabulary)
    return [_tagged(course, phrases, dict(zip(phrases, row, strict=True))) for course, row in zip(catalog, near.tolist(), strict=True)]


def _tagged(course: Course, phrases: Mapping[str, str], near: Mapping[str, float]) -> tuple[str, ...]:
    title, text = (f" {' '.join(terms(said))} " for said in (course.title, f"{course.description} {' '.join(course.outcomes)}"))
    own = f" {' | '.join(' '.join(terms(skill)) for skill in course.skills)} "
    scores = {
        name: 3 * (phrase in title) + 2 * (phrase in own) + min(2, text.count(phrase)) + 3 * max(0.0, near[name] - NEAR) / (1 - NEAR)
        for name, phrase in phrases.items()
        if phrase.strip()
    }
    best = sorted((name for name, score in scores.items() if score > 0), key=lambda name: (-scores[name] - near[name], name))
    return tuple(best[:MAX_SKILLS])


async def _nearness(catalog: Sequence[Course], vocabulary: Mapping[str, str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    embedder = BuiltinEmbedder()
    about = np.array(await embedder.embed([f"{course.title}. {course.description[:600]} {', '.join(course.skills)}" for course in catalog]))
    return np.asarray(about @ np.array(await embedder.embed(list(vocabulary.values()))).T)


def _entry(course: Course, name: str, skills: Sequence[str]) -> dict[str, Any]:
    title = (course.title if len(course.title) >= 3 else f"Course {course.title}")[:200]
    said = course.description.strip() or f"{course.title}."
    description = (said if len(said) >= 40 else f"{said} {title}. A course called {title}, without a further description.")[:4_000]
    outcomes = [outcome[:400] for outcome in course.outcomes if len(outcome) >= 10][:12]
    return {
        "slug": name,
        "title": title,
        "provider": course.provider[:200] if len(course.provider) >= 2 else "Not named",
        "description": description,
        "outcomes": outcomes or [_first_sentence(description)],
        "skills": list(skills),
        "level": _level(course),
        "workload_hours": min(2_000, max(1, round(course.workload or 1))),
        "language": (course.language or "en").lower()[:2],
    }


def _first_sentence(text: str) -> str:
    start, end = next(iter(sentences(text)), (0, len(text)))
    return text[start:end][:400] if end - start >= 10 else text[:400]


def _level(course: Course) -> str:
    """What is said outright, then what the title says, then intermediate, from which the least can be wrong."""
    for said in (course.level, course.title):
        if said.lower() in list(SkillLevel):
            return said.lower()
        for level, words in _LEVELS.items():
            if words.search(said):
                return level.value
    return SkillLevel.INTERMEDIATE.value


def _query(wish: Wish, grades: Mapping[str, int]) -> Query:
    focus = tuple(dict.fromkeys(slug(name) for name in wish.skill_focus))[:24]
    name = wish.track.replace("-", " ")
    track = TrackContent(
        name=name[:120] if len(name) >= 3 else f"Role {name}",
        description=f"The role of a {name}. {', '.join(wish.skill_focus)}"[:2_000].ljust(20, "."),
        skill_focus=focus or (slug(wish.track),),
    )
    learner = Learner(
        track=track,
        essays=_unmarked(wish.essay),
        signals={f"interest:{slug(interest)}": 1.0 for interest in wish.interests},
    )
    return Query(wish.id, wish.track, learner, (wish.essay,) if wish.essay else (), grades)


def rewritten(query: Query, text: str) -> Query:
    """`query` with another essay."""
    return query._replace(essays=(text,), learner=query.learner.model_copy(update={"essays": _unmarked(text)}))


def _unmarked(text: str) -> tuple[EssayResult, ...]:
    """An essay whose question and rubric are not known: read for what it is about, taken as no evidence of what its writer masters."""
    if not text.strip():
        return ()
    own = tuple(text[start:end] for start, end in sentences(text))[:SENTENCES]
    return (EssayResult(skills=(), percent=NEUTRAL, accuracy=None, held=True, sentences=own),)
