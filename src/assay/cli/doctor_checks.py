"""What `assay doctor` looks at beside the database's own knowledge: settings, servers, keys, models, the public address, this machine."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from assay.db import migrate
from assay.db.key_proofs import prove
from assay.db.standing import standing
from assay.db.types import KeyRingError, key_ring
from assay.domain.diagnosis import Diagnosis, Finding, State, failed, ok, unknown, warning
from assay.domain.errors import ProviderError, Unavailable
from assay.outbound import public_address
from assay.runtime import SMALLEST_FACT, Runtime
from assay.services import diagnosis
from assay.settings import Environment, Settings

if TYPE_CHECKING:
    from pathlib import Path

FOR_PEOPLE: Final = frozenset({Environment.STAGING, Environment.PRODUCTION})
CERTIFICATE_LEFT: Final = timedelta(days=14)
FREE_SHARE: Final = 0.1
NO_EVICTION: Final = "noeviction"

type Check = Callable[[], Awaitable[Sequence[Finding]]]


async def examine(runtime: Runtime, folder: "Path", *, ask_models: bool) -> Diagnosis:
    """Look at everything, each thing whatever became of the others. `folder` is on the disk that is measured."""
    findings = [finding async for finding in _found(runtime, folder, ask_models=ask_models)]
    return Diagnosis(sound=all(each.state is not State.FAILED for each in findings), findings=tuple(findings))


async def _found(runtime: Runtime, folder: "Path", *, ask_models: bool) -> AsyncIterator[Finding]:
    for finding in (*of_settings(runtime.settings), _disk(folder)):
        yield finding
    database = await _database(runtime)
    yield database
    yield await _redis(runtime)
    checks: dict[str, Check] = {"public address": lambda: _public(runtime), **_models(runtime, ask_models=ask_models)}
    if database.state is State.OK:
        checks |= _of_database(runtime)
    for name, check in checks.items():
        for finding in await _kept(name, check):
            yield finding


def _of_database(runtime: Runtime) -> dict[str, Check]:
    async def processes() -> Sequence[Finding]:
        seen = await runtime.broker.workers()
        async with runtime.open_uow(autocommit=True) as uow:
            return await diagnosis.processes(uow, seen)

    async def upkeep() -> Sequence[Finding]:
        async with runtime.open_uow(autocommit=True) as uow:
            every = timedelta(hours=runtime.settings.retention_every_hours)
            return [await diagnosis.telling(uow, runtime.clock()), *await diagnosis.upkeep(uow, runtime.clock(), every)]

    async def search() -> Sequence[Finding]:
        return [await diagnosis.search(runtime.open_uow, runtime.embedder, runtime.vector_store)]

    async def promises() -> Sequence[Finding]:
        return [await diagnosis.promises(runtime.open_uow)]

    return {
        "keys": lambda: _keys(runtime),
        "clock": lambda: _clock(runtime),
        "workers": processes,
        "index": search,
        "upkeep": upkeep,
        "invariants": promises,
    }


async def _kept(name: str, check: Check) -> Sequence[Finding]:
    try:
        return await check()
    except Unavailable as error:
        return [unknown(name, error.detail, "See to the database first, then look again.")]
    except Exception as error:  # noqa: BLE001 - one look that fails must not spare the others
        return [unknown(name, f"could not be looked at: {type(error).__name__}", "Set ASSAY_LOG_LEVEL=DEBUG and look again.")]


def of_settings(settings: Settings) -> list[Finding]:
    """What can be told without asking anybody. What is unfit for people's data has been refused before."""
    name = "settings"
    if settings.environment not in FOR_PEOPLE:
        return [ok(name, f"for {settings.environment}: not for real people")]
    doubts = [
        ("no balancer is believed (ASSAY_TRUSTED_PROXIES): callers are told apart by its address", not settings.trusted_proxies),
        ("logs are written for a console (ASSAY_LOG_FORMAT)", settings.log_format != "json"),
        ("ciphertexts are not bound to their rows (ASSAY_BIND_CIPHERTEXTS_TO_ROWS)", not settings.bind_ciphertexts_to_rows),
        (
            "the language model is OpenAI without a key",
            settings.llm_provider == "openai" and not settings.openai_api_key.get_secret_value(),
        ),
    ]
    found = [warning(name, sentence, "docs/security.md says what it should be.") for sentence, holds in doubts if holds]
    return found or [ok(name, f"for {settings.environment}, TLS and secure cookies on")]


def _disk(folder: "Path") -> Finding:
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    usage = shutil.disk_usage(there)
    told = f"{usage.free / 1e9:.1f} GB of {usage.total / 1e9:.0f} GB free here"
    if usage.free < FREE_SHARE * usage.total:
        return warning("disk", told, "Free some space: logs, old backups. A managed database has its own disk.")
    return ok("disk", told)


async def _database(runtime: Runtime) -> Finding:
    name = "database"
    try:
        found = await standing(runtime.engine)
    except Unavailable as error:
        return failed(name, error.detail, "See that it runs and can be reached from here; see runbook postgres-failover.")
    if found.major < migrate.OLDEST:
        return failed(name, f"is Postgres {found.version}", f"Point DATABASE_URL at Postgres {migrate.OLDEST} or newer.")
    if found.vectors is None:
        return failed(name, "lacks the extension pgvector", "Let an administrator run `CREATE EXTENSION vector` in it.")
    if found.revision != (head := migrate.head()):
        newer = found.revision is not None and not migrate.knows(found.revision)
        remedy = "Deploy the version that has migrated it, or a newer one." if newer else "Run `assay migrate`."
        return failed(name, f"its schema is {found.revision or 'not made yet'}, this version's {head}", remedy)
    if found.read_only:
        return failed(name, "is a standby that only reads", "Point DATABASE_URL at the primary; see runbook postgres-failover.")
    return ok(name, f"Postgres {found.version}, pgvector {found.vectors}, schema {found.revision}")


async def _redis(runtime: Runtime) -> Finding:
    try:
        policy = await runtime.broker.eviction_policy()
    except Exception as error:  # noqa: BLE001 - whatever it is, Redis is away and that is the answer
        return failed("redis", f"does not answer: {type(error).__name__}", "Start it, or mend REDIS_URL; jobs go on meanwhile.")
    if policy != NO_EVICTION:
        return warning("redis", f"throws keys away when full ({policy})", "Set maxmemory-policy to noeviction.")
    return ok("redis", f"answers, {policy}")


async def _keys(runtime: Runtime) -> Sequence[Finding]:
    try:
        await prove(runtime.engine, key_ring())
    except KeyRingError as error:
        return [failed("keys", str(error), "See runbook key-compromise.")]
    return [ok("keys", f"fit this database; {key_ring().current} encrypts")]


async def _clock(runtime: Runtime) -> Sequence[Finding]:
    seconds = runtime.skew().total_seconds()
    if seconds:
        return [warning("clock", f"this machine's is {seconds:+.0f} s off the database's", "Switch time synchronisation on.")]
    return [ok("clock", "right by the database's")]


async def _public(runtime: Runtime) -> Sequence[Finding]:
    name, url = "public address", runtime.settings.public_url
    for_people = runtime.settings.environment in FOR_PEOPLE
    try:
        answered = await public_address.ask(url)
    except ProviderError as error:
        told, remedy = f"{url}: {error}", "See that the API runs, and the name, the balancer and its certificate."
        return [failed(name, told, remedy) if for_people else warning(name, told, remedy)]
    if answered.status != 200:
        return [
            failed(
                name,
                f"{url} answers {answered.status}",
                "See that ASSAY_PUBLIC_URL is its name, and what the API's log says.",
            )
        ]
    left = answered.left(runtime.clock())
    if left is not None and left < CERTIFICATE_LEFT:
        return [warning(name, f"its certificate is good for {left.days} more days", "Renew it, and see why nobody did.")]
    return [ok(name, f"{url} answers" + (f", its certificate is good for {left.days} days" if left else ""))]


def _models(runtime: Runtime, *, ask_models: bool) -> dict[str, Check]:
    if not runtime.settings.uses_openai:
        return {"language model": _built_in}
    if not ask_models:
        return {}
    checks: dict[str, Check] = {"language model": lambda: _answers("language model", runtime.narrator.ask([SMALLEST_FACT]))}
    if runtime.settings.embedder == "openai":
        checks["embedding model"] = lambda: _answers("embedding model", runtime.embedder.embed(["ready"]))
    return checks


async def _built_in() -> Sequence[Finding]:
    return [ok("language model", "none is configured: the built-in evaluator grades")]


async def _answers(name: str, call: Awaitable[object]) -> Sequence[Finding]:
    try:
        await call
    except ProviderError as error:
        return [failed(name, f"{error.fault}: {error.detail}", "See runbook model-failing; the built-in evaluator stands in.")]
    return [ok(name, "answers")]
