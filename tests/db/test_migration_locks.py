"""Locks that migrations take: squawk reads the statements that each revision really sends, since the schema was first whole.

The catalog before and after (test_migrations) tells what a running version would miss; this tells for what it would have to wait.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import servers
from sqlalchemy import Engine, event

from assay.db import migrate

SQUAWK: Final = Path(sys.executable).with_name("squawk")
WHOLE: Final = "0007_operations"
"""Until this revision there is nobody to wait."""
NOT_ASKED: Final = {
    "require-lock-timeout": "migrations/env.py sets five seconds for all of them",
    "require-statement-timeout": "what holds no lock may take as long as it needs, what waits for one is bounded by the above",
    "prefer-bigint-over-int": "about ranges, not locks; what is counted here are seconds, tries and rows of one file",
    "prefer-robust-stmts": "a revision is one transaction: all of it or nothing",
}
_JOBS: Final = "retention bounds the ledger to thirty days of jobs, over which a scan takes well under a second"
_SMALL: Final = "a table of a few rows"
_CATALOG: Final = "a catalog has thousands of rows, not millions"
_NEW: Final = "one scan of a column that the same revision has added and that is empty"
EXCEPTIONS: Final[dict[tuple[str, str], str]] = {
    ("0010_index_life", "index_versions"): _SMALL,
    ("0010_index_life", "embedding_artifacts"): _CATALOG,
    ("0011_dead_letters", "async_jobs"): _JOBS,
    ("0012_webhook_deliveries", "async_jobs"): _JOBS,
    ("0012_webhook_deliveries", "webhook_endpoints"): _SMALL,
    ("0012_webhook_deliveries", "webhook_events"): "before this revision events were not delivered, and retention removes them",
    ("0013_healing", "async_jobs"): _JOBS,
    ("0013_healing", "degraded_stages"): "degraded results alone have rows in it",
    ("0014_catalog", "credential_catalog"): _CATALOG,
    ("0014_catalog", "credential_versions"): _CATALOG,
    ("0015_item_statistics", "assessment_question_snapshots"): "built concurrently, in a block of the revision outside its transaction",
    ("0017_rights", "users"): _NEW,
    ("0017_rights", "model_replies"): "it came before the first release: no installation has replies that would have to be read",
    ("0021_access", "users"): _NEW,
    ("0023_service_accounts", "idempotency_keys"): "a foreign key goes, which costs a lock for a moment and no scan, and forbids less",
}
"""By revision and table: why what the rule warns of does no harm there."""
_TABLE: Final = re.compile(r"(?:ALTER TABLE|\bON|UPDATE|LOCK TABLE)\s+(?:ONLY\s+)?(\w+)")
_INDEX: Final = re.compile(r"INDEX\s+(?:CONCURRENTLY\s+)?(?:IF EXISTS\s+)?(?:ix|uq)_(\w+)")
_STEP: Final = re.compile(r"(?:UPDATE alembic_version SET version_num=|INSERT INTO alembic_version \(version_num\) VALUES \()'([^']+)'")
_CHANGES: Final = re.compile(r"\s*(?:CREATE|ALTER|DROP|UPDATE|LOCK|TRUNCATE|REINDEX|CLUSTER|VACUUM)\b")


class Finding(NamedTuple):
    """What squawk warns of."""

    revision: str
    table: str
    rule: str


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Every statement that any engine sends meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def by_revision(sent: Iterable[str]) -> dict[str, list[str]]:
    """The statements that change something, by the revision that ends with its name being written."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for statement in sent:
        if match := _STEP.search(statement):
            found[match[1]], current = current, []
        elif _CHANGES.match(statement):
            current.append(statement.strip().rstrip(";"))
    return found


def findings(statements: dict[str, list[str]], folder: Path) -> set[Finding]:
    """What squawk says of them."""
    for revision, each in statements.items():
        (folder / f"{revision}.sql").write_text("".join(f"{statement};\n" for statement in each), encoding="utf-8")
    excluded = [word for rule in NOT_ASKED for word in ("--exclude", rule)]
    command = [SQUAWK, "--pg-version=18", "--assume-in-transaction", "--reporter=json", *excluded, *sorted(folder.glob("*.sql"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    return {_finding(each) for each in json.loads(done.stdout)}


def _finding(told: dict[str, Any]) -> Finding:
    path = Path(told["file"])
    line = path.read_text(encoding="utf-8").splitlines()[told["line"]]
    table = _TABLE.search(line)
    index = _INDEX.search(line)
    return Finding(path.stem, table[1] if table else index[1] if index else line, told["rule_name"])


def excused(finding: Finding) -> tuple[str, str] | None:
    """The exception that covers it; an index that goes names its table first."""
    keys = (key for key in EXCEPTIONS if key[0] == finding.revision)
    return next((key for key in keys if finding.table == key[1] or finding.table.startswith(f"{key[1]}_")), None)


@pytest.fixture
def sent(shared: servers.Servers) -> Iterator[dict[str, list[str]]]:
    """What every revision since the whole schema sends to an empty database."""
    name = f"migrations_{shared.worker}_locks"
    url = shared.empty_database(name).replace("postgresql://", "postgresql+asyncpg://", 1)
    try:
        with recorded() as statements, ThreadPoolExecutor(1) as pool:
            pool.submit(migrate.upgrade, url).result()
        yield {revision: each for revision, each in by_revision(statements).items() if revision > WHOLE}
    finally:
        shared.drop_database(name)


def test_no_revision_makes_everybody_wait(sent: dict[str, list[str]], tmp_path: Path) -> None:
    """Every warning is one that was thought about; every exception is still needed."""
    assert sent
    assert all(len(each) > 0 for each in sent.values())
    found = findings(sent, tmp_path)
    assert {each for each in found if excused(each) is None} == set()
    assert set(EXCEPTIONS) == {excused(each) for each in found}


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX ix_assessments_new ON assessments (created_at)",
        "ALTER TABLE essay_scores ALTER COLUMN level TYPE bigint",
        "ALTER TABLE assessments ADD CONSTRAINT fk_x FOREIGN KEY (x) REFERENCES users (id)",
        "ALTER TABLE audit_logs ALTER COLUMN action SET NOT NULL",
    ],
)
def test_a_lock_on_a_big_table_is_refused(statement: str, tmp_path: Path) -> None:
    """What must not come: an index that is not built concurrently, a table written anew, rows checked while nobody may write."""
    found = findings({"9999_next": [statement]}, tmp_path)
    assert found
    assert all(excused(each) is None for each in found)
