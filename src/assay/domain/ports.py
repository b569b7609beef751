"""What the services need from outside, for what is paid, slow, random or swappable. Postgres has no port: it is not swappable."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from assay.domain.circuit import Opening
from assay.domain.fusion import Fact, Sentence
from assay.domain.grading import EssayTask, Identity, ModelReply, VerdictDraft
from assay.domain.jobs import JobType, WorkerSeen
from assay.domain.quotas import Quota, Taken
from assay.domain.retrieval import ChunkHit

type Vector = list[float]


class SharedView(NamedTuple):
    """A circuit as others know it; `rests` and `probed` are the seconds that the pause and the probe's lease still last."""

    opening: Opening | None = None
    rests: float = 0.0
    probed: float = 0.0


class StoredChunk(NamedTuple):
    """A chunk of a credential version as the index keeps it: where it stands, and its vector."""

    id: UUID
    credential_id: UUID
    credential_version_id: UUID
    credential_version: int
    section: str
    start: int
    end: int
    vector: Sequence[float]


class Grader(Protocol):
    """Grades an essay in two steps, so that a stored reply can be read again without asking again."""

    @property
    def identity(self) -> Identity:
        """Model, prompt hash and parameters: with the task they address a stored reply."""

    async def ask(self, task: EssayTask, *, failed_quotes: Sequence[str] = ()) -> ModelReply:
        """Ask for a judgement. `failed_quotes` names quotes of an earlier reply that are not in the essay.

        Raises `ProviderError` with a named fault.
        """

    def read(self, task: EssayTask, reply: ModelReply) -> VerdictDraft:
        """The draft that `reply` holds; pure. Raises `ProviderError(INVALID_REPLY)` when it holds none."""


class Narrator(Protocol):
    """Writes the summary from facts, in the same two steps."""

    @property
    def identity(self) -> Identity:
        """Model, prompt hash and parameters."""

    async def ask(self, facts: Sequence[Fact]) -> ModelReply:
        """Ask for sentences that cite fact ids. Raises `ProviderError`."""

    def read(self, reply: ModelReply) -> list[Sentence]:
        """The sentences in `reply`; pure, unverified."""


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """Model and version; part of an index version's identity."""

    @property
    def dimension(self) -> int:
        """Length of every vector."""

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One L2-normalised vector per text, in order. Raises `ProviderError`."""


class VectorStore(Protocol):
    """Nearest chunks of one index version. Postgres keeps the chunks, a store makes them searchable. All of it raises `ProviderError`."""

    async def nearest(self, index_version: UUID, vectors: Sequence[Vector], limit: int) -> list[list[ChunkHit]]:
        """For each of `vectors` the `limit` chunks of highest cosine similarity, best first.

        A version that the store does not hold, and vectors of another length than its, are `MISCONFIGURED`.
        """

    async def build(self, index_version: UUID, dimension: int, chunks: AsyncIterator[Sequence[StoredChunk]]) -> None:
        """Make a version searchable whose chunks are all written; they come in batches. May be repeated, and disturbs no search."""

    async def holds(self, index_version: UUID) -> int:
        """How many chunks of this version can be found; 0 for a version that is not there."""

    async def drop(self, index_version: UUID) -> None:
        """Forget what was built for this version; without effect when there is nothing."""

    async def close(self) -> None:
        """Let go of connections."""


class Posted(NamedTuple):
    """What an endpoint answered; `retry_after` in seconds when it said so."""

    status: int
    retry_after: float | None


class WebhookSender(Protocol):
    """Posts to addresses that somebody else has chosen, and only to those that may be spoken to."""

    async def check(self, url: str) -> None:
        """Raises `ProviderError(MISCONFIGURED)` with the reason when nothing may be posted there as things stand now."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Posted:
        """Post `body`, whatever is answered. Raises `ProviderError` when nothing was, or when it must not be asked."""


class LinkProbe(Protocol):
    """Asks addresses that somebody else has written down whether there is something, and only those that may be spoken to."""

    async def head(self, url: str) -> Posted:
        """What is answered to a HEAD request. Raises `ProviderError` when nothing was, or when it must not be asked."""


class Broker(Protocol):
    """Rings the doorbell: tells a worker that the ledger has something due. Never carries data, never raises."""

    async def ring(self, job_type: JobType, job_id: UUID) -> bool:
        """Enqueue a wake-up for `job_id`; False when the queue is away (the ledger alone goes on)."""

    async def depth(self) -> dict[str, int]:
        """Messages waiting per queue."""

    async def workers(self) -> tuple[WorkerSeen, ...] | None:
        """Worker processes that listen; None when the queue is away and nobody knows."""

    async def ping(self) -> None:
        """Raises when the queue is away."""

    async def eviction_policy(self) -> str:
        """What the queue's server does when its memory is full, as Redis calls it. Raises when it is away."""

    async def close(self) -> None:
        """Let go of connections."""


class TokenBuckets(Protocol):
    """Buckets that all processes share."""

    async def take(self, subject: str, quota: Quota) -> Taken | None:
        """Take one token from the bucket of `subject`; None when nobody can be asked."""


class SharedCircuit(Protocol):
    """What all processes know of one provider's circuit. None as an answer: nobody can be asked, and each process goes by its own view."""

    async def read(self) -> SharedView | None:
        """The circuit as it stands."""

    async def open(self, because: Opening, token: str = "") -> SharedView | None:
        """Open it, unless it is open; with the `token` of a probe that failed, for another pause. The circuit as it stands then."""

    async def probe(self, token: str, lease: float, *, healer: bool) -> bool | None:
        """Take the one probe for `lease` seconds; False when it is not the time, or somebody has it."""

    async def release(self, token: str) -> None:
        """Give a probe back that has found nothing out."""

    async def close(self) -> None:
        """The provider has answered."""
