"""What a ring runs: the functions RQ calls by name. They carry no data and do no work; they wake the drainer and return."""

import time
from collections.abc import Callable
from typing import Final

REST_SECONDS: Final = 0.05
"""Between two rings: one wake-up drains the ledger, and what RQ does around each message would take the processor from the jobs."""

_wake: list[Callable[[], None]] = []
_deliver: list[Callable[[], None]] = []


def on_ring(wake: Callable[[], None], *, deliver: Callable[[], None]) -> None:
    """Let `wake` be called (from RQ's thread) when jobs of assessments are due, and `deliver` when webhooks are."""
    _wake[:], _deliver[:] = [wake], [deliver]


def score_essay(job_id: str) -> None:
    """An assessment's essays are due."""
    _ring(job_id, _wake)


def generate_recommendations(job_id: str) -> None:
    """An assessment's recommendations are due."""
    _ring(job_id, _wake)


def deliver_webhook(job_id: str) -> None:
    """An event is due at an endpoint."""
    _ring(job_id, _deliver)


def _ring(job_id: str, woken: list[Callable[[], None]]) -> None:
    del job_id  # the ledger knows what is due; the id is for whoever reads the queue
    for wake in woken:
        wake()
    time.sleep(REST_SECONDS)
