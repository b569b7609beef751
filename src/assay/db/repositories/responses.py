"""Answers: the last write per question stands, repeated batches change nothing, submitted ones are locked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BOOLEAN, BYTEA, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession

from assay.db.models import AssessmentResponse
from assay.db.models.base import encrypted

# The assessment's row is share-locked, so that a save and a submit never interleave. An answer is written when its batch is
# new and its time is not older than the one that stands; a client's clock that runs ahead is capped at the server's.
_SAVE = text(
    """
    WITH target AS (
        SELECT id FROM assessments
        WHERE id = :id AND submitted_at IS NULL AND closed_at IS NULL AND expires_at > clock_timestamp() FOR SHARE
    ), batch AS (
        INSERT INTO response_batches (assessment_id, batch_id) SELECT id, :batch FROM target ON CONFLICT DO NOTHING RETURNING 1
    ), written AS (
        INSERT INTO assessment_responses (assessment_id, question_id, answer, is_blank, answered_at, saved_at)
        SELECT target.id, given.question_id, given.answer, given.is_blank,
               least(coalesce(given.answered_at, clock_timestamp()), clock_timestamp()), clock_timestamp()
        FROM target, batch, unnest(:questions, :answers, :blanks, :times) AS given (question_id, answer, is_blank, answered_at)
        ON CONFLICT (assessment_id, question_id) DO UPDATE
        SET answer = excluded.answer, is_blank = excluded.is_blank, answered_at = excluded.answered_at, saved_at = excluded.saved_at
        WHERE excluded.answered_at >= assessment_responses.answered_at
        RETURNING question_id
    )
    SELECT clock_timestamp() AS saved_at, EXISTS (SELECT FROM target) AS writable, EXISTS (SELECT FROM batch) AS is_new,
           ARRAY(SELECT question_id FROM written) AS written
    """
).bindparams(
    bindparam("questions", type_=ARRAY(PG_UUID())),
    bindparam("answers", type_=ARRAY(BYTEA())),
    bindparam("blanks", type_=ARRAY(BOOLEAN())),
    bindparam("times", type_=ARRAY(TIMESTAMP(timezone=True))),
)
_ALL = text("SELECT question_id, answer, is_blank, answered_at FROM assessment_responses WHERE assessment_id = :id")
_SHEET = text(
    "SELECT asked.question_id, asked.question_version_id, said.answer, said.is_blank, said.answered_at"
    " FROM assessment_question_snapshots asked LEFT JOIN assessment_responses said USING (assessment_id, question_id)"
    " WHERE assessment_id = :id ORDER BY asked.position"
)
_ANSWER = encrypted(AssessmentResponse, "answer")

_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


class GivenAnswer(NamedTuple):
    """An answer as it arrives; `answered_at` is the client's time."""

    question_id: UUID
    answer: Any
    is_blank: bool
    answered_at: datetime | None


class SavedAnswer(NamedTuple):
    """An answer that stands."""

    question_id: UUID
    answer: Any
    is_blank: bool
    answered_at: datetime


class AskedAndSaved(NamedTuple):
    """A question of a bundle in the version that was asked, and the answer that stands."""

    question_id: UUID
    version_id: UUID
    saved: SavedAnswer | None


class Saved(NamedTuple):
    """What a save did. `writable` is False when the assessment is submitted or over; `is_new` is False for a repeated batch."""

    saved_at: datetime
    writable: bool
    is_new: bool
    written: list[UUID]


class Responses:
    """The answers of this transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def save(self, assessment_id: UUID, batch_id: str, answers: Sequence[GivenAnswer]) -> Saved:
        """Take a batch in, in one statement."""
        # null is an answer too (a cleared one), so it is encrypted like any other
        values = {
            "id": assessment_id,
            "batch": batch_id,
            "questions": [answer.question_id for answer in answers],
            "answers": [_ANSWER.sealed([answer.answer], assessment_id, answer.question_id) for answer in answers],
            "blanks": [answer.is_blank for answer in answers],
            "times": [answer.answered_at and _in_utc(answer.answered_at) for answer in answers],
        }
        return Saved(*(await self._session.execute(_SAVE, values)).one())

    async def all(self, assessment_id: UUID) -> dict[UUID, SavedAnswer]:
        """Every answer that stands, by question."""
        rows = await self._session.execute(_ALL, {"id": assessment_id})
        return {row.question_id: _saved(assessment_id, row) for row in rows}

    async def sheet(self, assessment_id: UUID) -> list[AskedAndSaved]:
        """Every question of the bundle, in order, with its answer."""
        rows = await self._session.execute(_SHEET, {"id": assessment_id})
        return [
            AskedAndSaved(row.question_id, row.question_version_id, None if row.answer is None else _saved(assessment_id, row))
            for row in rows
        ]


def _saved(assessment_id: UUID, row: Any) -> SavedAnswer:
    (answer,) = _ANSWER.opened(row.answer, assessment_id, row.question_id)
    return SavedAnswer(row.question_id, answer, row.is_blank, row.answered_at)


def _in_utc(moment: datetime) -> datetime:
    """`moment` in UTC; the calendar's first or last moment when it lies beyond it there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _FIRST if moment.year == _FIRST.year else _LAST
