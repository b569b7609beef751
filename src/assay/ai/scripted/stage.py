"""One request, from its body to its answer: read it, draw what goes wrong, wait, write the reply, note it in the journal."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from assay.ai.scripted import envelopes, replies
from assay.ai.scripted.envelopes import Asked
from assay.ai.scripted.faults import REFUSALS, Refused, ScriptedFault
from assay.ai.scripted.journal import Entry, Journal, Outcome, Tokens
from assay.ai.scripted.script import Script
from assay.ai.scripted.transport import CutOff, Dripping, Hanging, InFlight

FAULT_HEADER: Final = "x-scripted-fault"
"""A request that carries it gets that fault, whatever the rules say."""
DEFAULT_DIMENSION: Final = 1_536
CLIENT_GONE: Final = 499
BAD_REQUEST: Final = Refused(400, "invalid_request_error", "invalid_value")
GATEWAY_PAGE: Final = "<html><body><h1>Scheduled maintenance</h1></body></html>"


@dataclass(slots=True)
class Stage:
    """Where the script is played: it answers the three paid endpoints."""

    script: Script
    journal: Journal
    drip_seconds: float
    keep_bodies: bool
    in_flight: InFlight = field(default_factory=InFlight)

    async def answer(self, request: Request) -> Response:
        """Answer a request of any of the three endpoints."""
        path, raw = request.url.path, await request.body()
        try:
            asked = envelopes.read(path, raw)
            random = self.script.random(asked)
            fault = self.script.fault(asked, random, request.headers.get(FAULT_HEADER))
        except ValueError as error:
            return _error(BAD_REQUEST, str(error))
        if asked.task == "other":
            return _error(BAD_REQUEST, "the scripted model grades, narrates and embeds; this prompt asks for none of it")
        entry = Entry(
            path=path,
            task=asked.task,
            model=asked.model,
            body_sha256=asked.digest,
            fault=fault,
            body=raw.decode() if self.keep_bodies else None,
        )
        if fault in REFUSALS:
            return self._refuse(entry, fault)
        if fault is ScriptedFault.HANG:
            return self._note(entry, "withheld", Hanging())
        seconds = self.script.latency.draw(random)
        await asyncio.sleep(seconds)
        entry = entry.model_copy(update={"seconds": seconds})
        if await request.is_disconnected():
            return self._note(entry, "abandoned", Response(status_code=CLIENT_GONE))
        return self._reply(entry, asked)

    def _refuse(self, entry: Entry, fault: ScriptedFault) -> Response:
        refused = REFUSALS[fault]
        headers = {"retry-after": f"{self.script.retry_after:g}"} if fault is ScriptedFault.RATE_LIMIT else None
        return self._note(entry, "failed", _error(refused, f"scripted: {fault}", headers))

    def _reply(self, entry: Entry, asked: Asked) -> Response:
        fault = entry.fault
        if fault is ScriptedFault.NOT_JSON:
            return self._note(entry, "answered", HTMLResponse(GATEWAY_PAGE))
        written = "" if asked.task == "embed" else _written(asked, fault, self.script.obeys)
        tokens = self.script.tokens(asked, written)
        body = json.dumps(_envelope(entry.path, asked, written, tokens, fault)).encode()
        if fault is ScriptedFault.SLOW_DRIP:
            return self._note(entry, "withheld", Dripping(body, seconds=self.drip_seconds))
        if fault is ScriptedFault.DISCONNECT:
            return self._note(entry, "withheld", CutOff(body, media_type="application/json"))
        return self._note(entry.model_copy(update={"tokens": tokens}), "answered", Response(body, media_type="application/json"))

    def _note(self, entry: Entry, outcome: Outcome, response: Response) -> Response:
        status = None if outcome in {"withheld", "abandoned"} else response.status_code
        self.journal.add(entry.model_copy(update={"outcome": outcome, "status": status}))
        return response


def _error(refused: Refused, message: str, headers: dict[str, str] | None = None) -> Response:
    error = {"message": message, "type": refused.type, "param": None, "code": refused.code}
    return JSONResponse({"error": error}, refused.status, headers)


def _written(asked: Asked, fault: ScriptedFault | None, obeys: tuple[str, ...]) -> str:
    """The text the model writes, spoiled as `fault` says."""
    if fault is ScriptedFault.EMPTY:
        return ""
    if asked.task == "grade":
        form = _graded(asked, fault, obeys)
    else:
        told = replies.narrate(json.loads(line) for line in asked.blocks["facts"].splitlines() if line)
        form = replies.spoil(told, fault, asked_again=False)
    text = json.dumps(form, ensure_ascii=False)
    return text[: len(text) // 2] if fault in {ScriptedFault.INVALID_JSON, ScriptedFault.TRUNCATION} else text


def _graded(asked: Asked, fault: ScriptedFault | None, obeys: tuple[str, ...]) -> dict[str, Any]:
    """The whole essay's form, spoiled as `fault` says, or what it says of the one dimension that is asked about."""
    form = replies.grade(asked.prefix, asked.blocks["essay"], gullible=fault is ScriptedFault.GULLIBLE, obeys=obeys)
    spoiled = replies.spoil(form, fault, asked_again="quotes" in asked.blocks)
    dimension = replies.asked_about(asked.prefix)
    if dimension is None or dimension not in spoiled:
        return spoiled
    added = {name: value for name, value in spoiled.items() if name not in form}
    return added | replies.single(spoiled, dimension)


def _envelope(path: str, asked: Asked, written: str, tokens: Tokens, fault: ScriptedFault | None) -> dict[str, Any]:
    if asked.task == "embed":
        return envelopes.embeddings_reply(asked, _vectors(asked, fault), tokens)
    shape = envelopes.chat_reply if path.endswith("/chat/completions") else envelopes.responses_reply
    return shape(asked, written, tokens, fault)


def _vectors(asked: Asked, fault: ScriptedFault | None) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    given = asked.body.get("input", [])
    texts = [] if fault is ScriptedFault.EMPTY else [given] if isinstance(given, str) else given
    dimension = int(asked.body.get("dimensions") or DEFAULT_DIMENSION)
    vectors = [replies.embed(text, dimension + (fault is ScriptedFault.WRONG_DIMENSION)) for text in texts]
    if fault is ScriptedFault.NAN_EMBEDDING:
        vectors[-1][0] = np.nan
    return vectors
