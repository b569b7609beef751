"""What tests of advisors share: advisors of other students, and assessments that were scored without a whole journey."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
from journeys import Student
from sqlalchemy import event, text

from assay.db.models import EssayScore, User
from assay.db.unit_of_work import UnitOfWork
from assay.domain.actors import Actor, Role
from assay.domain.grading import DimensionVerdict, Provenance, Verdict
from assay.domain.rubric import Dimension
from assay.kit.ids import new_id
from assay.runtime import Runtime

_ASSESSMENT = text(
    """
    INSERT INTO assessments (id, student_id, track_id, track_version, started_at, expires_at, submitted_at, completed_at, closed_at)
    SELECT :id, u.id, t.id, 1, now() - coalesce(CAST(:submitted AS interval), '1 hour'), now() + CAST(:expires AS interval),
           now() - CAST(:submitted AS interval), now() - CAST(:completed AS interval), now() - CAST(:closed AS interval)
    FROM users u, role_catalog t WHERE u.id = :student AND t.slug = :track
    """
)
_ESSAYS = text(
    """
    INSERT INTO assessment_question_snapshots (assessment_id, position, question_id, question_version_id)
    SELECT :id, row_number() OVER (ORDER BY q.slug), q.id, v.id
    FROM questions q JOIN question_versions v ON v.question_id = q.id AND v.version = q.current_version
    JOIN question_tracks qt ON qt.question_id = q.id JOIN role_catalog t ON t.id = qt.track_id
    WHERE q.type = 'essay' AND t.slug = :track ORDER BY q.slug LIMIT 3
    RETURNING question_id
    """
)


async def advisor_of(runtime: Runtime, client: httpx2.AsyncClient, cohort: str | None, *students: UUID) -> Student:
    """A new advisor at the API, in a cohort of this name with these students, or in none."""
    user = User(id=new_id(), email=f"{new_id()}@assay.example", name="Someone Else", role=Role.ADVISOR.value, pseudonym=new_id())
    async with runtime.open_uow() as uow:
        uow.accounts.add(user)
        await uow.session.flush()
        for member in (user.id, *students) if cohort else ():
            await uow.accounts.join_cohort(cohort or "", member, runtime.clock())
    return Student(client, runtime.identity.tokens.access(Actor(id=user.id, role=Role.ADVISOR), runtime.clock()))


async def new_assessment(
    uow: UnitOfWork,
    student_id: UUID,
    *,
    track: str = "backend-engineer",
    expires: timedelta = timedelta(days=1),
    submitted: timedelta | None = timedelta(hours=1),
    completed: timedelta | None = timedelta(hours=1),
    closed: timedelta | None = timedelta(hours=1),
) -> UUID:
    """An assessment; `submitted`, `completed` and `closed` are so long ago, None for never."""
    values = {"id": new_id(), "student": student_id, "track": track, "expires": expires}
    await uow.session.execute(_ASSESSMENT, {**values, "submitted": submitted, "completed": completed, "closed": closed})
    return values["id"]  # type: ignore[return-value]


async def new_scores(
    uow: UnitOfWork, assessment_id: UUID, *essays: Mapping[Dimension, int | None], track: str = "backend-engineer", **provenance: Any
) -> list[UUID]:
    """Scores of an essay each with these levels (None: held); their ids."""
    questions = list(await uow.session.scalars(_ESSAYS, {"id": assessment_id, "track": track}))
    scores = [essay_score(assessment_id, question, levels, **provenance) for question, levels in zip(questions, essays, strict=False)]
    await uow.scores.add_essay_scores(scores)
    return [score.id for score in scores]


def essay_score(
    assessment_id: UUID, question_id: UUID, levels: Mapping[Dimension, int | None], version: int = 1, **provenance: Any
) -> EssayScore:
    """A row with these levels, all weights equal."""
    given = [level for level in levels.values() if level is not None]
    made = Provenance.model_validate({"producer": "openai", "model": "m-1", "prompt_hash": "0" * 64, **provenance})
    verdict = Verdict(
        dimensions={
            name: DimensionVerdict(
                level=level, rationale="Because.", held=level is None, held_reason=None if level is not None else "no quote"
            )
            for name, level in levels.items()
        }
    )
    return EssayScore(
        id=new_id(),
        assessment_id=assessment_id,
        question_id=question_id,
        version=version,
        **{name.value: level for name, level in levels.items()},
        percent=100 * sum(given) / (4 * len(given)) if given else 0.0,
        flags=[],
        verdict=verdict.model_dump(mode="json"),
        provenance=made.model_dump(mode="json"),
        reply_key=None,
    )


def levels(clarity: int | None, accuracy: int | None = 2, coherence: int | None = 2) -> dict[Dimension, int | None]:
    """Levels by dimension."""
    return {Dimension.CLARITY: clarity, Dimension.ACCURACY: accuracy, Dimension.COHERENCE: coherence}


async def override(advisor: Student, score_id: UUID | str, reason: str | None = "Because.", **given: int) -> httpx2.Response:
    """Say levels of an essay score."""
    return await advisor.request("POST", f"/essay-scores/{score_id}/override", json={"levels": given, "reason": reason})


@contextmanager
def statements(runtime: Runtime) -> Iterator[list[str]]:
    """The SQL that is run meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(runtime.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(runtime.engine.sync_engine, "before_cursor_execute", note)
