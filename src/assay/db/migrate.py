"""Schema migrations from code: the CLI, the embedded runtime and the tests all go through here."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from assay.domain.errors import Unavailable

PROJECT: Final = Path(__file__).parents[3]
LOCK_NOT_AVAILABLE: Final = "55P03"


def configuration(url: str) -> Config:
    """Alembic's configuration for the database at `url` (with the asyncpg driver in its scheme)."""
    config = Config(PROJECT / "alembic.ini")
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`. Must not be called inside a running event loop.

    Raises `Unavailable`, with nothing changed, when somebody does not let go of a table for five seconds.
    """
    try:
        command.upgrade(configuration(url), revision)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise Unavailable(
            "A table that the migration changes is in use by a long transaction. Nothing was changed; run it again."
        ) from error


def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to `revision` (`base` for nothing)."""
    command.downgrade(configuration(url), revision)


def check(url: str) -> None:
    """Raise `alembic.util.CommandError` unless the models describe exactly the database at `url`."""
    command.check(configuration(url))
