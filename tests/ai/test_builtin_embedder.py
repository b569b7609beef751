"""The built-in embedder: unit vectors that mean something, from the wheel alone."""

import asyncio
import math
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from assay.ai.builtin_embedder import DIMENSION, BuiltinEmbedder, _encode, _model
from assay.domain.errors import Fault, ProviderError
from assay.kit.transactions import NetworkInsideTransaction, transaction_marked

EMBEDDER = BuiltinEmbedder()


def cosine(one: list[float], other: list[float]) -> float:
    """Cosine of two unit vectors."""
    return sum(first * second for first, second in zip(one, other, strict=True))


async def test_vectors_are_unit_vectors_in_order() -> None:
    """One plain list of floats per text, of length 1, the same alone or among longer and shorter texts, over several batches."""
    texts = [f"text number {number} " + "about queues " * (number % 40) for number in range(150)]
    vectors = await EMBEDDER.embed(texts)
    assert {len(vector) for vector in vectors} == {DIMENSION} == {EMBEDDER.dimension}
    assert all(math.isclose(math.hypot(*vector), 1.0, abs_tol=1e-5) for vector in vectors)
    assert all(type(value) is float for value in vectors[0])
    for place in (0, 39, 77, 149):
        assert cosine(vectors[place], (await EMBEDDER.embed([texts[place]]))[0]) == pytest.approx(1.0, abs=1e-4)


async def test_near_meanings_are_near() -> None:
    """A paraphrase is closer than another subject."""
    asked, same, other = await EMBEDDER.embed(
        [
            "The service asks the payment provider for the status after a timeout.",
            "When the payment company does not answer in time, we query what happened to the charge.",
            "My grandmother bakes apple cake every Sunday.",
        ]
    )
    assert cosine(asked, same) > cosine(asked, other) + 0.2


async def test_empty_texts_have_a_defined_direction() -> None:
    """No token, no meaning: always the same unit vector, and near to no real text."""
    empty, blank, real = await EMBEDDER.embed(["", " \n\t", "a message queue with retries"])
    assert empty == blank == [1.0, *[0.0] * (DIMENSION - 1)]
    assert abs(cosine(empty, real)) < 0.2


async def test_nothing_to_embed() -> None:
    """No texts, no vectors."""
    assert await EMBEDDER.embed([]) == []


def test_the_name_says_model_size_and_version() -> None:
    """An index built by another version is another index."""
    model, version = EMBEDDER.name.split("/")
    assert model == "wordllama-l2_supercat-256"
    assert version[0].isdigit()


async def test_the_model_is_loaded_once_for_all_threads() -> None:
    """Many embedders at once share one model."""
    await asyncio.gather(*(BuiltinEmbedder().embed([f"text {number}"]) for number in range(8)))
    assert _model.cache_info().misses == 1


async def test_it_refuses_to_work_inside_a_transaction() -> None:
    """The same law as for a paid embedder, so that a mistake shows with either."""
    with transaction_marked(), pytest.raises(NetworkInsideTransaction):
        await EMBEDDER.embed(["text"])


async def test_a_broken_installation_is_a_named_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing weights are a misconfiguration, not a crash."""

    @cache
    def missing() -> None:
        raise FileNotFoundError("weights")

    monkeypatch.setattr("assay.ai.builtin_embedder._model", missing)
    with pytest.raises(ProviderError) as problem:
        await EMBEDDER.embed(["text"])
    assert problem.value.fault is Fault.MISCONFIGURED


PROBE = """
import logging, socket, sys
def refuse(*args, **kwargs): raise AssertionError("network")
socket.socket.connect = socket.getaddrinfo = refuse
from assay.ai.builtin_embedder import _encode
assert len(_encode(["a text"])[0]) == 256
assert not logging.getLogger().handlers and logging.getLogger().level == logging.WARNING
"""


def test_loading_needs_no_network_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A fresh process without a network loads the model, writes nothing to its home, and keeps its logging as it was."""
    environment = {"HOME": str(tmp_path), "PYTHONPATH": ":".join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_encoding_is_pure() -> None:
    """The same text gives the same numbers every time."""
    assert _encode(["the same text"]) == _encode(["the same text"])
