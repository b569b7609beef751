"""A process of the product with one thing wrong: `python -m faults.sabotage NAME VERB …` changes the code, then is `assay VERB …`.

Two kinds: deaths at an exact point, where a signal from outside would come too early or too late, and mutants, code as it must not be,
which show that the checks would notice. The product itself knows nothing of this.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncSession

from assay.broker.rq import RqBroker
from assay.db.models import EssayScore
from assay.db.repositories import jobs as ledger
from assay.db.repositories.jobs import Completed, Jobs
from assay.db.repositories.scores import Scores
from assay.db.unit_of_work import UnitOfWork
from assay.domain import prechecks
from assay.domain.jobs import ClaimedJob, JobStatus, JobType
from assay.domain.prechecks import Flag
from assay.services import essay_scoring, submission

POISON: Final = "FAULTS_POISON"
"""The environment variable with the words of an essay that ends the process that reads it."""


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dies_after_commit() -> None:
    """The first ring, which follows a commit, is the end."""

    async def ring(self: RqBroker, job_type: JobType, job_id: UUID) -> bool:
        _die()
        return False

    RqBroker.ring = ring  # type: ignore[method-assign]


def dies_before_commit() -> None:
    """The first commit of a submission is not reached."""
    _at_the_commit_of_a_submission(before=_die)


def loses_the_answer_to_a_commit() -> None:
    """The first commit of a submission succeeds, and the connection breaks before the answer arrives."""

    def lose() -> None:
        raise ConnectionResetError("the answer to the commit is lost")

    _at_the_commit_of_a_submission(after=lose)


def _at_the_commit_of_a_submission(*, before: Callable[[], None] = lambda: None, after: Callable[[], None] = lambda: None) -> None:
    enqueue, commit = submission._enqueue, AsyncSession.commit
    marked: list[AsyncSession] = []

    async def marking(uow: UnitOfWork, row: Any) -> None:
        await enqueue(uow, row)
        if not marked:
            marked.append(uow.session)

    async def struck(self: AsyncSession) -> None:
        is_it = marked[:1] == [self]
        if is_it:
            marked[:] = [AsyncSession()]  # once
            before()
        await commit(self)
        if is_it:
            after()

    submission._enqueue = marking
    AsyncSession.commit = struck  # type: ignore[method-assign]


def dies_before_effect() -> None:
    """Every reply is stored; the effect is not reached."""

    async def complete(self: Jobs, job: ClaimedJob, status: JobStatus, error: str | None = None) -> Completed:
        _die()
        raise AssertionError

    Jobs.complete = complete  # type: ignore[method-assign]


def dies_of_poison() -> None:
    """An essay that says so kills whoever looks at it, before any grader is asked to and whichever it would be."""
    precheck = prechecks.precheck

    def looking(essay: str, **more: Any) -> tuple[Flag, ...]:
        if os.environ[POISON] in essay:
            _die()
        return precheck(essay, **more)

    prechecks.precheck = looking


def without_fence() -> None:
    """Mutant: no statement of the ledger asks for the fence any more."""
    for name in ("_COMPLETE", "_RENEW", "_NOTE", "_RETRY"):
        statement = str(getattr(ledger, name).text)
        for condition in (" AND fence = :fence", " AND async_jobs.fence = held.fence", " AND job.fence = held.fence"):
            statement = statement.replace(condition, "")
        if statement == str(getattr(ledger, name).text):
            raise ValueError(f"{name} has no fence to take away")
        setattr(ledger, name, sqlalchemy.text(statement))


def effect_first() -> None:
    """Mutant: scores are committed before the job is completed; the process dies in between."""

    async def later(uow: UnitOfWork, job: ClaimedJob, status: JobStatus, error: str | None = None) -> Completed:
        return Completed(None, None, is_heard=False)

    add = Scores.add_essay_scores

    async def at_once(self: Scores, scores: Sequence[EssayScore]) -> None:
        await add(self, scores)
        await self._session.commit()
        _die()

    essay_scoring._complete = later
    Scores.add_essay_scores = at_once  # type: ignore[method-assign]


def ring_first() -> None:
    """Mutant: workers are rung for before the transaction is committed."""
    enqueue, init = submission._enqueue, RqBroker.__init__
    brokers: list[RqBroker] = []

    def remembering(self: RqBroker, *given: Any, **named: Any) -> None:
        init(self, *given, **named)
        brokers.append(self)

    async def early(uow: UnitOfWork, row: Any) -> None:
        await enqueue(uow, row)
        for job_type, job_id in uow.rings:
            await brokers[0].ring(job_type, job_id)
        uow.rings.clear()

    RqBroker.__init__ = remembering  # type: ignore[method-assign]
    submission._enqueue = early


SABOTAGES: Final[Mapping[str, Callable[[], None]]] = {
    "dies-after-commit": dies_after_commit,
    "dies-before-commit": dies_before_commit,
    "loses-the-answer-to-a-commit": loses_the_answer_to_a_commit,
    "dies-before-effect": dies_before_effect,
    "dies-of-poison": dies_of_poison,
    "without-fence": without_fence,
    "effect-first": effect_first,
    "ring-first": ring_first,
}


def main(name: str, *words: str) -> None:
    """Change the code, then be `assay` with these words."""
    from assay.cli import main as assay

    SABOTAGES[name]()
    sys.argv = ["assay", *words]
    assay()


if __name__ == "__main__":
    main(*sys.argv[1:])
