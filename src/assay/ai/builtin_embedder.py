"""The built-in embedder: WordLlama's static token embeddings, read from the installed wheel, so that vectors need no network.

A vector is the mean of a text's token vectors (256 numbers, trained by WordLlama's authors on sentence pairs), brought to length 1.
The package is a folder with a tokenizer and weights here: its own code would hold the weights a second time, twice as wide, in every
process (50 MB more), and pad every text to the longest. Nothing is downloaded and nothing is written.
"""

import asyncio
import json
import os
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from assay.domain.errors import Fault, ProviderError
from assay.kit.transactions import assert_no_transaction

DIMENSION: Final = 256
_ROW_BYTES: Final = 2 * DIMENSION
"""Numbers of 16 bits."""
_BATCH: Final = 256
"""Texts tokenized at a time."""
_AT_ONCE: Final = 8_000
"""Characters that take less time (a millisecond) than a thread takes to be heard beside a busy event loop."""
_CONFIG: Final = "l2_supercat"
_loading: Final = Lock()


class _Weights(NamedTuple):
    """One row of numbers per token, left where it lies in the file: each is read when it is needed.

    Mapped, the file would count as memory of every process: the kernel maps 64 KB around each row that is touched, soon all 16 MB.
    """

    descriptor: int
    """Of the open file; it belongs to the process, so that nothing closes it."""
    start: int

    def of(self, tokens: Iterable[int]) -> NDArray[np.float16]:
        """The rows of `tokens`, in order."""
        rows = b"".join([os.pread(self.descriptor, _ROW_BYTES, self.start + _ROW_BYTES * token) for token in tokens])
        return np.frombuffer(rows, dtype=np.float16).reshape(-1, DIMENSION)


class _Model(NamedTuple):
    tokenizer: Tokenizer
    weights: _Weights


@cache
def _model() -> _Model:
    """The model, once per process; call under `_loading`, since `cache` alone lets two threads load it twice."""
    found = find_spec("wordllama")
    if found is None or found.origin is None:
        raise FileNotFoundError("wordllama")
    folder = Path(found.origin).parent
    tokenizer = Tokenizer.from_str((folder / "tokenizers" / f"{_CONFIG}_tokenizer_config.json").read_text(encoding="utf-8"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return _Model(tokenizer, _opened(folder / "weights" / f"{_CONFIG}_{DIMENSION}.safetensors"))


def _opened(path: Path) -> _Weights:
    """The weights, open for as long as the process lives. A safetensors file: a length, a JSON header, tensors."""
    descriptor = os.open(path, os.O_RDONLY)
    size = int.from_bytes(os.pread(descriptor, 8, 0), "little")
    tensor = json.loads(os.pread(descriptor, size, 8))["embedding.weight"]
    return _Weights(descriptor, 8 + size + tensor["data_offsets"][0])


@cache
def _name() -> str:
    return f"wordllama-{_CONFIG}-{DIMENSION}/{version('wordllama')}"


def _encode(texts: Sequence[str]) -> list[list[float]]:
    """Unit vectors of `texts`, in order."""
    with _loading:
        model = _model()
    vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
    for start in range(0, len(texts), _BATCH):
        batch = [text.strip() for text in texts[start : start + _BATCH]]
        encoded = [encoding.ids for encoding in model.tokenizer.encode_batch_fast(batch, add_special_tokens=False)]
        known = {token: place for place, token in enumerate(dict.fromkeys(chain.from_iterable(encoded)))}
        rows = model.weights.of(known)
        for place, tokens in enumerate(encoded, start=start):
            if tokens:
                vectors[place] = rows[[known[token] for token in tokens]].mean(axis=0, dtype=np.float32)
    unit: list[list[float]] = _unit(vectors).tolist()
    return unit


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
            if _model.cache_info().currsize and sum(map(len, texts)) <= _AT_ONCE:
                return _encode(texts)
            return await asyncio.to_thread(_encode, list(texts))
        except (ImportError, OSError, RuntimeError) as problem:
            raise ProviderError(Fault.MISCONFIGURED, f"the built-in embedding model cannot be loaded: {problem}") from problem
