"""All settings in one place, read from `ASSAY_*` environment variables.

Only the composition root, the command line and the embedded runtime read them.
`DATABASE_URL`, `REDIS_URL` and `OPENAI_API_KEY` are understood without the prefix too, since hosts set them so.
"""

import json
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Environment(StrEnum):
    """Where this process runs. Only `embedded` has demo accounts."""

    EMBEDDED = "embedded"
    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


def _plain(name: str) -> AliasChoices:
    return AliasChoices(f"ASSAY_{name}", name)


RETENTION_FLOORS: Final = {
    "retention_assessment_months": ("assessments are kept", 24, "months"),
    "retention_queue_days": ("queue metadata is kept", 30, "days"),
    "retention_audit_months": ("audit entries are kept", 36, "months"),
}
"""What may be kept longer, never shorter."""
PINNED_MODEL: Final = "gpt-5-mini-2025-08-07"


class Settings(BaseSettings):
    """Every setting with its default. `assay settings` lists them with the source of each value."""

    model_config = SettingsConfigDict(env_prefix="ASSAY_", extra="ignore", populate_by_name=True)

    environment: Environment = Environment.DEVELOPMENT
    public_url: str = "http://127.0.0.1:8000"
    contact: str = Field("", pattern=r"^$|^https://\S+$|^[^@\s:]+@[^@\s]+$")
    """Whom people turn to when something fails, on every page: an e-mail address, or a page that begins with https://."""

    allowed_hosts: str = ""
    """Names this service answers to beside that of `public_url`: `assay.example.edu, *.assay.example.edu`."""
    trusted_proxies: str = ""
    """Networks of load balancers, whose word on a client's address and scheme is believed: `10.0.0.0/16`. Nobody's unless named."""
    inner_networks: str = "127.0.0.0/8, ::1/128, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7"
    """From where `/metrics` and `/readyz` are answered. For anybody else they are not there."""
    cors_origins: str = ""
    """Other sites whose scripts may call the API with a token: `https://portal.example.edu`. None unless named."""

    database_url: SecretStr = Field(SecretStr("postgresql://assay@127.0.0.1/assay"), validation_alias=_plain("DATABASE_URL"))
    database_pool_size: int = 20
    database_pool_timeout: float = 5.0
    database_connect_timeout: float = 5.0
    statement_timeout_ms: int = 15_000
    redis_url: SecretStr = Field(SecretStr("redis://127.0.0.1:6379/0"), validation_alias=_plain("REDIS_URL"))

    vector_store: Literal["pgvector", "chroma"] = Field("pgvector", validation_alias=_plain("VECTOR_STORE"))
    """Where vectors are searched; changing it needs `assay reindex`, which copies them and embeds nothing anew."""
    chroma_url: str = Field("http://127.0.0.1:8100", validation_alias=_plain("CHROMA_URL"))
    """On loopback or in a private network alone: Chroma by itself asks nobody who they are."""
    chroma_token: SecretStr = Field(SecretStr(""), validation_alias=_plain("CHROMA_TOKEN"))
    """Sent as `X-Chroma-Token` when a proxy before Chroma wants one."""
    vector_search_seconds: float = 2.0
    """How long Chroma may take for one search; pgvector obeys `statement_timeout_ms`."""

    jwt_keys: Annotated[dict[str, SecretStr], NoDecode] = Field(default_factory=dict)
    """Signing keys by key id, `kid=secret,kid=secret`; the first signs, all verify."""
    jwt_private_keys: Annotated[dict[str, SecretStr], NoDecode] = Field(default_factory=dict)
    """Private keys (Ed25519 or P-256) by key id: `kid=PEM,kid=PEM`, each on one line, or JSON with PEM or JWK values. The first signs
    instead of a secret, all verify; `/.well-known/jwks.json` shows their public halves. `assay tokens new-key` makes one."""
    encryption_keys: Annotated[dict[str, SecretStr], NoDecode] = Field(default_factory=dict)
    """Data keys by key id, `kid=base64 of 32 bytes,…`; the first encrypts, all decrypt."""
    blind_index_key: SecretStr = SecretStr("")
    """Key of the keyed hash that e-mail look-ups use, base64 of 32 bytes; while it is changed two of them, `new,old`."""
    bind_ciphertexts_to_rows: bool = True
    """Off while servers from before revision 0020 are running beside this version: they cannot read what is bound to its row."""
    """Key of the keyed hash that e-mail look-ups use, base64 of 32 bytes."""
    identity_providers: SecretStr = SecretStr("")
    """OpenID providers by key, as JSON: `{"campus": {"name": …, "issuer": …, "client_id": …}}`; docs/single-sign-on.md lists the rest."""
    access_token_minutes: int = 30
    refresh_token_days: int = 14
    session_hours: int = Field(12, ge=1, le=24)
    """For how long somebody stays signed in at the pages at most, whatever they do."""
    session_idle_minutes: int = Field(60, ge=5, le=720)
    """For how long while they do nothing: an assessment takes about an hour, and whoever reads and thinks must not be signed out in it.
    NIST SP 800-63B-4, 2.2.3, allows an hour at most. Saving and opening pages counts as doing something."""
    service_key_days: int = Field(365, ge=1, le=3650)
    """For how long a key of a service account is good at most."""
    secure_cookies: bool = True

    rate_limits: dict[str, tuple[int, float]] = Field(default_factory=dict)
    """Other quotas than those of domain/quotas.py by kind of route: so many at once, so many more a minute. JSON: `{"start": [5, 2]}`."""
    rate_limit_scale: float = Field(1.0, ge=0)
    """All quotas times this; 0 switches the limits off."""

    llm_provider: Literal["auto", "openai", "built-in"] = "auto"
    """`auto` takes OpenAI when a key is set and the built-in evaluator otherwise."""
    openai_api_key: SecretStr = Field(SecretStr(""), validation_alias=_plain("OPENAI_API_KEY"))
    openai_base_url: str | None = Field(None, validation_alias=_plain("OPENAI_BASE_URL"))
    openai_api: Literal["responses", "chat"] = "responses"
    """`responses` for OpenAI itself, `chat` for compatible servers (vLLM, Ollama, Azure)."""
    openai_model: str = PINNED_MODEL
    """A dated version, so that the same essay is graded by the same model until someone decides otherwise."""
    openai_prices: dict[str, tuple[float, float, float]] = Field({PINNED_MODEL: (0.25, 0.025, 2.0)})
    """US dollars per million tokens by model: read, read from the cache, written. JSON; a model that is not listed has no cost estimate."""
    openai_grading: Literal["essay", "dimension"] = "essay"
    """One call for all dimensions of an essay, or three calls side by side: three times the tokens, each for one dimension alone."""
    openai_samples: Annotated[Literal[1, 3, 5], BeforeValidator(int)] = 1
    """Readings of each essay, each with the levels in another order; the median counts, and a wide spread goes to a person."""
    openai_closer_look: bool = False
    """Hold verdicts near the top against a second reader and against the essay without what does not touch the question: of the attacks in
    evals/safety none lifts an essay by two levels then, and an excellent essay mostly costs a second call."""
    openai_embedding_model: str = "text-embedding-3-small"
    openai_embedding_dimension: int = 1_536
    openai_call_timeout: float = 15.0
    openai_max_output_tokens: int = 4_000
    openai_reasoning_effort: Literal["", "none", "minimal", "low", "medium", "high"] = "minimal"
    """For reasoning models, which otherwise think longer than a student waits; set it empty for other models."""
    embedder: Literal["openai", "built-in"] = "built-in"
    """`openai` needs a key; changing it needs a new index (`assay reindex`)."""
    grading_budget_seconds: float = 10.0
    """From the first claim of an assessment's essays to their last verdict: all tries, and the built-in evaluator's second at the end."""

    breaker_failures: int = 5
    """Calls in a row that fail before a provider is asked no more, in any process, until a probe is answered. 0 switches this off."""
    breaker_failing_seconds: float = 0.5
    """For so long at least: what is over sooner is left to the next try."""
    breaker_pause_seconds: float = 1.0
    """Before the first probe; twice as long after each that fails."""
    breaker_pause_cap_seconds: float = 8.0

    heal_at_once: int = 20
    """Degraded results that are made again at the same time once what they lacked is back. 0 switches healing off."""
    heal_per_minute: int = 120
    heal_max_age_hours: float = 72.0
    """Older ones stay as they are; whoever wants them made again sends their jobs again."""
    heal_tries: int = 3
    """How often one result is made again before it stays as it is."""

    worker_slots: int = 120
    """Jobs one worker process has in hand at most."""
    lease_seconds: float = 9.0
    sweep_seconds: float = 1.0
    shutdown_notice_seconds: float = 3.0
    """Told to end, the API says so on `/readyz` and serves on so long, that a load balancer may notice; then it takes no new connection."""
    shutdown_grace_seconds: float = 8.0
    """What is under way may be finished within it; a worker then hands its jobs back."""
    queue_namespace: str = ""
    """Prefix of the queue names, so that several installations can share one Redis."""

    retention_assessment_months: int = 24
    """From the end of an assessment until it goes, with all that hangs from it. May be longer, never shorter; so may the next two."""
    retention_queue_days: int = 30
    """For finished jobs, deliveries of webhooks, refresh tokens past their time, index versions that are no longer searched."""
    retention_audit_months: int = 36
    retention_every_hours: int = Field(24, ge=1, le=168)

    webhook_allowed_networks: str = ""
    """Networks that webhooks may be posted to although they are not public, over plain HTTP and on any port too: `127.0.0.0/8, ::1/128`
    while developing. Empty in production."""
    webhook_seconds: float = 8.0
    """How long an endpoint may take to answer, from the look-up of its name to the status."""
    webhook_retry_scale: float = 1.0
    """Stretches or shrinks the pauses between the tries of a delivery, which take a little over three days in all."""
    webhook_slots: int = 24
    """Deliveries one worker process has in hand at most, beside its other jobs."""

    log_format: Literal["json", "console"] = "json"
    log_level: str = "INFO"
    metrics_port: int | None = None
    """Where the worker and the sweeper serve `/metrics`; the API serves its own. On one machine each needs a port of its own."""
    metrics_host: str = "127.0.0.1"
    """Its address. Nobody is asked who they are there: one of the private network that Prometheus is in, never a public one."""
    otlp_endpoint: str = ""
    """Where traces are sent over OTLP/HTTP: `http://collector:4318`. Nothing is traced without."""
    otlp_headers: Annotated[dict[str, SecretStr], NoDecode] = Field(default_factory=dict)
    """What the receiver wants to see beside: `authorization=Bearer …`, several with commas between."""
    trace_share: float = Field(1.0, ge=0, le=1)
    """Of the traces that begin here, how many are sent."""
    trace_incoming: bool = False
    """Go on with the `traceparent` of requests: only where a gateway of our own sets it, or anybody could write into our traces."""

    @model_validator(mode="before")
    @classmethod
    def _split_keys(cls, values: dict[str, object]) -> dict[str, object]:
        for name in ("jwt_keys", "jwt_private_keys", "encryption_keys", "otlp_headers"):
            raw = values.get(name)
            if isinstance(raw, str) and raw.lstrip().startswith("{"):
                values[name] = {key: value if isinstance(value, str) else json.dumps(value) for key, value in json.loads(raw).items()}
            elif isinstance(raw, str):
                values[name] = dict(pair.strip().split("=", 1) for pair in raw.split(",") if pair.strip())
        return values

    @model_validator(mode="after")
    def _keeps_long_enough(self) -> Self:
        for name, (what, least, unit) in RETENTION_FLOORS.items():
            if (given := getattr(self, name)) < least:
                msg = f"ASSAY_{name.upper()} is {given}, but {what} {least} {unit} at least. Set it to {least} or more, or leave it out."
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _is_fit_for_people(self) -> Self:
        """What is handy while developing is refused where people's data is."""
        if self.environment not in {Environment.STAGING, Environment.PRODUCTION}:
            return self
        unfit = [
            sentence
            for sentence, holds in (
                ("ASSAY_PUBLIC_URL must begin with https://", not self.public_url.startswith("https://")),
                ("ASSAY_SECURE_COOKIES must not be switched off", not self.secure_cookies),
                ("ASSAY_WEBHOOK_ALLOWED_NETWORKS must be empty", bool(self.webhook_allowed_networks)),
                ("ASSAY_RATE_LIMIT_SCALE must not be 0", not self.rate_limit_scale),
                ("ASSAY_DATABASE_URL must be set", "database_url" not in self.model_fields_set),
            )
            if holds
        ]
        if unfit:
            msg = f"in {self.environment}: {'; '.join(unfit)}."
            raise ValueError(msg)
        return self

    @property
    def uses_openai(self) -> bool:
        """Whether essays go to OpenAI (or a compatible server)."""
        return self.llm_provider == "openai" or (self.llm_provider == "auto" and bool(self.openai_api_key.get_secret_value()))

    @property
    def async_database_url(self) -> str:
        """The database URL with the driver SQLAlchemy needs."""
        return (
            self.database_url.get_secret_value()
            .replace("postgres://", "postgresql://", 1)
            .replace("postgresql://", "postgresql+asyncpg://", 1)
        )
