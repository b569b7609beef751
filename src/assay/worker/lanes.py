"""Lanes: jobs that share their places in a worker, so that those of one kind never wait for those of another."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from assay.db.repositories.jobs import Claim
from assay.db.unit_of_work import UnitOfWork
from assay.domain.jobs import JobType
from assay.runtime import Runtime


class Lane(NamedTuple):
    """Which jobs, how many are in hand at most, and how they are claimed: for whom, how many, for how many seconds."""

    types: frozenset[JobType]
    places: Callable[[Runtime], int]
    claim: Callable[[UnitOfWork, str, int, float], Awaitable[list[Claim]]]


ASSESSMENTS: Final = Lane(
    frozenset({JobType.SCORE_ESSAY, JobType.GENERATE_RECOMMENDATIONS}),
    lambda runtime: runtime.settings.worker_slots,
    lambda uow, owner, places, lease: uow.jobs.claim(owner, places, lease, suspects=False),
)
SUSPECTS: Final = Lane(
    frozenset(),  # nobody rings for them: they are looked for each second
    lambda _: 1,
    lambda uow, owner, places, lease: uow.jobs.claim(owner, places, lease, suspects=True),
)
"""Jobs in whose hands workers have died more than once, one at a time: of two such, one that kills takes no innocent with it."""
DELIVERIES: Final = Lane(
    frozenset({JobType.DELIVER_WEBHOOK}),
    lambda runtime: runtime.settings.webhook_slots,
    lambda uow, owner, places, lease: uow.deliveries.claim(owner, places, lease),
)
