"""Told to end at the worst moment: between our own handling of signals and RQ's."""

import os
import signal
import threading
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import pytest

from assay.settings import Settings
from assay.worker import main


class Late:
    """An RQ worker that is told to end just before it listens for signals."""

    def __init__(self, *_: object, **__: object) -> None:
        self.stopped = threading.Event()

    def work(self, **_: Any) -> None:
        """Wait for messages until told to stop, as RQ does."""
        os.kill(os.getpid(), signal.SIGTERM)
        signal.signal(signal.SIGTERM, lambda *_: self.stopped.set())
        self.stopped.wait(5)


@pytest.fixture
def handlers() -> Iterator[None]:
    """Whoever handled signals before does so again."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_that_came_too_early_for_rq_is_passed_on(handlers: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker ends at once, and not only when it is killed for not ending."""
    monkeypatch.setattr(main, "SimpleWorker", Late)
    begun = perf_counter()
    main._listen(settings, threading.Event())
    assert perf_counter() - begun < 3
