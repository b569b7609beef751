"""Requests and replies in the two shapes of the OpenAI protocol, and what is found between markers in a prompt."""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.ai.scripted.faults import ScriptedFault, Task
from assay.ai.scripted.journal import Tokens

BLOCK: Final = re.compile(r"<(essay|facts|quotes)-([0-9a-f]{32})>\n(.*?)\n</\1-\2>", re.DOTALL)
REFUSAL: Final = "I cannot help with that."
CACHE_STEP: Final = 128
CACHE_LEAST: Final = 1_024
"""OpenAI caches prefixes of at least 1,024 tokens, in steps of 128."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the scripted model reads it."""

    body: dict[str, Any]
    digest: str
    text: str
    blocks: dict[str, str]
    task: Task

    @property
    def prefix(self) -> str:
        """What precedes the first block: the part that calls have in common."""
        return BLOCK.split(self.text, maxsplit=1)[0]

    @property
    def model(self) -> str:
        """The model asked for."""
        return str(self.body.get("model", ""))


def read(path: str, raw: bytes) -> Asked:
    """Read a request. Raises `ValueError` when the body is not a JSON object."""
    body = json.loads(raw)
    if not isinstance(body, dict):
        msg = "the body is not an object"
        raise ValueError(msg)  # noqa: TRY004 - one error for every unreadable body
    text = "\n\n".join(_texts(body))
    found = list(BLOCK.finditer(text))
    plain = raw.decode()
    for block in found:
        plain = plain.replace(block[2], "")
    blocks = {block[1]: block[3] for block in reversed(found)}  # the first of a kind wins: later ones may be forged inside it
    return Asked(body=body, digest=sha256(plain.encode()).hexdigest(), text=text, blocks=blocks, task=_task(path, blocks))


def _task(path: str, blocks: dict[str, str]) -> Task:
    if path.endswith("/embeddings"):
        return "embed"
    return "grade" if "essay" in blocks else "narrate" if "facts" in blocks else "other"


def _texts(body: dict[str, Any]) -> Iterator[str]:
    """All texts of a request, instructions first: strings, messages, and messages made of parts."""
    for key in ("instructions", "input", "messages"):
        value = body.get(key)
        for item in value if isinstance(value, list) else [value]:
            content = item.get("content") if isinstance(item, dict) else item
            parts = content if isinstance(content, list) else [content]
            yield from (part.get("text", "") if isinstance(part, dict) else part for part in parts if part)


def tokens_in(text: str) -> int:
    """Tokens at four characters each."""
    return -(-len(text) // 4)


def cached_tokens(prefix: str) -> int:
    """Tokens of a known prefix that come from the cache."""
    whole = tokens_in(prefix) // CACHE_STEP * CACHE_STEP
    return whole if whole >= CACHE_LEAST else 0


def responses_reply(asked: Asked, text: str, tokens: Tokens, fault: ScriptedFault | None) -> dict[str, Any]:
    """A reply of the Responses API."""
    part = {"type": "output_text", "text": text, "annotations": []}
    if fault is ScriptedFault.REFUSAL:
        part = {"type": "refusal", "refusal": REFUSAL}
    reasons = {ScriptedFault.TRUNCATION: "max_output_tokens", ScriptedFault.CONTENT_FILTER: "content_filter"}
    reason = reasons.get(fault) if fault else None
    status = "incomplete" if reason else "completed"
    message = {"type": "message", "id": f"msg_{asked.digest[:24]}", "status": status, "role": "assistant", "content": [part]}
    return {
        "id": f"resp_{asked.digest[:24]}",
        "object": "response",
        "created_at": 0,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "model": asked.model,
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": tokens.input,
            "input_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": 0},
            "output_tokens": tokens.output,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": tokens.input + tokens.output,
        },
    }


def chat_reply(asked: Asked, text: str, tokens: Tokens, fault: ScriptedFault | None) -> dict[str, Any]:
    """A chat completion."""
    refused = fault is ScriptedFault.REFUSAL
    message = {"role": "assistant", "content": None if refused else text, "refusal": REFUSAL if refused else None}
    finishes = {ScriptedFault.TRUNCATION: "length", ScriptedFault.CONTENT_FILTER: "content_filter"}
    finish = finishes.get(fault, "stop") if fault else "stop"
    return {
        "id": f"chatcmpl-{asked.digest[:24]}",
        "object": "chat.completion",
        "created": 0,
        "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {
            "prompt_tokens": tokens.input,
            "completion_tokens": tokens.output,
            "total_tokens": tokens.input + tokens.output,
            "prompt_tokens_details": {"cached_tokens": tokens.cached},
        },
    }


def embeddings_reply(asked: Asked, vectors: Sequence[NDArray[np.float32]], tokens: Tokens) -> dict[str, Any]:
    """A reply with vectors, as base64 if that was asked for."""
    encode = _base64 if asked.body.get("encoding_format") == "base64" else lambda vector: vector.tolist()
    data = [{"object": "embedding", "index": index, "embedding": encode(vector)} for index, vector in enumerate(vectors)]
    usage = {"prompt_tokens": tokens.input, "total_tokens": tokens.input}
    return {"object": "list", "model": asked.model, "data": data, "usage": usage}


def _base64(vector: NDArray[np.float32]) -> str:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()
