"""The laws of the house that code can check: one commit, honest names, small modules, whole registries, personal data encrypted."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, PrimaryKeyConstraint, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from assay.ai.openai_client import call
from assay.broker.rq import FUNCTIONS
from assay.db.models import Base
from assay.db.types import EncryptedJson, EncryptedText
from assay.domain import errors
from assay.domain.degradation import PLAIN_WORDS, Cause, Stage
from assay.domain.errors import PERMANENT_FAULTS, AssayError, DomainError, Fault
from assay.domain.jobs import PRIORITIES, QUEUES, STAGES, TRIES, JobType
from assay.domain.progress import TYPICAL_SECONDS
from assay.edge.errors import STATUS
from assay.kit.transactions import NetworkInsideTransaction, transaction_marked
from assay.worker.handlers import GIVE_UP, HANDLERS

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MODULE_LINES = 400
EMPTY_WORDS = {"util", "utils", "helper", "helpers", "manager", "managers", "misc", "common"}

PLAIN = {
    "advisor_notes": "about",
    "analytics_events": "event track_slug",
    "assessment_flags": "code",
    "assessments": "release_policy",
    "async_jobs": "job_type track_slug status dedupe_key correlation_id traceparent lease_owner last_error cause stack",
    "audit_anchors": "hash",
    "audit_head": "hash",
    "audit_logs": "action target_type target_id changes correlation_id previous_hash hash",
    "catalog_import_chunks": "data",
    "catalog_import_problems": "pointer reason",
    "catalog_imports": "status format on_error new_status file_hash not_understood failure",
    "cohorts": "name",
    "credential_catalog": "slug source_id status",
    "credential_versions": "content content_hash details",
    "degraded_stages": "stage cause replaced_by detail",
    "embedding_artifacts": "section text source_hash",
    "essay_score_overrides": "dimension",
    "essay_scores": "flags provenance reply_key",
    "idempotency_keys": "key request_hash",
    "index_versions": "embedder chunking catalog_hash status phase failure",
    "key_proofs": "purpose key_id proof",
    "learner_declarations": "completed prior_learning languages",
    "metric_snapshots": "name labels",
    "model_calls": "purpose producer model prompt_hash parameters outcome usage reply_key",
    "model_replies": "key purpose",
    "question_versions": "content content_hash rubric_hash",
    "questions": "slug type",
    "rag_traces": "part hits",
    "recommendation_feedback": "author_role track_slug decision",
    "recommendation_items": "reasons sources ranks",
    "recommendations": "excluded provenance basis",
    "external_identities": "issuer subject_index",
    "password_links": "secret_hash",
    "refresh_tokens": "token_hash",
    "response_batches": "batch_id",
    "retention_runs": "items",
    "role_catalog": "slug status name description skill_focus question_mix target_level fallback_credentials release_policy",
    "rule_scores": "signals",
    "service_accounts": "name scopes cohort_ids",
    "service_keys": "public_id secret_hash",
    "skills": "slug name",
    "users": "email_index password_hash role",
    "web_sessions": "secret_hash device",
    "webhook_attempts": "error",
    "webhook_deliveries": "status error",
    "webhook_endpoints": "url events disabled_because",
    "webhook_events": "event dedupe_key",
}
"""Columns that hold text, JSON or bytes in clear. A new one is added here only when it can never name a person or hold their words."""
ENCRYPTED = {
    "advisor_notes": "body",
    "assessment_flags": "note",
    "assessment_responses": "answer",
    "essay_score_overrides": "reason",
    "essay_scores": "verdict",
    "external_identities": "subject",
    "idempotency_keys": "response",
    "legal_holds": "reason",
    "model_replies": "reply",
    "rag_traces": "query",
    "recommendation_feedback": "items comment",
    "recommendations": "summary",
    "users": "email name external_id",
    "webhook_endpoints": "secret previous_secret",
    "webhook_events": "payload",
}


def names(path: Path) -> Iterator[str]:
    """What a module calls itself and what it defines."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def words(name: str) -> set[str]:
    """The words of a snake_case or CamelCase name."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)}


def test_there_is_one_commit() -> None:
    """Transactions end in the unit of work and nowhere else."""
    places = [path.name for path in SOURCES for _ in range(path.read_text(encoding="utf-8").count(".commit("))]
    assert places == ["unit_of_work.py"]


@pytest.mark.parametrize("name", ["essay_scoring", "recommending", "deliveries"])
def test_the_effect_of_a_job_is_written_as_one(name: str) -> None:
    """What a job writes goes through `written`, which does all of a transaction again that was undone; else it only reads."""
    tree = ast.parse((ROOT / "src" / "assay" / "services" / f"{name}.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert not [call.lineno for call in calls if call.func.id == "open_uow" and not call.keywords]  # type: ignore[attr-defined]
    assert [call for call in calls if call.func.id == "written"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src" / "assay")))
def test_a_module_is_small_and_named_for_what_it_does(path: Path) -> None:
    """At most 400 lines, and no name that says nothing."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES
    assert not [name for name in names(path) if words(name) & EMPTY_WORDS]


def test_no_two_files_of_tests_share_a_name() -> None:
    """One of them would not be run: the folders of tests are no packages."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name not in {"__init__.py", "conftest.py"}]
    assert {name for name in names if names.count(name) > 1} == set()


def test_relations_are_never_loaded_in_passing() -> None:
    """Every relationship is `lazy="raise"`: a query is written where it is made."""
    relations = [relation for mapper in Base.registry.mappers for relation in mapper.relationships]
    assert [str(relation) for relation in relations if relation.lazy != "raise"] == []


def test_every_table_has_a_key_and_every_time_a_zone() -> None:
    """No table without a primary key, no foreign key that may dangle, no time without its zone."""
    for table in Base.metadata.tables.values():
        assert table.primary_key.columns
        assert not [column.name for column in table.columns if getattr(column.type, "timezone", True) is False]


def test_every_job_type_is_whole() -> None:
    """Each type has a handler, an ending, a queue, a priority, tries, stages, a duration and a function for RQ; nothing is left over."""
    registries = (HANDLERS, GIVE_UP, FUNCTIONS, QUEUES, PRIORITIES, TRIES, STAGES, TYPICAL_SECONDS)
    assert [set(registry) for registry in registries] == [set(JobType)] * len(registries)
    for job_type, dotted in FUNCTIONS.items():
        module, _, function = dotted.rpartition(".")
        assert function == job_type.value
        assert callable(getattr(import_module(module), function))


def test_every_fault_is_a_cause_and_every_stage_has_words() -> None:
    """A provider's fault can be stored as the cause of a degraded stage; the reader is told what each stage means."""
    assert {fault.value for fault in Fault} <= {cause.value for cause in Cause}
    assert set(PLAIN_WORDS) == set(Stage)
    assert set(Fault) > PERMANENT_FAULTS


def test_every_error_is_on_the_map_and_in_the_tree() -> None:
    """Each kind of domain error has one status; the tree in the docstring names every class there is."""
    assert set(STATUS) == set(DomainError.__subclasses__())
    assert len(set(STATUS.values())) == len(STATUS)
    kinds = {AssayError, DomainError, *DomainError.__subclasses__(), errors.ProviderError, errors.CircuitOpen}
    assert {kind.__name__ for kind in kinds} == _drawn()
    assert len({kind.code for kind in DomainError.__subclasses__()}) == len(DomainError.__subclasses__())


def _drawn() -> set[str]:
    return {name for line in (errors.__doc__ or "").splitlines() for name in re.findall(r"^[│├└─ ]*([A-Z]\w+)(?=\s{2,}|$)", line)}


def columns(*kinds: type) -> dict[str, str]:
    """Names of the columns of these types, by table."""
    found = {
        table.name: [column.name for column in table.columns if isinstance(column.type, kinds)] for table in Base.metadata.tables.values()
    }
    return {table: " ".join(column) for table, column in sorted(found.items()) if column}


def test_personal_data_is_in_encrypted_columns() -> None:
    """Both lists are whole: whatever can hold words is either encrypted or on the list of what never holds anybody's."""
    assert columns(EncryptedText, EncryptedJson) == ENCRYPTED
    assert columns(Text, JSONB, ARRAY, LargeBinary) == PLAIN


def test_a_ciphertext_is_bound_to_its_own_column_and_row() -> None:
    """Each encrypted column names itself as the place, so that no value can be moved to another, and a unique key as the row."""
    for table in Base.metadata.tables.values():
        keys = [each for each in table.constraints if isinstance(each, UniqueConstraint | PrimaryKeyConstraint)]
        unique = [{column.name for column in each.columns} for each in keys]
        for column in table.columns:
            if isinstance(column.type, EncryptedText | EncryptedJson):
                assert column.type.place == f"{table.name}.{column.name}"
                assert set(column.type.row) in unique
                assert [name for name in column.type.row[:-1] if not isinstance(table.c[name].type, Uuid)] == [], "text, if any, is last"
                assert not any(table.c[name].nullable for name in column.type.row)


async def test_no_model_is_called_inside_a_transaction() -> None:
    """Everything said to the provider goes through one function, and that refuses."""

    async def send() -> None:
        pytest.fail("the call went out")

    with transaction_marked(), pytest.raises(NetworkInsideTransaction):
        await call(send, deadline=1)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src" / "assay")))
def test_the_source_speaks_of_the_project_alone(path: Path) -> None:
    """No paths of somebody's machine."""
    assert not re.search(r"/(?:work|root|home/\w+|Users/\w+)/", path.read_text(encoding="utf-8"))
