"""A language model behind the OpenAI protocol: one structured question, one checked reply, over either of two APIs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from typing import Any, Final, Literal

from openai import AsyncOpenAI, Omit, omit
from openai.types.responses import ResponseFormatTextJSONSchemaConfigParam
from openai.types.shared_params import ResponseFormatJSONSchema
from pydantic import BaseModel

from assay.ai.openai_client import call
from assay.ai.openai_replies import checked, read_chat, read_responses
from assay.domain.grading import Identity, ModelReply, Parameters, Usage
from assay.domain.prices import Price, priced

type Api = Literal["responses", "chat"]


@dataclass(frozen=True, slots=True)
class Question:
    """What the model is asked: standing instructions, the text of this call, and the shape of the reply."""

    instructions: str
    text: str
    schema: type[BaseModel]
    cache_key: str
    """Calls with the same key share a prefix; the provider routes them to the same cache."""


@dataclass(frozen=True, slots=True)
class OpenAIModel:
    """A provider's model. `api`: `responses` for OpenAI itself, `chat` for compatible servers; `deadline`: seconds a call.

    Without a `price` nothing is said about what calls cost.
    """

    client: AsyncOpenAI
    name: str
    api: Api = "responses"
    parameters: Parameters = field(default_factory=Parameters)
    deadline: float = 15.0
    price: Price | None = None

    def identity(self, prompt_hash: str) -> Identity:
        """Who answers a prompt, with the parameters as they are sent: the Responses API knows no seed."""
        sent = self.parameters.model_copy(update={"seed": None}) if self.api == "responses" else self.parameters
        return Identity(producer="openai", model=self.name, prompt_hash=prompt_hash, parameters=sent)

    async def ask(self, question: Question) -> ModelReply:
        """The reply, checked against the question's schema, with tokens, wall time and cost. Raises `ProviderError`."""
        start = perf_counter()
        text, usage = await call(lambda: TRANSPORTS[self.api](self, question), deadline=self.deadline)
        content = checked(question.schema, text).model_dump(mode="json")
        timed = usage.model_copy(update={"duration_ms": 1_000 * (perf_counter() - start)})
        return ModelReply(content=content, usage=priced(timed, self.price))


async def _over_responses(model: OpenAIModel, question: Question) -> tuple[str, Usage]:
    """`store=False`: the provider keeps no essay. The schema goes as it is: the SDK's walk through it costs a quarter of a call."""
    layout = ResponseFormatTextJSONSchemaConfigParam(
        type="json_schema", name=question.schema.__name__, schema=_schema(question.schema), strict=True
    )
    reply = await model.client.responses.with_raw_response.create(
        model=model.name,
        instructions=question.instructions,
        input=question.text,
        store=False,
        prompt_cache_key=question.cache_key,
        temperature=_or_omit(model.parameters.temperature),
        max_output_tokens=_or_omit(model.parameters.max_output_tokens),
        reasoning=_or_omit({"effort": effort} if (effort := model.parameters.reasoning_effort) else None),
        extra_body={"text": {"format": layout}},
    )
    return read_responses(reply.http_response.content)


async def _over_chat(model: OpenAIModel, question: Question) -> tuple[str, Usage]:
    """Sends what compatible servers understand and nothing more: one system message, one user message, a JSON schema."""
    layout = ResponseFormatJSONSchema(
        type="json_schema",
        json_schema={"name": question.schema.__name__, "schema": _schema(question.schema), "strict": True},
    )
    reply = await model.client.chat.completions.with_raw_response.create(
        model=model.name,
        messages=[{"role": "system", "content": question.instructions}, {"role": "user", "content": question.text}],
        temperature=_or_omit(model.parameters.temperature),
        max_completion_tokens=_or_omit(model.parameters.max_output_tokens),
        seed=_or_omit(model.parameters.seed),
        reasoning_effort=_or_omit(model.parameters.reasoning_effort),
        extra_body={"response_format": layout},
    )
    return read_chat(reply.http_response.content)


TRANSPORTS: Final[dict[Api, Callable[[OpenAIModel, Question], Awaitable[tuple[str, Usage]]]]] = {
    "responses": _over_responses,
    "chat": _over_chat,
}


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema that a reply has to follow. Nobody changes it: it is made once."""
    return model.model_json_schema()


def _or_omit[T](value: T | None) -> T | Omit:
    return omit if value is None else value
