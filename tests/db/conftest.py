"""The database without the rest of the runtime: an engine of its own, a broker that only writes down, and rows to work on."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from assay.db.engine import create_engine
from assay.db.types import use_key_ring
from assay.db.unit_of_work import OpenUnitOfWork, UnitOfWork, unit_of_work_factory
from assay.domain.jobs import JobType
from assay.kit.ids import new_id
from assay.kit.transactions import assert_no_transaction
from assay.security.encryption import KeyRing
from assay.settings import Settings

type NewAssessment = Callable[[UnitOfWork], Awaitable[UUID]]
type NewJob = Callable[..., Awaitable[UUID]]


class RecordingBroker:
    """Writes down who was rung for. Refuses, like every real one, to be called inside a transaction."""

    def __init__(self) -> None:
        self.rung: list[tuple[JobType, UUID]] = []

    async def ring(self, job_type: JobType, job_id: UUID) -> bool:
        """Write it down."""
        assert_no_transaction()
        self.rung.append((job_type, job_id))
        return True

    async def depth(self) -> dict[str, int]:
        """Nothing waits."""
        return {}

    async def ping(self) -> None:
        """Always there."""

    async def close(self) -> None:
        """Nothing to let go."""


@pytest.fixture
def broker() -> RecordingBroker:
    """A broker that writes down."""
    return RecordingBroker()


@pytest_asyncio.fixture
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """An engine on this test's database, with the test key ring installed."""
    keys = {name: key.get_secret_value() for name, key in settings.encryption_keys.items()}
    use_key_ring(KeyRing(keys, settings.blind_index_key.get_secret_value()))
    made = create_engine(settings.async_database_url, pool_size=12, pool_timeout=5, statement_timeout_ms=15_000)
    yield made
    await made.dispose()


@pytest.fixture
def open_uow(engine: AsyncEngine, broker: RecordingBroker) -> OpenUnitOfWork:
    """Units of work on that engine."""
    return unit_of_work_factory(engine, broker)


@pytest.fixture
def new_assessment() -> NewAssessment:
    """Writes a submitted assessment of the demo student, closed so that any number of them can stand side by side."""

    async def make(uow: UnitOfWork) -> UUID:
        student = await uow.accounts.by_email("student@assay.example")
        track = await uow.tracks.by_slug("backend-engineer")
        assert student is not None
        assert track is not None
        made = new_id()
        await uow.session.execute(
            text(
                "INSERT INTO assessments (id, student_id, track_id, track_version, expires_at, submitted_at, closed_at)"
                " VALUES (:id, :student, :track, 1, now() + interval '7 days', now(), now())"
            ),
            {"id": made, "student": student.id, "track": track.id},
        )
        return made

    return make


@pytest.fixture
def new_job(open_uow: OpenUnitOfWork, new_assessment: NewAssessment) -> NewJob:
    """Writes a job of a new assessment, committed; returns the job's id."""

    async def make(job_type: JobType = JobType.SCORE_ESSAY, *, priority: int = 1, waits: bool = False) -> UUID:
        job_id = new_id()
        async with open_uow() as uow:
            assessment_id = await new_assessment(uow)
            await uow.jobs.add(
                job_id,
                job_type,
                assessment_id=assessment_id,
                track="backend-engineer",
                correlation_id="c-1",
                priority=priority,
                waits=waits,
            )
        return job_id

    return make
