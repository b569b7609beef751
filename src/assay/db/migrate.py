"""Schema migrations from code: the CLI, the embedded runtime and the tests all go through here."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from assay.domain.errors import Unavailable

PROJECT: Final = Path(__file__).parents[3]
OLDEST: Final = 18
"""Since this version Postgres makes identifiers that sort by time."""
WITHOUT_VECTORS: Final = (
    "This database cannot keep vectors: its server lacks the extension pgvector. Nothing was changed. Install it there (packages call it"
    f' postgresql-{OLDEST}-pgvector, hosted databases "vector"), or unset DATABASE_URL to use the Postgres that comes with Assay; then run'
    " this again. VECTOR_STORE=chroma needs it too: Postgres keeps every vector, Chroma a copy to search in."
)
OBSTACLES: Final = {
    "55P03": "A table that the migration changes is in use by a long transaction. Nothing was changed; run it again.",
    # what is said of an extension whose files are not there has changed its code once
    "0A000": WITHOUT_VECTORS,
    "58P01": WITHOUT_VECTORS,
    "42501": (
        "This account may not make what the schema needs. Nothing was changed. Let an administrator of the database run"
        ' "CREATE EXTENSION vector" in it once, and see that the account may create tables; then run this again.'
    ),
    "42883": f"The schema needs Postgres {OLDEST} or newer. Nothing was changed. Point DATABASE_URL at a newer server.",
}
"""What to do about it, by the database's error code."""


def configuration(url: str) -> Config:
    """Alembic's configuration for the database at `url` (with the asyncpg driver in its scheme)."""
    config = Config(PROJECT / "alembic.ini")
    config.attributes["url"] = url
    return config


def head() -> str:
    """The newest revision that this version knows."""
    return str(ScriptDirectory.from_config(configuration("")).get_current_head())


def knows(revision: str) -> bool:
    """Whether this version knows how to go on from a schema of this revision."""
    try:
        return ScriptDirectory.from_config(configuration("")).get_revision(revision) is not None
    except CommandError:
        return False


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`. Must not be called inside a running event loop.

    Raises `Unavailable`, with nothing changed and saying what to do, when somebody does not let go of a table for five seconds, or when
    the server lacks pgvector, is too old, or does not let this account do it.
    """
    try:
        command.upgrade(configuration(url), revision)
    except DBAPIError as error:
        obstacle = OBSTACLES.get(str(getattr(error.orig, "sqlstate", "")))
        if obstacle is None:
            raise
        raise Unavailable(obstacle) from error


def downgrade(url: str, revision: str) -> None:
    """Take the database at `url` back to `revision` (`base` for nothing)."""
    command.downgrade(configuration(url), revision)


def check(url: str) -> None:
    """Raise `alembic.util.CommandError` unless the models describe exactly the database at `url`."""
    command.check(configuration(url))
