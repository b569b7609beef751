"""The grader against a real SDK, real HTTP and a scripted provider: what goes over the wire, what comes back, what goes wrong."""

import asyncio
import hashlib
import json
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, cast

import httpx2
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import APIStatusError

from assay.ai.openai_client import open_client
from assay.ai.openai_faults import named_fault
from assay.ai.openai_grader import OpenAIGrader
from assay.ai.openai_model import OpenAIModel
from assay.ai.openai_replies import read_chat, read_responses
from assay.domain.errors import Fault, ProviderError
from assay.domain.grading import EssayTask, ModelReply, Parameters, Usage
from assay.domain.rubric import MAX_LEVEL, Dimension
from assay.kit.transactions import NetworkInsideTransaction, transaction_marked

type Build = Callable[..., OpenAIModel]
APIS = ("responses", "chat")
NAMED = {
    "rate_limit": Fault.RATE_LIMITED,
    "quota": Fault.QUOTA_EXHAUSTED,
    "unauthorized": Fault.MISCONFIGURED,
    "forbidden": Fault.MISCONFIGURED,
    "unknown_model": Fault.MISCONFIGURED,
    "server_error": Fault.UNAVAILABLE,
    "unavailable": Fault.UNAVAILABLE,
    "hang": Fault.TIMEOUT,
    "slow_drip": Fault.TIMEOUT,
    "disconnect": Fault.UNAVAILABLE,
    "not_json": Fault.INVALID_REPLY,
    "refusal": Fault.REFUSED,
    "truncation": Fault.TRUNCATED,
    "content_filter": Fault.REFUSED,
    "empty": Fault.INVALID_REPLY,
    "invalid_json": Fault.INVALID_REPLY,
    "wrong_schema": Fault.INVALID_REPLY,
    "extra_keys": Fault.INVALID_REPLY,
    "out_of_range": Fault.OUT_OF_RANGE,
    "nan_level": Fault.OUT_OF_RANGE,
}


async def bodies(provider: Any, essay: str) -> list[dict[str, Any]]:
    """The requests that carried `essay`."""
    mark = json.dumps(essay)[1:-1]
    return [json.loads(entry["body"]) for entry in (await provider.journal())["entries"] if mark in entry["body"]]


@pytest.mark.parametrize("api", APIS)
async def test_a_fair_essay_gets_levels_with_verbatim_quotes(model: Build, task: EssayTask, api: str) -> None:
    """Both APIs yield a draft whose quotes stand in the essay, with tokens and milliseconds."""
    grader = OpenAIGrader(model(api))
    reply = await grader.ask(task)
    draft = grader.read(task, reply)
    assert set(draft.dimensions) == set(Dimension)
    for dimension in draft.dimensions.values():
        assert 0 < dimension.level <= MAX_LEVEL
        assert dimension.quotes
        assert all(quote in task.essay for quote in dimension.quotes)
        assert dimension.improvement
    assert draft.topics_well == ("one-owner", "idempotent", "backoff")
    assert draft.feedback
    assert reply.usage.input_tokens > 1_000
    assert reply.usage.output_tokens > 100
    assert reply.usage.duration_ms > 0


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", NAMED)
async def test_every_fault_has_its_name_and_is_over_within_the_deadline(model: Build, task: EssayTask, api: str, fault: str) -> None:
    """Each way a provider can fail is told apart, on both APIs, and none outlasts the deadline or leaks the essay."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    with pytest.raises(ProviderError) as caught:
        await OpenAIGrader(model(api, fault, deadline=0.15 if fault in {"hang", "slow_drip"} else 5.0)).ask(task)
    assert caught.value.fault is NAMED[fault]
    assert loop.time() - start < 2
    assert "idempot" not in "".join(traceback.format_exception(caught.value))


async def test_a_rate_limit_says_when_to_come_back(model: Build, task: EssayTask) -> None:
    """The provider's Retry-After reaches the caller, who owns the retries."""
    with pytest.raises(ProviderError) as caught:
        await OpenAIGrader(model(fault="rate_limit")).ask(task)
    assert caught.value.retry_after == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "Mon, 01 Jun 2026 12:01:00 GMT"}, 60.0),
        ({"retry-after": "Mon, 01 Jun 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-3"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds and dates are understood; nonsense is no advice."""
    response = httpx2.Response(429, headers=headers, request=httpx2.Request("POST", "http://provider"))
    with time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC), tick=False):
        error = named_fault(APIStatusError("slow down", response=response, body=None))
    assert error.fault is Fault.RATE_LIMITED
    assert error.retry_after == seconds


def test_an_error_that_echoes_the_request_is_not_repeated() -> None:
    """Some servers send the offending input back; only statuses and codes get into our details."""
    echo = {"error": {"message": "bad input: my essay", "type": "my essay is long", "code": "invalid_value"}}
    response = httpx2.Response(422, json=echo, request=httpx2.Request("POST", "http://provider"))
    error = named_fault(APIStatusError("Error code: 422 - my essay", response=response, body=echo["error"]))
    assert error.fault is Fault.MISCONFIGURED
    assert error.detail == "HTTP 422 invalid_value"


async def test_the_clients_own_timeout_is_a_timeout_too(provider: Any, task: EssayTask) -> None:
    """A read that waits too long is named like a missed deadline, whichever comes first."""
    client = open_client(api_key="", base_url=f"{provider.url}/v1", call_timeout=0.1)
    with pytest.raises(ProviderError) as caught:
        await OpenAIGrader(OpenAIModel(client.with_options(default_headers={"x-scripted-fault": "hang"}), "any", deadline=5)).ask(task)
    await client.close()
    assert caught.value.fault is Fault.TIMEOUT


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("server_error", Fault.UNAVAILABLE),
        ("rate_limit_exceeded", Fault.RATE_LIMITED),
        ("invalid_prompt", Fault.REFUSED),
        ("something_new", Fault.UNAVAILABLE),
        (None, Fault.UNAVAILABLE),
    ],
)
def test_a_reply_that_failed_inside_names_its_reason(code: str | None, fault: Fault) -> None:
    """The Responses API can answer 200 with a failed reply; its error code counts."""
    error = None if code is None else {"code": code, "message": "no"}
    with pytest.raises(ProviderError) as caught:
        read_responses(json.dumps({"status": "failed", "error": error, "output": []}).encode())
    assert caught.value.fault is fault


@pytest.mark.parametrize("reply", ['{"choices": []}', '{"choices": null}', "[]", "null", '{"choices": [{"message": {}}]}'])
def test_a_completion_without_a_choice_is_an_invalid_reply(reply: str) -> None:
    """Whatever shape it comes in, nothing said is an invalid reply."""
    with pytest.raises(ProviderError) as caught:
        read_chat(reply.encode())
    assert caught.value.fault is Fault.INVALID_REPLY


def test_only_the_answer_of_a_reply_is_read() -> None:
    """Reasoning and commentary stand beside the answer and are not part of it; missing figures count as zero."""
    message = {"type": "message", "content": [{"type": "output_text", "text": "{}"}]}
    aside = {"type": "message", "phase": "commentary", "content": [{"type": "output_text", "text": "Let me see."}]}
    output = [{"type": "reasoning", "summary": []}, aside, message]
    assert read_responses(json.dumps({"output": output}).encode()) == ("{}", Usage())


@pytest.mark.parametrize("answer", [b"", b"HTTP/9.9 what\r\n\r\n", b"\x16\x03\x01\x00"])
async def test_a_server_that_does_not_speak_http_is_unavailable(task: EssayTask, answer: bytes) -> None:
    """A connection closed at once and plain garbage are told apart from a timeout, which the transport calls them all."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = open_client(api_key="", base_url=f"http://127.0.0.1:{port}/v1")
        with pytest.raises(ProviderError) as caught:
            await OpenAIGrader(OpenAIModel(client, "any", deadline=2)).ask(task)
        await client.close()
    assert caught.value.fault is Fault.UNAVAILABLE


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/v1", "https"])
async def test_a_closed_port_and_a_broken_handshake_are_unavailable(provider: Any, task: EssayTask, address: str) -> None:
    """No connection, or no TLS where TLS was expected."""
    url = provider.url.replace("http", "https") if address == "https" else address
    client = open_client(api_key="", base_url=url)
    with pytest.raises(ProviderError) as caught:
        await OpenAIGrader(OpenAIModel(client, "any", deadline=2)).ask(task)
    await client.close()
    assert caught.value.fault is Fault.UNAVAILABLE


async def test_the_connection_serves_again_after_a_hang(model: Build, task: EssayTask) -> None:
    """A call cut at its deadline leaves the client whole."""
    with pytest.raises(ProviderError):
        await OpenAIGrader(model(fault="hang", deadline=0.05)).ask(task)
    assert (await OpenAIGrader(model()).ask(task)).content


async def test_nothing_leaves_while_a_transaction_is_open(provider: Any, model: Build, task: EssayTask) -> None:
    """The law of the house: no network inside a transaction, asserted before the first byte."""
    mine = task.model_copy(update={"essay": "An essay that must not leave."})
    with transaction_marked(), pytest.raises(NetworkInsideTransaction):
        await OpenAIGrader(model()).ask(mine)
    assert await bodies(provider, mine.essay) == []


async def test_the_request_holds_the_task_and_nothing_about_a_person(provider: Any, model: Build, task: EssayTask) -> None:
    """The wire carries exactly these fields: no user, no metadata, no storage at the provider."""
    mine = task.model_copy(update={"essay": "Wire essay, one of a kind. It has two sentences."})
    await OpenAIGrader(model("responses", parameters=Parameters(temperature=0.0, max_output_tokens=900, seed=7))).ask(mine)
    await OpenAIGrader(model("chat", parameters=Parameters(temperature=0.0, max_output_tokens=900, seed=7))).ask(mine)
    responses, chat = await bodies(provider, mine.essay)
    common = {"model", "temperature"}
    assert set(responses) == common | {"instructions", "input", "text", "store", "prompt_cache_key", "max_output_tokens"}
    assert set(chat) == common | {"messages", "response_format", "max_completion_tokens", "seed"}
    assert responses["store"] is False
    assert responses["text"]["format"]["strict"] is chat["response_format"]["json_schema"]["strict"] is True
    assert responses["input"] == chat["messages"][1]["content"]
    assert mine.prompt in responses["input"]


async def test_the_same_task_is_the_same_bytes(provider: Any, model: Build, task: EssayTask) -> None:
    """A call can be replayed: nothing in the request is random, the nonce included."""
    mine = task.model_copy(update={"essay": "Replay essay, to be sent twice."})
    grader = OpenAIGrader(model())
    first, second = await grader.ask(mine), await grader.ask(mine)
    sent = await bodies(provider, mine.essay)
    assert sent[0] == sent[1]
    assert first.content == second.content
    assert second.usage.cached_tokens > 0


async def test_quotes_that_were_not_found_are_named_when_asking_again(provider: Any, model: Build, task: EssayTask) -> None:
    """The second request ends with the failed quotes as data, and the reply no longer has them."""
    mine = task.model_copy(update={"essay": f"{task.essay} Recheck."})
    grader = OpenAIGrader(model(fault="invented_quote"))
    invented = grader.read(mine, await grader.ask(mine)).dimensions[Dimension.ACCURACY].quotes
    assert invented[0] not in mine.essay
    again = grader.read(mine, await grader.ask(mine, failed_quotes=invented))
    assert all(quote in mine.essay for dimension in again.dimensions.values() for quote in dimension.quotes)
    first, second = await bodies(provider, mine.essay)
    assert second["input"].startswith(first["input"])
    assert json.dumps(invented[0]) in second["input"].removeprefix(first["input"])


def test_the_identity_names_the_prompt_file_and_what_is_sent(model: Build) -> None:
    """The prompt hash is that of the file on disk; the Responses API knows no seed, so none is claimed."""
    text = files("assay.ai.prompts").joinpath("grade_essay.md").read_bytes()
    parameters = Parameters(seed=7, max_output_tokens=900)
    responses = OpenAIGrader(model("responses", parameters=parameters)).identity
    chat = OpenAIGrader(model("chat", parameters=parameters)).identity
    assert responses.prompt_hash == chat.prompt_hash == hashlib.sha256(text).hexdigest()
    assert (responses.producer, responses.model) == ("openai", "scripted-grader")
    assert responses.parameters == Parameters(max_output_tokens=900)
    assert chat.parameters == parameters


async def test_reading_keeps_the_draft_inside_its_limits(model: Build, task: EssayTask) -> None:
    """Unknown key points are left out, long texts are cut, blank and repeated quotes vanish."""
    grader = OpenAIGrader(model())
    content = (await grader.ask(task)).content
    content["clarity"] |= {"quotes": ["  ", "same", "same", "q" * 5_000, *map(str, range(20))], "rationale": "r" * 9_000}
    content |= {
        "feedback": "f" * 9_000,
        "key_points_covered": ["backoff", "unheard-of"],
        "key_points_missed": ["backoff", "idempotent"],
    }
    draft = grader.read(task, ModelReply(content=content))
    clarity = draft.dimensions[Dimension.CLARITY]
    assert clarity.quotes[:2] == ("same", "q" * 1_000)
    assert len(clarity.quotes) == 8
    assert (len(clarity.rationale), len(draft.feedback)) == (2_000, 4_000)
    assert (draft.topics_well, draft.topics_missed) == (("backoff",), ("idempotent",))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
FIELD = st.sampled_from(["clarity", "accuracy", "coherence", "feedback", "key_points_covered", "level", "quotes"])


@settings(max_examples=40)
@given(content=st.dictionaries(FIELD | st.text(max_size=8), JSON, max_size=7))
def test_reading_anything_else_is_a_named_fault(task: EssayTask, content: dict[str, Any]) -> None:
    """Whatever is stored as a reply, reading it gives a draft or a ProviderError, nothing else."""
    with pytest.raises(ProviderError) as caught:
        OpenAIGrader(cast("OpenAIModel", None)).read(task, ModelReply.model_construct(content=content))
    assert caught.value.fault in {Fault.INVALID_REPLY, Fault.OUT_OF_RANGE}


@pytest.mark.parametrize("level", [5, -1, 3.5, 11, float("inf")])
async def test_a_number_outside_the_levels_is_out_of_range(model: Build, task: EssayTask, level: float) -> None:
    """Numbers that are no level have a fault of their own."""
    grader = OpenAIGrader(model())
    content = (await grader.ask(task)).content
    content["clarity"]["level"] = level
    with pytest.raises(ProviderError) as caught:
        grader.read(task, ModelReply(content=content))
    assert caught.value.fault is Fault.OUT_OF_RANGE


@pytest.mark.parametrize("level", ["3", True, None, [3]])
async def test_a_level_that_is_no_number_is_an_invalid_reply(model: Build, task: EssayTask, level: object) -> None:
    """Text, truth values and nothing at all are not read as numbers."""
    grader = OpenAIGrader(model())
    content = (await grader.ask(task)).content
    content["clarity"]["level"] = level
    with pytest.raises(ProviderError) as caught:
        grader.read(task, ModelReply(content=content))
    assert caught.value.fault is Fault.INVALID_REPLY


async def test_text_that_cannot_be_stored_is_an_invalid_reply(model: Build, task: EssayTask) -> None:
    """A NUL character in a reply would be refused by Postgres much later."""
    grader = OpenAIGrader(model())
    content = (await grader.ask(task)).content | {"feedback": "well\0done"}
    with pytest.raises(ProviderError) as caught:
        grader.read(task, ModelReply(content=content))
    assert caught.value.fault is Fault.INVALID_REPLY
