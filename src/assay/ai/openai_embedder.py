"""The embedder that asks a provider for vectors and believes none of them unchecked."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from openai import AsyncOpenAI, omit
from pydantic import BaseModel, ConfigDict

from assay.ai.openai_client import call
from assay.ai.openai_replies import checked
from assay.ai.wrappers import count_tokens
from assay.domain.errors import Fault, ProviderError
from assay.domain.grading import Usage
from assay.domain.ports import Vector

BATCH: Final = 256
"""Texts in one call. Providers allow 2,048, but 300,000 tokens in all."""
RESIZABLE: Final = "text-embedding-3"
"""The only models that know the parameter `dimensions` (Matryoshka embeddings, Kusupati et al., 2022)."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Embedding(_Wire):
    index: int
    embedding: str | tuple[float, ...]


class _Tokens(_Wire):
    prompt_tokens: int = 0


class _Embeddings(_Wire):
    data: tuple[_Embedding, ...]
    usage: _Tokens | None = None


@dataclass(frozen=True, slots=True)
class OpenAIEmbedder:
    """An `Embedder` on a model behind the OpenAI protocol; `deadline` is seconds a call of at most 256 texts."""

    client: AsyncOpenAI
    model: str
    dimension: int
    deadline: float = 15.0

    @property
    def name(self) -> str:
        """Model and dimension: the same model cut to another length is another embedder."""
        return f"openai:{self.model}@{self.dimension}"

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One unit vector per text, in order.

        Raises `ProviderError(INVALID_REPLY)` for vectors that are missing, of another dimension, not finite or zero.
        """
        vectors: list[Vector] = []
        for start in range(0, len(texts), BATCH):
            vectors += await self._embed_batch(texts[start : start + BATCH])
        return vectors

    async def _embed_batch(self, texts: Sequence[str]) -> list[Vector]:
        reply = await call(lambda: self._request(texts), deadline=self.deadline)
        matrix = _matrix(reply.data, rows=len(texts), columns=self.dimension)
        # The port returns vectors alone, so what they cost is counted here and not by the wrapper.
        count_tokens("embed", self.name, Usage(input_tokens=reply.usage.prompt_tokens if reply.usage else 0))
        vectors: list[Vector] = matrix.tolist()
        return vectors

    async def _request(self, texts: Sequence[str]) -> _Embeddings:
        reply = await self.client.embeddings.with_raw_response.create(
            model=self.model,
            input=[text or " " for text in texts],  # an empty string is refused, a blank is not
            dimensions=self.dimension if self.model.startswith(RESIZABLE) else omit,
            encoding_format="base64",  # a quarter of the bytes; servers that do not know it send numbers, which are read too
        )
        return checked(_Embeddings, reply.http_response.content)


def _matrix(data: Sequence[_Embedding], *, rows: int, columns: int) -> NDArray[np.float64]:
    """Rows in the order of their index, of unit length. Raises `ProviderError(INVALID_REPLY)`."""
    if sorted(item.index for item in data) != list(range(rows)):
        raise ProviderError(Fault.INVALID_REPLY, f"{len(data)} vectors for {rows} texts, or misnumbered")
    vectors = [_numbers(item.embedding) for item in sorted(data, key=lambda item: item.index)]
    if lengths := {len(vector) for vector in vectors} - {columns}:
        raise ProviderError(Fault.INVALID_REPLY, f"vectors of dimension {sorted(lengths)}, not {columns}")
    matrix = np.stack(vectors)
    with np.errstate(over="ignore"):  # a norm too large for a float is refused with the other infinite ones
        norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    if not (np.isfinite(norms).all() and norms.all()):
        raise ProviderError(Fault.INVALID_REPLY, "a vector that is not finite or is zero")
    unit: NDArray[np.float64] = matrix / norms
    return unit


def _numbers(embedding: str | tuple[float, ...]) -> NDArray[np.float64]:
    """Numbers from JSON, or from base64 over little-endian 32-bit floats."""
    if not isinstance(embedding, str):
        return np.array(embedding, dtype=np.float64)
    try:
        return np.frombuffer(base64.b64decode(embedding, validate=True), dtype="<f4").astype(np.float64)
    except (binascii.Error, ValueError):
        raise ProviderError(Fault.INVALID_REPLY, "a vector that is not base64 of 32-bit floats") from None
