"""Signals of the supervisor: which ones end it, and the stretch in which none does."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType


@contextmanager
def ended_by(*signals: signal.Signals) -> Iterator[Event]:
    """Let these signals, and Ctrl-C, end the block with `KeyboardInterrupt`.

    The event is set too: an exception that a signal raises can be lost in code that must not fail (a finaliser, a callback of an import).
    """
    told = Event()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        told.set()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, *signals)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Finish the block whatever signal comes: for work that is bounded in time by itself."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
