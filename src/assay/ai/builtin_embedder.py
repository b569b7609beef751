"""The built-in embedder: WordLlama's static token embeddings, read from the installed wheel, so that vectors need no network.

A vector is the mean of a text's token vectors (256 numbers, trained by WordLlama's authors on sentence pairs), brought to length 1.
Nothing is downloaded and nothing is written: the package's own folder is given as the cache, where both weights and tokenizer lie.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.domain.errors import Fault, ProviderError
from assay.kit.transactions import assert_no_transaction

DIMENSION: Final = 256
_BATCH_CHARACTERS: Final = 16_000
"""Padded characters of one batch, so that the intermediate vectors take some 10 MB however many texts there are."""
_CONFIG: Final = "l2_supercat"
_loading: Final = Lock()


@cache
def _model() -> Any:
    """The model, once per process; call under `_loading`, since `cache` alone lets two threads load it twice."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        import wordllama  # noqa: PLC0415 - slow to import, and needed only by processes that embed
    finally:  # its import calls `logging.basicConfig`; how this process logs is not its business
        root.handlers[:] = handlers
        root.setLevel(level)
    folder = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(config=_CONFIG, cache_dir=folder, dim=DIMENSION, disable_download=True)
    model.embedding = model.embedding.astype(np.float16)  # as in the wheel, and half of 31 MB; means are taken in 32 bits all the same
    return model


@cache
def _name() -> str:
    return f"wordllama-{_CONFIG}-{DIMENSION}/{version('wordllama')}"


def _encode(texts: Sequence[str]) -> list[list[float]]:
    """Unit vectors of `texts`, in order."""
    with _loading:
        model = _model()
    vectors = np.empty((len(texts), DIMENSION), dtype=np.float32)
    for places in _batches(texts):
        vectors[places] = model.embed([texts[place].strip() for place in places], batch_size=len(places))
    unit: list[list[float]] = _unit(vectors).tolist()
    return unit


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Places of texts of about one length: a batch is padded to its longest, which would otherwise be most of its cost and memory."""
    batch: list[int] = []
    for place in sorted(range(len(texts)), key=lambda place: len(texts[place])):
        if batch and (len(batch) + 1) * len(texts[place]) > _BATCH_CHARACTERS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    empty = norms[:, 0] == 0
    vectors[empty, 0] = 1.0
    norms[empty] = 1.0
    return vectors / norms


class BuiltinEmbedder:
    """The `Embedder` port on WordLlama.

    A text without any token (empty, or white space alone) has no direction; it becomes the first unit vector of the space, which is
    near to no real text (measured cosines: mean 0.00, deviation 0.07), because a zero vector has no cosine at all.
    """

    @property
    def name(self) -> str:
        """Model and package version."""
        return _name()

    @property
    def dimension(self) -> int:
        """256."""
        return DIMENSION

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One L2-normalised vector per text, in order. Raises `ProviderError(MISCONFIGURED)` when the wheel's files are not there."""
        assert_no_transaction()
        if not texts:
            return []
        try:
            return await asyncio.to_thread(_encode, list(texts))
        except (ImportError, OSError, RuntimeError) as problem:
            raise ProviderError(Fault.MISCONFIGURED, f"the built-in embedding model cannot be loaded: {problem}") from problem
