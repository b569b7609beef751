"""The composition root: settings become one runtime, which knows how to open, ping and close everything it holds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, SecretStr, TypeAdapter, ValidationError
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from assay.ai import openai_grader
from assay.ai.breaker import Breaker
from assay.ai.builtin_embedder import BuiltinEmbedder
from assay.ai.builtin_grader import BuiltinGrader
from assay.ai.builtin_narrator import BuiltinNarrator
from assay.ai.guarded import GuardedEmbedder, GuardedGrader, GuardedNarrator
from assay.ai.openai_client import AsyncClient, open_client
from assay.ai.openai_embedder import OpenAIEmbedder
from assay.ai.openai_grader import OpenAIGrader
from assay.ai.openai_model import OpenAIModel
from assay.ai.openai_narrator import OpenAINarrator
from assay.ai.wrappers import InstrumentedEmbedder, InstrumentedGrader, InstrumentedNarrator
from assay.broker.circuits import RedisCircuit, connect_circuits
from assay.broker.rq import RqBroker
from assay.broker.token_buckets import RedisTokenBuckets
from assay.db.clock import DatabaseClock
from assay.db.engine import create_engine
from assay.db.key_proofs import keep_proving, prove_when_there
from assay.db.pgvector_store import PgVectorStore
from assay.db.types import use_key_ring
from assay.db.unit_of_work import OpenUnitOfWork, unit_of_work_factory
from assay.domain import retention, sampling
from assay.domain.circuit import Policy
from assay.domain.fusion import Fact, FactKind
from assay.domain.grading import Parameters, Producer
from assay.domain.identity_providers import IdentityProvider, OpenIdClient
from assay.domain.jobs import JobType
from assay.domain.ports import Broker, Embedder, Grader, LinkProbe, Narrator, VectorStore, WebhookSender
from assay.domain.prices import Price
from assay.domain.quotas import QUOTAS, Quota, RouteClass
from assay.kit.clock import Clock, system_clock
from assay.kit.hashing import content_hash
from assay.observability.tracing import Exporting
from assay.outbound import addresses
from assay.outbound.webhook_sender import HttpWebhookSender
from assay.security.encryption import KeyRing
from assay.security.passwords import Passwords
from assay.security.tokens import Tokens
from assay.services.grading import Graders
from assay.services.guessing import Guessing
from assay.services.identity import Identity
from assay.services.question_bank import QuestionBank
from assay.services.rate_limits import RateLimits
from assay.services.recommending import SELECTIONS_AT_ONCE
from assay.services.replay import Reader
from assay.services.service_keys import ServiceKeys
from assay.services.single_sign_on import SingleSignOn
from assay.settings import Settings

SMALLEST_FACT: Final = Fact(id="f1", kind=FactKind.TRACK, text="The assessment was for the role Data Analyst.", subject="Data Analyst")
"""What a narrator is asked to tell when all that matters is whether it answers."""
PSEUDONYM_LENGTH: Final = 16
"""64 bits: two of a million people share one once in some 37 million such services."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything a process needs, built once."""

    settings: Settings
    engine: AsyncEngine
    open_uow: OpenUnitOfWork
    broker: Broker
    bank: QuestionBank
    identity: Identity
    single_sign_on: SingleSignOn
    service_keys: ServiceKeys
    passwords: Passwords
    graders: Graders
    readers: Mapping[Producer, Reader]
    """Of stored replies, by who gave them, whoever is configured now."""
    narrator: Narrator
    fallback_narrator: Narrator
    embedder: Embedder
    local_embedder: Embedder
    """Runs in this process: costs nothing and takes a millisecond."""
    vector_store: VectorStore
    sender: WebhookSender
    links: LinkProbe
    rate_limits: RateLimits
    guessing: Guessing
    breakers: tuple[Breaker, ...]
    """Of the providers that are asked: the language model's first, then the embedder's; none where all is built in."""
    clock: Clock
    """The database's, as far as this machine can tell it."""
    skew: Callable[[], timedelta]
    """How far this machine's own clock is ahead of it; zero when they agree."""
    retention: retention.Policy
    """How long what is kept."""
    pseudonym: Callable[[UUID], str]
    """Whom logs and traces mean by it: only somebody with the key can tell from an id."""
    turnstile: asyncio.Semaphore
    """Before work that needs the processor more than it waits."""

    async def ping_database(self) -> None:
        """Raises when Postgres does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))


@asynccontextmanager
async def open_runtime(
    settings: Settings, *, clock: Clock = system_clock, at_home: Callable[[JobType], bool] = lambda _: False, check_keys: bool = True
) -> AsyncIterator[Runtime]:
    """Build the runtime that `settings` describe; everything is closed on the way out.

    `clock` is this machine's: where it is wrong the database's is told all the same.
    `at_home` says whether this process takes a job that has become due by itself, so that nobody need be called.

    Raises `KeyRingError` or `ValueError` when a key is missing or malformed, before anything is opened, and when the keys are not those of
    the database; without `check_keys` they are not compared, for whoever wants to know which are missing.
    """
    ring = KeyRing(
        _secrets(settings.encryption_keys), settings.blind_index_key.get_secret_value(), bind_rows=settings.bind_ciphertexts_to_rows
    )
    use_key_ring(ring)
    tokens = Tokens(
        _secrets(settings.jwt_keys),
        audience=settings.public_url,
        access_minutes=settings.access_token_minutes,
        private_keys=_secrets(settings.jwt_private_keys),
    )
    passwords = Passwords()
    providers = _identity_providers(settings.identity_providers.get_secret_value())
    allowed = addresses.networks(settings.webhook_allowed_networks)
    sender = HttpWebhookSender(seconds=settings.webhook_seconds, allowed=allowed)
    engine = create_engine(
        settings.async_database_url,
        pool_size=settings.database_pool_size,
        pool_timeout=settings.database_pool_timeout,
        connect_timeout=settings.database_connect_timeout,
        statement_timeout_ms=settings.statement_timeout_ms,
    )
    broker = RqBroker(settings.redis_url.get_secret_value(), settings.queue_namespace, at_home)
    vector_store = _vector_store(settings, engine)
    local = BuiltinEmbedder()
    client = _openai(settings)
    model = _model(settings, client)
    circuits = connect_circuits(settings.redis_url.get_secret_value())
    fallback = InstrumentedGrader(BuiltinGrader(local))
    template = InstrumentedNarrator(BuiltinNarrator())
    told = _narrator(settings, model, circuits)
    embedder = _embedder(settings, client, circuits)
    breakers = tuple(guarded.breaker for guarded in (told, embedder) if guarded)
    time = DatabaseClock(clock)
    beside = [asyncio.create_task(time.keep(engine))]
    limits = RateLimits(RedisTokenBuckets(circuits, settings.queue_namespace), _quotas(settings))
    identity = Identity(tokens, passwords, time, settings.refresh_token_days)
    try:
        await time.try_to_compare(engine)
        if check_keys and not await prove_when_there(engine, ring):
            beside.append(asyncio.create_task(keep_proving(engine, ring)))
        yield Runtime(
            settings=settings,
            engine=engine,
            open_uow=unit_of_work_factory(engine, broker),
            broker=broker,
            bank=QuestionBank(),
            identity=identity,
            single_sign_on=SingleSignOn(providers, _openid_client, identity, time, settings.public_url),
            service_keys=ServiceKeys(),
            passwords=passwords,
            graders=_graders(settings, model, fallback, told.breaker if told else None),
            readers={"openai": openai_grader.read, "built-in": fallback.read},
            narrator=told or template,
            fallback_narrator=template,
            embedder=embedder or InstrumentedEmbedder(local),
            local_embedder=InstrumentedEmbedder(local),
            vector_store=vector_store,
            sender=sender,
            links=sender,
            rate_limits=limits,
            guessing=Guessing(limits, tokens, time),
            breakers=breakers,
            clock=time,
            skew=lambda: time.skew,
            retention=_retention(settings),
            pseudonym=partial(_pseudonym, ring),
            turnstile=asyncio.Semaphore(SELECTIONS_AT_ONCE),
        )
    finally:
        for task in beside:
            task.cancel()
        for breaker in breakers:
            await breaker.close()
        await circuits.aclose()
        if client is not None:
            await client.close()
        await vector_store.close()
        await broker.close()
        await engine.dispose()


def spans_of(settings: Settings, process: str) -> Exporting:
    """Where the spans of this kind of process are sent."""
    return Exporting(
        endpoint=settings.otlp_endpoint,
        headers=_secrets(settings.otlp_headers),
        process=process,
        environment=settings.environment.value,
        share=settings.trace_share,
    )


def _pseudonym(ring: KeyRing, person: UUID) -> str:
    return ring.blind_index(f"log:{person}").hex()[:PSEUDONYM_LENGTH]


def _quotas(settings: Settings) -> dict[RouteClass, Quota]:
    """Raises `ValueError` for a kind of route there is not, and for a quota nobody could use."""
    if not settings.rate_limit_scale:
        return {}
    set_here = {RouteClass(kind): Quota(burst=burst, per_minute=rate) for kind, (burst, rate) in settings.rate_limits.items()}
    return {kind: quota.scaled(settings.rate_limit_scale) for kind, quota in {**QUOTAS, **set_here}.items()}


def _openid_client() -> OpenIdClient:
    from assay.outbound.openid import AuthlibClient  # noqa: PLC0415 - 3 MB in every process that knows no provider

    return AuthlibClient()


def _identity_providers(written: str) -> dict[str, IdentityProvider]:
    """Raises `ValueError`, without telling secrets."""
    if not written.strip():
        return {}
    try:
        found = TypeAdapter(dict[Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")], IdentityProvider]).validate_json(written)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_input=False))
        msg = f"ASSAY_IDENTITY_PROVIDERS: {told}"
        raise ValueError(msg) from None
    if len({each.issuer for each in found.values()}) < len(found):
        msg = "ASSAY_IDENTITY_PROVIDERS: two providers have the same issuer"
        raise ValueError(msg)
    return found


def _retention(settings: Settings) -> retention.Policy:
    return retention.Policy(
        assessment_months=settings.retention_assessment_months,
        queue_days=settings.retention_queue_days,
        audit_months=settings.retention_audit_months,
    )


def _secrets(keys: dict[str, SecretStr]) -> dict[str, str]:
    return {key_id: key.get_secret_value() for key_id, key in keys.items()}


def _vector_store(settings: Settings, engine: AsyncEngine) -> VectorStore:
    if settings.vector_store == "pgvector":
        return PgVectorStore(engine)
    from assay.vectors.chroma import ChromaStore  # noqa: PLC0415 - 3 MB in every process that does without it

    return ChromaStore(settings.chroma_url, token=settings.chroma_token.get_secret_value(), seconds=settings.vector_search_seconds)


def _openai(settings: Settings) -> AsyncClient | None:
    if not settings.uses_openai:
        return None
    return open_client(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        call_timeout=settings.openai_call_timeout,
    )


def _model(settings: Settings, client: AsyncClient | None) -> OpenAIModel | None:
    if client is None:
        return None
    return OpenAIModel(
        client,
        settings.openai_model,
        settings.openai_api,
        Parameters(max_output_tokens=settings.openai_max_output_tokens, reasoning_effort=settings.openai_reasoning_effort or None),
        settings.openai_call_timeout,
        Price(*prices) if (prices := settings.openai_prices.get(settings.openai_model)) else None,
    )


def _breaker(settings: Settings, circuits: Redis, provider: str, ask: Callable[[], Awaitable[object]]) -> Breaker:
    """Of a provider: one address and one kind of model. Embeddings and completions fail apart, and may be two providers one day."""
    policy = Policy(
        failures=settings.breaker_failures,
        failing_seconds=settings.breaker_failing_seconds,
        pause_seconds=settings.breaker_pause_seconds,
        pause_cap_seconds=settings.breaker_pause_cap_seconds,
        patience_seconds=settings.grading_budget_seconds,
    )
    address = content_hash(settings.openai_base_url)[:16]
    name = ":".join(filter(None, (settings.queue_namespace, "assay:circuit", provider, address)))
    return Breaker(provider, policy, RedisCircuit(circuits, name), ask)


def _narrator(settings: Settings, model: OpenAIModel | None, circuits: Redis) -> GuardedNarrator | None:
    if model is None:
        return None
    inner = InstrumentedNarrator(OpenAINarrator(model))
    return GuardedNarrator(inner, _breaker(settings, circuits, "language", lambda: inner.ask([SMALLEST_FACT])))


def _graders(settings: Settings, model: OpenAIModel | None, fallback: Grader, breaker: Breaker | None) -> Graders:
    if model is None or breaker is None:
        return Graders(fallback, fallback)
    parts = sampling.parts(by_dimension=settings.openai_grading == "dimension", samples=settings.openai_samples)
    grader = InstrumentedGrader(OpenAIGrader(model, settings.openai_grading))
    return Graders(GuardedGrader(grader, breaker), fallback, parts, settings.openai_closer_look)


def _embedder(settings: Settings, client: AsyncClient | None, circuits: Redis) -> GuardedEmbedder | None:
    if client is None or settings.embedder != "openai":
        return None
    inner = InstrumentedEmbedder(
        OpenAIEmbedder(client, settings.openai_embedding_model, settings.openai_embedding_dimension, settings.openai_call_timeout)
    )
    return GuardedEmbedder(inner, _breaker(settings, circuits, "embedding", lambda: inner.embed(["ready"])))
