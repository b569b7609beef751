"""The vector store on a Chroma server: one collection for each index version, over Chroma's HTTP interface (v2).

Postgres keeps every chunk with its vector; a collection is a copy for searching and can be filled again at any time. Chroma's own
client is not used: for five requests it would bring telemetry and two seconds of imports (see the decision on index versions).
"""

import asyncio
import base64
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError

from assay.domain.errors import Fault, ProviderError
from assay.domain.ports import StoredChunk, Vector
from assay.domain.retrieval import ChunkHit
from assay.kit.transactions import assert_no_transaction

WRITE_SECONDS: Final = 60.0
_BATCH: Final = 500
"""Chunks in one request: under 1 MB with 256 dimensions."""
_INDEX: Final = {"hnsw": {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 400}}
"""HNSW (Malkov and Yashunin, 2016), as exact as search allows: a query asks for up to 150 chunks, and `ef_search` must exceed that."""
_FAULTS: Final[dict[int, tuple[Fault, str]]] = {
    HTTPStatus.BAD_REQUEST: (Fault.MISCONFIGURED, "refused the request: the index holds vectors of another length"),
    HTTPStatus.UNAUTHORIZED: (Fault.MISCONFIGURED, "does not know the token"),
    HTTPStatus.FORBIDDEN: (Fault.MISCONFIGURED, "does not allow this token"),
    HTTPStatus.NOT_FOUND: (Fault.MISCONFIGURED, "does not hold this index version: rebuild the index"),
    HTTPStatus.TOO_MANY_REQUESTS: (Fault.RATE_LIMITED, "is busy"),
}


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Collection(_Wire):
    id: UUID


class _Place(_Wire):
    """Where a chunk stands. Written as one text: Chroma indexes every key of its metadata, and none is ever asked for."""

    credential: UUID
    credential_version: UUID
    version: int
    section: str
    start: int
    end: int


class _Metadata(_Wire):
    place: str


class _Found(_Wire):
    ids: tuple[tuple[UUID, ...], ...]
    distances: tuple[tuple[float, ...], ...]
    metadatas: tuple[tuple[_Metadata, ...], ...]


class ChromaStore:
    """The `VectorStore` port on the server at `url`; `seconds` is how long a search may take."""

    def __init__(
        self, url: str, *, token: str = "", tenant: str = "default_tenant", database: str = "default_database", seconds: float = 2.0
    ) -> None:
        self._client = httpx2.AsyncClient(
            base_url=f"{url.rstrip('/')}/api/v2/tenants/{tenant}/databases/{database}/",
            headers={"X-Chroma-Token": token} if token else {},
            timeout=seconds,
            trust_env=False,
        )
        self._collections: dict[UUID, UUID] = {}

    async def nearest(self, index_version: UUID, vectors: Sequence[Vector], limit: int) -> list[list[ChunkHit]]:
        """For each of `vectors` the `limit` chunks of highest cosine similarity, best first. Raises `ProviderError`."""
        assert_no_transaction()
        wanted = {"query_embeddings": list(vectors), "n_results": limit, "include": ["distances", "metadatas"]}
        reply = await self._of_collection(index_version, "query", wanted)
        with _readable():
            found = _Found.model_validate_json(reply.content)
            return [_hits(*each) for each in zip(found.ids, found.distances, found.metadatas, strict=True)]

    async def build(self, index_version: UUID, dimension: int, chunks: AsyncIterator[Sequence[StoredChunk]]) -> None:
        """Fill the collection of this version; what it holds already is written again. Raises `ProviderError`."""
        assert_no_transaction()
        del dimension  # the first vector says it
        body = {"name": _name(index_version), "get_or_create": True, "configuration": _INDEX}
        await self._asked("POST", "collections", body)
        async for batch in chunks:
            for first in range(0, len(batch), _BATCH):
                await self._of_collection(index_version, "upsert", _records(batch[first : first + _BATCH]), WRITE_SECONDS)

    async def holds(self, index_version: UUID) -> int:
        """How many chunks of this version can be found; 0 for a version that is not there. Raises `ProviderError`."""
        assert_no_transaction()
        self._collections.pop(index_version, None)
        reply = await self._sent("GET", f"collections/{_name(index_version)}")
        if reply.status_code == HTTPStatus.NOT_FOUND:
            return 0
        collection = _collection(_checked(reply))
        reply = await self._asked("GET", f"collections/{collection}/count")
        with _readable():
            return int(reply.json())

    async def drop(self, index_version: UUID) -> None:
        """Forget this version; without effect when it is not there. Raises `ProviderError`."""
        assert_no_transaction()
        self._collections.pop(index_version, None)
        reply = await self._sent("DELETE", f"collections/{_name(index_version)}")
        if reply.status_code != HTTPStatus.NOT_FOUND:
            _checked(reply)

    async def ping(self) -> None:
        """Raises `ProviderError` when the server does not answer."""
        await self._asked("GET", "collections_count")

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def _of_collection(
        self, index_version: UUID, verb: str, body: Mapping[str, Any], seconds: float | None = None
    ) -> httpx2.Response:
        """POST to the collection of a version. One made anew since it was last asked has another id: looked up again, once."""
        known = index_version in self._collections
        reply = await self._sent("POST", f"collections/{await self._id(index_version)}/{verb}", body, seconds)
        if known and reply.status_code == HTTPStatus.NOT_FOUND:
            del self._collections[index_version]
            reply = await self._sent("POST", f"collections/{await self._id(index_version)}/{verb}", body, seconds)
        return _checked(reply)

    async def _id(self, index_version: UUID) -> UUID:
        if index_version not in self._collections:
            self._collections[index_version] = _collection(await self._asked("GET", f"collections/{_name(index_version)}"))
        return self._collections[index_version]

    async def _asked(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx2.Response:
        return _checked(await self._sent(method, path, body))

    async def _sent(self, method: str, path: str, body: Mapping[str, Any] | None = None, seconds: float | None = None) -> httpx2.Response:
        limit = self._client.timeout.read if seconds is None else seconds
        try:
            async with asyncio.timeout(limit):  # the whole of it: the client's own limits are for each wait
                return await self._client.request(method, path, json=body, timeout=limit)
        except (httpx2.TimeoutException, TimeoutError) as error:
            raise ProviderError(Fault.TIMEOUT, f"Chroma took longer than {limit:g} s") from error
        except httpx2.HTTPError as error:
            raise ProviderError(Fault.UNAVAILABLE, f"Chroma cannot be reached: {type(error).__name__}") from error


def _name(index_version: UUID) -> str:
    return f"assay-{index_version}"


def _records(chunks: Sequence[StoredChunk]) -> dict[str, Any]:
    places = [
        _Place(
            credential=chunk.credential_id,
            credential_version=chunk.credential_version_id,
            version=chunk.credential_version,
            section=chunk.section,
            start=chunk.start,
            end=chunk.end,
        ).model_dump_json()
        for chunk in chunks
    ]
    return {
        "ids": [str(chunk.id) for chunk in chunks],
        "embeddings": [base64.b64encode(struct.pack(f"<{len(chunk.vector)}f", *chunk.vector)).decode() for chunk in chunks],
        "metadatas": [{"place": place} for place in places],
    }


def _hits(ids: Sequence[UUID], distances: Sequence[float], metadata: Sequence[_Metadata]) -> list[ChunkHit]:
    """Nearest first, equal distances by place, as in the other store."""
    places = [_Place.model_validate_json(each.place) for each in metadata]
    found = sorted(
        zip(distances, places, ids, strict=True), key=lambda each: (each[0], each[1].credential_version, each[1].section, each[1].start)
    )
    return [ChunkHit(chunk, at.credential, at.version, at.section, at.start, at.end, 1 - distance) for distance, at, chunk in found]


def _checked(reply: httpx2.Response) -> httpx2.Response:
    if reply.is_success:
        return reply
    fault, what = _FAULTS.get(reply.status_code, (Fault.UNAVAILABLE, f"answered {reply.status_code}"))
    raise ProviderError(fault, f"Chroma {what}")


def _collection(reply: httpx2.Response) -> UUID:
    with _readable():
        return _Collection.model_validate_json(reply.content).id


@contextmanager
def _readable() -> Any:
    """What is not the JSON that was promised is an invalid reply."""
    try:
        yield
    except (ValidationError, ValueError, TypeError) as error:
        raise ProviderError(Fault.INVALID_REPLY, "Chroma answered something else than was asked for") from error
