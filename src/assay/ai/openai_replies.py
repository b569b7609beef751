"""Reading replies of both APIs: the text the model wrote, or the named reason why there is none; and what it cost.

The SDK's own `parse` helpers are not used here: they raise a validation error on a truncated reply before anyone can see that it
was truncated, and build unchecked objects from a reply of another shape. These models check exactly what is read.
"""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from assay.ai.openai_faults import fault_of_code, unreadable
from assay.domain.errors import Fault, ProviderError
from assay.domain.grading import Usage

INCOMPLETE: Final[dict[str | None, Fault]] = {"content_filter": Fault.REFUSED}
FINISHES: Final[dict[str | None, Fault]] = {"length": Fault.TRUNCATED, "content_filter": Fault.REFUSED}


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Details(_Wire):
    cached_tokens: int | None = None


class _ResponsesUsage(_Wire):
    input_tokens: int = 0
    output_tokens: int = 0
    input_tokens_details: _Details | None = None


class _Part(_Wire):
    type: str
    text: str | None = None
    refusal: str | None = None


class _Item(_Wire):
    type: str
    phase: str | None = None
    content: tuple[_Part, ...] | None = None


class _Code(_Wire):
    code: str | None = None
    reason: str | None = None


class _Responses(_Wire):
    status: str | None = None
    error: _Code | None = None
    incomplete_details: _Code | None = None
    output: tuple[_Item, ...]
    usage: _ResponsesUsage | None = None


class _Message(_Wire):
    content: str | None = None
    refusal: str | None = None


class _Choice(_Wire):
    message: _Message
    finish_reason: str | None = None


class _ChatUsage(_Wire):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Chat(_Wire):
    choices: tuple[_Choice, ...]
    usage: _ChatUsage | None = None


def read_responses(body: bytes) -> tuple[str, Usage]:
    """Text and usage of a reply of the Responses API. Raises `ProviderError`."""
    reply = checked(_Responses, body)
    if reply.error or reply.status == "failed":
        raise ProviderError(fault_of_code(reply.error.code if reply.error else None), "the provider gave up on the reply")
    if reply.status == "incomplete":
        reason = reply.incomplete_details.reason if reply.incomplete_details else None
        raise ProviderError(INCOMPLETE.get(reason, Fault.TRUNCATED), "the reply is incomplete")
    messages = [item for item in reply.output if item.type == "message" and item.phase in {None, "final_answer"}]
    parts = [part for item in messages for part in item.content or ()]
    refused = any(part.type == "refusal" for part in parts)
    text = "".join(part.text or "" for part in parts if part.type == "output_text")
    usage = reply.usage or _ResponsesUsage()
    return _spoken(text, refused=refused), _usage(usage.input_tokens, usage.input_tokens_details, usage.output_tokens)


def read_chat(body: bytes) -> tuple[str, Usage]:
    """Text and usage of a chat completion. Raises `ProviderError`."""
    reply = checked(_Chat, body)
    if not reply.choices:
        raise ProviderError(Fault.INVALID_REPLY, "no choice in the reply")
    choice = reply.choices[0]
    if fault := FINISHES.get(choice.finish_reason):
        raise ProviderError(fault, f"finish_reason {choice.finish_reason}")
    usage = reply.usage or _ChatUsage()
    text = _spoken(choice.message.content or "", refused=bool(choice.message.refusal))
    return text, _usage(usage.prompt_tokens, usage.prompt_tokens_details, usage.completion_tokens)


def checked[Model: BaseModel](model: type[Model], body: str | bytes | dict[str, Any]) -> Model:
    """`body` (JSON, or an object already parsed) as a `model`. Raises `ProviderError(INVALID_REPLY)` or `OUT_OF_RANGE`."""
    try:
        return model.model_validate(body) if isinstance(body, dict) else model.model_validate_json(body)
    except ValidationError as error:
        raise unreadable(error) from None  # a chained validation error would print the reply


def _spoken(text: str, *, refused: bool) -> str:
    if refused:
        raise ProviderError(Fault.REFUSED, "the model declined to answer")
    if not text.strip():
        raise ProviderError(Fault.INVALID_REPLY, "an empty reply")
    return text


def _usage(given: int, details: _Details | None, written: int) -> Usage:
    return Usage(input_tokens=given, cached_tokens=(details and details.cached_tokens) or 0, output_tokens=written)
