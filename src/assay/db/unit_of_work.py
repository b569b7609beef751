"""The unit of work: one transaction, its repositories, and the doorbells rung once it is committed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.pool import QueuePool

from assay.db.repositories.accounts import Accounts
from assay.db.repositories.assessments import Assessments
from assay.db.repositories.audit import AuditTrail
from assay.db.repositories.caseload import Caseload
from assay.db.repositories.catalog import Catalog
from assay.db.repositories.catalog_imports import CatalogImports
from assay.db.repositories.cohorts import Cohorts
from assay.db.repositories.credentials import Credentials
from assay.db.repositories.dashboards import Dashboards
from assay.db.repositories.declarations import Declarations
from assay.db.repositories.deliveries import Deliveries
from assay.db.repositories.enrolment import Enrolment
from assay.db.repositories.external_identities import ExternalIdentities
from assay.db.repositories.feedback import FeedbackEntries
from assay.db.repositories.flags import Flags
from assay.db.repositories.heals import Heals
from assay.db.repositories.idempotency import IdempotencyKeys
from assay.db.repositories.index import IndexVersions
from assay.db.repositories.invariants import Invariants
from assay.db.repositories.item_statistics import ItemStatisticsRows
from assay.db.repositories.job_records import JobRecords
from assay.db.repositories.jobs import Jobs
from assay.db.repositories.legal_holds import LegalHolds
from assay.db.repositories.notes import Notes
from assay.db.repositories.overrides import Overrides
from assay.db.repositories.password_links import PasswordLinks
from assay.db.repositories.personal import PersonalData
from assay.db.repositories.questions import Questions
from assay.db.repositories.recommendations import Recommendations
from assay.db.repositories.replies import Replies
from assay.db.repositories.responses import Responses
from assay.db.repositories.retention import Retention
from assay.db.repositories.scores import Scores
from assay.db.repositories.sealed_values import SealedValues
from assay.db.repositories.search import Search
from assay.db.repositories.service_accounts import ServiceAccounts
from assay.db.repositories.shown import ShownAssessments
from assay.db.repositories.snapshots import Snapshots
from assay.db.repositories.tracks import Tracks
from assay.db.repositories.vitals import Vitals
from assay.db.repositories.web_sessions import WebSessions
from assay.db.repositories.webhooks import Webhooks
from assay.domain.errors import Unavailable
from assay.domain.jobs import JobType
from assay.domain.ports import Broker
from assay.kit.transactions import transaction_marked
from assay.observability import metrics

log = structlog.get_logger(__name__)


class OpenUnitOfWork(Protocol):
    """Opens a unit of work: one transaction, or with `autocommit` each statement by itself, which spares BEGIN and COMMIT.

    For what only reads that is the same (under READ COMMITTED each statement sees what is committed when it begins), and for one write.
    """

    def __call__(self, *, autocommit: bool = False) -> AbstractAsyncContextManager["UnitOfWork"]:
        """Raises `Unavailable` when the database is away."""


class _Room[Repository]:
    """A repository of a unit of work, made when it is first asked for: most units need one or two of them."""

    def __init__(self, make: Callable[[AsyncSession], Repository]) -> None:
        self._make = make
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, unit: "UnitOfWork", owner: type) -> Repository:
        made = unit.__dict__[self._name] = self._make(unit.session)
        return made


class UnitOfWork:
    """Repositories that share one transaction. Callers never commit: leaving the block does, and rings afterwards."""

    accounts = _Room(Accounts)
    assessments = _Room(Assessments)
    audit = _Room(AuditTrail)
    caseload = _Room(Caseload)
    catalog = _Room(Catalog)
    catalog_imports = _Room(CatalogImports)
    cohorts = _Room(Cohorts)
    credentials = _Room(Credentials)
    dashboards = _Room(Dashboards)
    declarations = _Room(Declarations)
    deliveries = _Room(Deliveries)
    enrolment = _Room(Enrolment)
    external_identities = _Room(ExternalIdentities)
    feedback = _Room(FeedbackEntries)
    flags = _Room(Flags)
    heals = _Room(Heals)
    idempotency = _Room(IdempotencyKeys)
    index = _Room(IndexVersions)
    invariants = _Room(Invariants)
    item_statistics = _Room(ItemStatisticsRows)
    job_records = _Room(JobRecords)
    jobs = _Room(Jobs)
    legal_holds = _Room(LegalHolds)
    notes = _Room(Notes)
    overrides = _Room(Overrides)
    password_links = _Room(PasswordLinks)
    personal = _Room(PersonalData)
    questions = _Room(Questions)
    recommendations = _Room(Recommendations)
    replies = _Room(Replies)
    responses = _Room(Responses)
    retention = _Room(Retention)
    scores = _Room(Scores)
    sealed_values = _Room(SealedValues)
    search = _Room(Search)
    service_accounts = _Room(ServiceAccounts)
    shown = _Room(ShownAssessments)
    snapshots = _Room(Snapshots)
    tracks = _Room(Tracks)
    web_sessions = _Room(WebSessions)
    vitals = _Room(Vitals)
    webhooks = _Room(Webhooks)

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.rings: list[tuple[JobType, UUID]] = []

    def ring_after_commit(self, job_type: JobType, job_id: UUID) -> None:
        """Wake a worker once this transaction is durable; forgotten on rollback."""
        self.rings.append((job_type, job_id))


def unit_of_work_factory(engine: AsyncEngine, broker: Broker) -> OpenUnitOfWork:
    """Opens units of work on `engine`. Database outages surface as `Unavailable`."""
    writing = async_sessionmaker(engine, expire_on_commit=False)
    reading = async_sessionmaker(engine.execution_options(isolation_level="AUTOCOMMIT"), expire_on_commit=False, autoflush=False)
    pool = engine.pool
    if not isinstance(pool, QueuePool):
        msg = "a unit of work needs an engine with a bounded pool"
        raise TypeError(msg)
    places, patience = asyncio.Semaphore(pool.size()), pool.timeout()
    metrics.DB_POOL_SIZE.set(pool.size())
    metrics.DB_POOL_IN_USE.set_function(pool.checkedout)

    @asynccontextmanager
    async def open_unit_of_work(*, autocommit: bool = False) -> AsyncIterator[UnitOfWork]:
        with outages_named(), transaction_marked():
            async with _place(places, patience), _closing(reading() if autocommit else writing()) as session:
                uow = UnitOfWork(session)
                yield uow
                if not autocommit:
                    await session.commit()
                elif session.new or session.dirty or session.deleted or uow.rings:
                    msg = "a unit of work without a transaction has nothing to commit: no objects, no rings"
                    raise RuntimeError(msg)
        for job_type, job_id in uow.rings:
            await broker.ring(job_type, job_id)

    return open_unit_of_work


@asynccontextmanager
async def _place(places: asyncio.Semaphore, patience: float) -> AsyncIterator[None]:
    """Wait in line for a connection.

    In the pool's own queue a newcomer may take a connection before the caller that was woken for it, who then waits again at the end:
    with 100 clients the slowest twentieth waited three times the median.
    """
    if places.locked():
        await _waited(places, patience)
    else:
        await places.acquire()  # there is one: this does not wait
    try:
        yield
    finally:
        places.release()


async def _waited(places: asyncio.Semaphore, patience: float) -> None:
    try:
        with metrics.DB_POOL_WAITING.track_inprogress():
            async with asyncio.timeout(patience):
                await places.acquire()
    except TimeoutError:
        metrics.DB_POOL_TIMEOUTS.inc()
        raise PoolTimeoutError from None


@asynccontextmanager
async def _closing(session: AsyncSession) -> AsyncIterator[AsyncSession]:
    """Close the session at the end.

    Its own context manager makes a task of that each time, so that no cancellation interrupts it. That is needed only after a failure:
    what has been committed, or had no transaction, is given back without waiting for anything.
    """
    try:
        yield session
    except BaseException:
        async with session:
            raise
    await session.close()


class outages_named:  # noqa: N801 - reads as a phrase in a with statement
    """Turn a database that is away, a pool that is spent, or a transaction that had to be undone into `Unavailable`; other errors pass."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Name the outage."""
        if isinstance(error, PoolTimeoutError):
            message = "All database connections are busy. Try again shortly."
        elif _is_outage(error):
            message = "The database cannot be reached. Nothing was lost; try again shortly."
        elif collided(error):
            message = "The database undid this in favour of something else at the same place. Nothing was lost; try again shortly."
        else:
            return
        log.warning("database_unavailable", error=type(error).__name__)
        raise Unavailable(message) from error


def collided(error: BaseException | None) -> DBAPIError | None:
    """The error, if with it the database undid a transaction in favour of another (40001 serialization, 40P01 deadlock)."""
    if isinstance(error, DBAPIError) and str(getattr(error.orig, "sqlstate", "")) in {"40001", "40P01"}:
        return error
    return None


def _is_outage(error: BaseException | None) -> bool:
    if isinstance(error, OSError | TimeoutError):
        return True
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", "") or "")
        lost = error.connection_invalidated or isinstance(error, InterfaceError | OperationalError)
        # 08 connection, 53 resources, 57014 statement timeout, 57P shutdown by an operator, 25P03 idle in transaction
        return state.startswith(("08", "53", "57014", "57P", "25P03")) or (lost and not state)
    return False
