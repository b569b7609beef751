"""Migrations: up, down and up again on an empty database, each step on its own, and models that describe exactly what stands."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import asyncpg
import pytest
import servers
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from assay.db import migrate
from assay.db.models import Base
from assay.domain.errors import Unavailable

REVISIONS = [each.revision for each in reversed(list(ScriptDirectory.from_config(migrate.configuration("")).walk_revisions()))]
CATALOG = {
    "columns": "SELECT table_name, column_name, udt_name, is_nullable, column_default, is_identity, generation_expression"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "functions": "SELECT proname, prosrc FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
    " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')",
    "triggers": "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
}
WHOLE = REVISIONS[6]
"""With this revision the first schema was whole."""


class Column(NamedTuple):
    """What a program that writes to a table needs to know of a column."""

    type: str
    nullable: str
    default: str | None


type Catalog = dict[str, set[tuple[Any, ...]]]
type NewDatabase = Callable[[str], str]


@pytest.fixture
def empty_database(shared: servers.Servers, request: pytest.FixtureRequest) -> Iterator[NewDatabase]:
    """Makes empty databases, gives their URLs, and drops them."""
    made: list[str] = []

    def make(name: str) -> str:
        made.append(f"migrations_{shared.worker}_{name}")
        return shared.empty_database(made[-1]).replace("postgresql://", "postgresql+asyncpg://", 1)

    yield make
    for name in made:
        shared.drop_database(name)


def outside_loop(call: Callable[[], Any]) -> Any:
    """Run `call` in a thread, since migrations run a loop of their own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


async def catalog(url: str) -> Catalog:
    """What Postgres says stands in the database, without the migration tool's own table."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return {
            kind: {tuple(row) for row in await connection.fetch(query) if "alembic_version" not in row[0]}
            for kind, query in CATALOG.items()
        }
    finally:
        await connection.close()


async def columns(url: str) -> dict[tuple[str, str], Column]:
    """Every column by table and name."""
    return {(table, name): Column(kind, nullable, default) for table, name, kind, nullable, default, *_ in (await catalog(url))["columns"]}


def taken(before: dict[tuple[str, str], Column], after: dict[tuple[str, str], Column]) -> set[tuple[str, str]]:
    """Columns through which a program made for `before` would fail on `after`."""
    tables = {table for table, _ in before}
    changed = {
        place
        for place, column in before.items()
        if place not in after or after[place].type != column.type or after[place].nullable < column.nullable
    }
    demanded = {
        (table, name)
        for (table, name), column in after.items()
        if table in tables and (table, name) not in before and column.nullable == "NO" and column.default is None
    }
    return changed | demanded


async def test_up_down_and_up_again(empty_database: NewDatabase) -> None:
    """The models equal what the migrations made; down leaves nothing behind; the second way up ends where the first did."""
    url = empty_database("round")
    outside_loop(lambda: migrate.upgrade(url))
    outside_loop(lambda: migrate.check(url))
    first = await catalog(url)
    outside_loop(lambda: migrate.downgrade(url, "base"))
    assert await catalog(url) == {kind: set() for kind in CATALOG}
    outside_loop(lambda: migrate.upgrade(url))
    outside_loop(lambda: migrate.check(url))
    assert await catalog(url) == first


async def test_a_server_without_vectors_is_refused_with_what_to_do(empty_database: NewDatabase) -> None:
    """Nothing is changed, the sentence names the package, and that Chroma needs it as well; once it is there the same goes through."""
    url = empty_database("bare")
    name = make_url(url).database
    await _administer(url, f"ALTER DATABASE {name} SET extension_control_path = '/nowhere'")
    with pytest.raises(Unavailable, match=r"(?s)lacks the extension pgvector.*postgresql-18-pgvector.*VECTOR_STORE=chroma needs it too"):
        outside_loop(lambda: migrate.upgrade(url))
    assert await catalog(url) == {kind: set() for kind in CATALOG}
    await _administer(url, f"ALTER DATABASE {name} RESET extension_control_path")
    outside_loop(lambda: migrate.upgrade(url, "0001_identity"))


async def test_an_account_that_may_not_is_told_who_can(empty_database: NewDatabase) -> None:
    """The extension is made by an administrator, once."""
    url = empty_database("owned")
    parts = make_url(url)
    role = f"plain_{parts.database}"
    await _administer(url, f"CREATE ROLE {role} LOGIN")
    try:
        await _administer(url, f"ALTER DATABASE {parts.database} OWNER TO {role}")
        plain = parts.set(username=role).render_as_string(hide_password=False)
        with pytest.raises(Unavailable, match="Let an administrator"):
            outside_loop(lambda: migrate.upgrade(plain))
        await _administer(url, "CREATE EXTENSION vector")
        outside_loop(lambda: migrate.upgrade(plain, "0001_identity"))
    finally:
        await _administer(url, f"ALTER DATABASE {parts.database} OWNER TO {parts.username}")
        await _administer(url, f"DROP OWNED BY {role} CASCADE")
        await _administer(url, f"DROP ROLE {role}")


async def _administer(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_each_step_can_be_taken_back(empty_database: NewDatabase) -> None:
    """One revision up, down and up again gives the same database at every step."""
    url = empty_database("steps")
    for before, revision in pairwise(["base", *REVISIONS]):
        standing = await catalog(url)
        outside_loop(partial(migrate.upgrade, url, revision))
        made = await catalog(url)
        outside_loop(partial(migrate.downgrade, url, before))
        assert await catalog(url) == standing, f"{revision} does not go back to {before}"
        outside_loop(partial(migrate.upgrade, url, revision))
        assert await catalog(url) == made


async def test_no_revision_takes_anything_from_a_running_version(empty_database: NewDatabase) -> None:
    """Columns stay, with type and freedom to be empty; what is added a program that does not know it can leave out.

    This holds since the first schema was whole. A revision that contracts says why nothing needs what goes.
    """
    url = empty_database("beside")
    scripts = ScriptDirectory.from_config(migrate.configuration(""))
    outside_loop(partial(migrate.upgrade, url, WHOLE))
    for revision in REVISIONS[REVISIONS.index(WHOLE) + 1 :]:
        before = await columns(url)
        outside_loop(partial(migrate.upgrade, url, revision))
        after = await columns(url)
        if not getattr(scripts.get_revision(revision).module, "contracts", ""):
            assert taken(before, after) == set(), f"{revision} is not safe beside a running version: docs/decisions/0012"


def test_what_takes_something_away_is_recognised() -> None:
    """The check itself: a lost column, another type, a new demand, and an addition that old programs do not fill in."""
    before = {("t", "a"): Column("text", "YES", None), ("t", "b"): Column("int4", "NO", None)}
    assert taken(before, before | {("t", "c"): Column("text", "YES", None), ("t", "d"): Column("int4", "NO", "0")}) == set()
    assert taken(before, {("t", "a"): before["t", "a"]}) == {("t", "b")}
    assert taken(before, before | {("t", "b"): Column("int8", "NO", None)}) == {("t", "b")}
    assert taken(before, before | {("t", "a"): Column("text", "NO", None)}) == {("t", "a")}
    assert taken(before, before | {("t", "c"): Column("text", "NO", None)}) == {("t", "c")}
    assert taken(before, before | {("new", "c"): Column("text", "NO", None)}) == set()


async def test_a_table_in_use_is_not_waited_for(empty_database: NewDatabase) -> None:
    """A migration that cannot have a table gives up within seconds, changes nothing, and says what to do."""
    url = empty_database("busy")
    outside_loop(lambda: migrate.upgrade(url, REVISIONS[REVISIONS.index("0017_rights") - 1]))
    standing = await catalog(url)
    holder = await asyncpg.connect(url.replace("+asyncpg", ""))
    async with holder.transaction():
        await holder.execute(
            "LOCK TABLE async_jobs, webhook_events, webhook_deliveries, assessments, degraded_stages, credential_versions, users"
            " IN ROW EXCLUSIVE MODE"  # as whoever writes to them
        )
        with pytest.raises(Unavailable, match="run it again"):
            await asyncio.to_thread(lambda: migrate.upgrade(url))
    assert await catalog(url) == standing
    await holder.close()
    outside_loop(lambda: migrate.upgrade(url))
    outside_loop(lambda: migrate.check(url))


async def test_models_and_migrations_agree_to_the_letter(empty_database: NewDatabase) -> None:
    """Tables made from the models have the same columns, constraints (their enumerations too) and indexes as the migrated ones."""
    migrated, modelled = empty_database("migrated"), empty_database("modelled")
    outside_loop(lambda: migrate.upgrade(migrated))
    engine = create_async_engine(modelled)

    def create(connection: Connection) -> None:
        connection.execute(text("CREATE EXTENSION vector"))
        Base.metadata.create_all(connection)

    async with engine.begin() as connection:
        await connection.run_sync(create)
    await engine.dispose()
    theirs, ours = await catalog(migrated), await catalog(modelled)
    for kind in ("columns", "constraints", "indexes"):
        assert theirs[kind] == ours[kind]


async def test_a_model_without_its_migration_is_noticed(empty_database: NewDatabase) -> None:
    """The check fails on a database that is one revision behind."""
    url = empty_database("behind")
    outside_loop(lambda: migrate.upgrade(url, REVISIONS[-2]))
    with pytest.raises(CommandError, match="not up to date"):
        outside_loop(lambda: migrate.check(url))


async def test_two_migrators_at_once_do_no_harm(empty_database: NewDatabase) -> None:
    """Two processes starting together migrate one after the other, and both end well."""
    url = empty_database("twice")
    program = "import sys; from assay.db import migrate; migrate.upgrade(sys.argv[1])"
    migrators = [await asyncio.create_subprocess_exec(sys.executable, "-c", program, url) for _ in range(2)]
    assert [await migrator.wait() for migrator in migrators] == [0, 0]
    outside_loop(lambda: migrate.check(url))


def test_revisions_are_one_line() -> None:
    """No branches, one head, ids in order."""
    directory = ScriptDirectory.from_config(migrate.configuration(""))
    assert directory.get_heads() == [REVISIONS[-1]]
    assert sorted(REVISIONS) == REVISIONS
