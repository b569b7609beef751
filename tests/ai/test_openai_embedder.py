"""The embedder against a real SDK, real HTTP and a scripted provider: vectors are checked before anyone believes them."""

import json
import math
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from fastapi import FastAPI, Request

from assay.ai.openai_embedder import OpenAIEmbedder
from assay.domain.errors import Fault, ProviderError
from assay.kit.transactions import NetworkInsideTransaction, transaction_marked

SMALL = "text-embedding-3-small"
NAMED = {
    "rate_limit": Fault.RATE_LIMITED,
    "quota": Fault.QUOTA_EXHAUSTED,
    "unauthorized": Fault.MISCONFIGURED,
    "server_error": Fault.UNAVAILABLE,
    "hang": Fault.TIMEOUT,
    "slow_drip": Fault.TIMEOUT,
    "disconnect": Fault.UNAVAILABLE,
    "not_json": Fault.INVALID_REPLY,
    "empty": Fault.INVALID_REPLY,
    "nan_embedding": Fault.INVALID_REPLY,
    "wrong_dimension": Fault.INVALID_REPLY,
}

type Build = Callable[..., OpenAIEmbedder]


@pytest.fixture
def embedder(provider: Any) -> Build:
    """Builds an embedder: which fault it orders, which model, how long a call may take."""

    def build(fault: str | None = None, *, model: str = SMALL, dimension: int = 64, deadline: float = 5.0) -> OpenAIEmbedder:
        client = provider.client.with_options(default_headers={"x-scripted-fault": fault} if fault else {})
        return OpenAIEmbedder(client, model, dimension, deadline)

    return build


def cosine(left: list[float], right: list[float]) -> float:
    """Cosine of unit vectors."""
    return sum(a * b for a, b in zip(left, right, strict=True))


async def test_vectors_have_unit_length_and_keep_the_order(embedder: Build) -> None:
    """One vector per text, of the dimension asked for; texts that share words are nearer."""
    vectors = await embedder().embed(["caching with redis", "redis as a cache, caching well", "singing in a choir", ""])
    assert [len(vector) for vector in vectors] == [64] * 4
    assert all(math.isclose(math.hypot(*vector), 1.0, abs_tol=1e-9) for vector in vectors)
    assert cosine(vectors[0], vectors[1]) > cosine(vectors[0], vectors[2])


async def test_many_texts_go_in_batches(provider: Any, embedder: Build) -> None:
    """600 texts are three calls, and the vectors come back in one order."""
    texts = [f"batched text {chr(97 + index % 26) * 4} {chr(97 + index // 26) * 4}" for index in range(600)]
    vectors = await embedder(dimension=8).embed(texts)
    sent = [json.loads(entry["body"]) for entry in (await provider.journal())["entries"] if "batched text" in entry["body"]]
    assert [len(body["input"]) for body in sent] == [256, 256, 88]
    assert vectors[599] == (await embedder(dimension=8).embed(texts[599:]))[0]


async def test_no_texts_are_no_call(embedder: Build) -> None:
    """Nothing to embed needs no provider, even one that is down."""
    assert await embedder("server_error").embed([]) == []


@pytest.mark.parametrize("fault", NAMED)
async def test_every_fault_has_its_name(embedder: Build, fault: str) -> None:
    """A provider that is down and one that sends nonsense are told apart; no bad vector gets through."""
    with pytest.raises(ProviderError) as caught:
        await embedder(fault, deadline=0.1 if fault in {"hang", "slow_drip"} else 5.0).embed(["one", "two"])
    assert caught.value.fault is NAMED[fault]


async def test_nothing_leaves_while_a_transaction_is_open(embedder: Build) -> None:
    """The law of the house: no network inside a transaction."""
    with transaction_marked(), pytest.raises(NetworkInsideTransaction):
        await embedder().embed(["one"])


async def test_only_resizable_models_are_told_a_dimension(provider: Any, embedder: Build) -> None:
    """Compatible servers refuse a parameter they do not know and are not sent it; their dimension is checked all the same."""
    await embedder().embed(["resizable text"])
    with pytest.raises(ProviderError) as caught:
        await embedder(model="bge-m3", dimension=64).embed(["fixed text"])
    assert caught.value.fault is Fault.INVALID_REPLY
    sent = [json.loads(entry["body"]) for entry in (await provider.journal())["entries"] if entry["task"] == "embed"]
    asked = {text: body for body in sent for text in body["input"] if text in {"resizable text", "fixed text"}}
    assert asked["resizable text"]["dimensions"] == 64
    assert "dimensions" not in asked["fixed text"]
    assert set(asked["resizable text"]) == {"model", "input", "dimensions", "encoding_format"}


def test_the_name_tells_models_and_dimensions_apart(embedder: Build) -> None:
    """Vectors of another model or length must never be compared, so they belong to another embedder."""
    assert embedder().name == "openai:text-embedding-3-small@64"


@pytest.mark.parametrize(
    "data",
    [
        [{"index": 0, "embedding": [3.0, 4.0]}, {"index": 0, "embedding": [1.0, 0.0]}],
        [{"index": 0, "embedding": [3.0, 4.0]}],
        [{"index": 0, "embedding": [3.0, 4.0]}, {"index": 1, "embedding": [0.0, 0.0]}],
        [{"index": 0, "embedding": [3.0, 4.0]}, {"index": 1, "embedding": "not base64"}],
        [{"index": 0, "embedding": [3.0, 4.0]}, {"index": 1, "embedding": "AAAA"}],
        [{"index": 0, "embedding": [3.0, 4.0]}, {"index": 1, "embedding": [None, 1.0]}],
        [{"index": 0, "embedding": [3.0, 4.0]}, {"index": 1, "embedding": [1e308, 1e308]}],
    ],
)
async def test_odd_vectors_are_refused(parrot: Any, data: list[dict[str, Any]]) -> None:
    """Misnumbered, missing, zero, undecodable, incomplete and overflowing vectors are one named fault."""
    with pytest.raises(ProviderError) as caught:
        await OpenAIEmbedder(parrot.client, json.dumps(data), 2).embed(["one", "two"])
    assert caught.value.fault is Fault.INVALID_REPLY


async def test_plain_numbers_in_any_order_are_read_too(parrot: Any) -> None:
    """Servers that do not know base64 send numbers; the index gives the order."""
    data = [{"index": 1, "embedding": [0, -2]}, {"index": 0, "embedding": [3.0, 4.0]}]
    assert await OpenAIEmbedder(parrot.client, json.dumps(data), 2).embed(["one", "two"]) == [[0.6, 0.8], [0.0, -1.0]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def parrot(providing: Any) -> AsyncIterator[Any]:
    """A server that answers every embedding request with the data written in its model name."""
    app = FastAPI()

    @app.post("/v1/embeddings")
    async def embeddings(request: Request) -> dict[str, Any]:
        return {"object": "list", "model": "parrot", "data": json.loads((await request.json())["model"])}

    async with providing(app) as running:
        yield running
