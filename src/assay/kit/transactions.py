"""The law "no network inside a transaction", made checkable: the unit of work marks itself open, the outside world asserts it is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_open: ContextVar[bool] = ContextVar("transaction_open", default=False)


class NetworkInsideTransaction(AssertionError):
    """A remote call was about to be made while a database transaction was held open."""


@contextmanager
def transaction_marked() -> Iterator[None]:
    """Mark the current task as holding a transaction open."""
    token = _open.set(True)
    try:
        yield
    finally:
        _open.reset(token)


def assert_no_transaction() -> None:
    """Refuse to go on while a transaction is open. Called first by everything that leaves the process."""
    if _open.get():
        msg = "close the unit of work before calling out: a slow network must never hold row locks"
        raise NetworkInsideTransaction(msg)
