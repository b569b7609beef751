"""The ways of asking: a call for each dimension with its own form, several readings with other orders of levels, and what it all costs."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from journeys import ESSAY, Student

from assay.ai.guarded import GuardedGrader
from assay.ai.openai_grader import OpenAIGrader
from assay.ai.openai_model import OpenAIModel
from assay.ai.wrappers import InstrumentedGrader
from assay.domain import sampling
from assay.domain.grading import EssayTask, Part, Usage
from assay.domain.prices import Price, priced
from assay.domain.rubric import Dimension
from assay.observability.logging import current_track
from assay.observability.metrics import MODEL_COST
from assay.runtime import Runtime, open_runtime
from assay.settings import Settings
from assay.worker.drainer import Drainer

PRICE = Price(given=0.25, cached=0.025, written=2.0)


def filled(schema: dict[str, Any]) -> dict[str, Any]:
    """A reply with exactly the fields that the schema asks for."""
    values = {
        "quotes": ["Retries need one owner"],
        "rationale": "You name the owner.",
        "level": 2,
        "improvement": "Say why.",
        "feedback": "You name the owner; say why.",
        "key_points_covered": ["one-owner"],
        "key_points_missed": ["backoff", "idempotent"],
        "sentences": [],
    }
    return {name: values[name] for name in schema["properties"]}


class Recorder:
    """A provider that fills in whatever form it is given and remembers what it was asked."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.app = FastAPI()
        self.app.add_api_route("/v1/responses", self.answer, methods=["POST"])

    async def answer(self, request: Request) -> dict[str, Any]:
        """One reply of the Responses API."""
        body = json.loads(await request.body())
        self.bodies.append(body)
        written = json.dumps(filled(body["text"]["format"]["schema"]))
        message = {"type": "message", "content": [{"type": "output_text", "text": written}]}
        usage = {"input_tokens": 2_000, "input_tokens_details": {"cached_tokens": 1_000}, "output_tokens": 500}
        return {"status": "completed", "output": [message], "usage": usage}


@pytest_asyncio.fixture
async def recorder(providing: Any) -> AsyncIterator[tuple[Recorder, OpenAIModel]]:
    """The recorder, and a model on it with a price."""
    made = Recorder()
    async with providing(made.app) as running:
        yield made, OpenAIModel(running.client, "recorder", price=PRICE)


async def test_a_dimension_is_asked_about_with_its_own_form(recorder: tuple[Recorder, OpenAIModel], task: EssayTask) -> None:
    """Prompt, rubric and schema hold that dimension and no other; the draft covers it alone."""
    made, model = recorder
    grader = OpenAIGrader(model, "dimension")
    for part in sampling.parts(by_dimension=True):
        mine = task.model_copy(update={"part": part})
        draft = grader.read(mine, await grader.ask(mine))
        body = made.bodies[-1]
        fields = set(body["text"]["format"]["schema"]["properties"])
        assert set(draft.dimensions) == {part.dimension}
        assert ("key_points_covered" in fields) is (part.dimension is Dimension.ACCURACY)
        assert not fields & set(Dimension)
        assert body["input"].count("- Level ") == 5
        assert f"Grade its {part.dimension} now" in body["input"]
        assert draft.topics_well == (("one-owner",) if part.dimension is Dimension.ACCURACY else ())
    assert len({body["prompt_cache_key"] for body in made.bodies}) == 3
    assert max(len(body["prompt_cache_key"]) for body in made.bodies) <= 64
    assert len({body["instructions"] for body in made.bodies}) == 1


async def test_the_two_ways_of_asking_have_prompts_and_keys_of_their_own(recorder: tuple[Recorder, OpenAIModel]) -> None:
    """A change of the setting is a change of the prompt, so no reply of the one is taken for one of the other."""
    _, model = recorder
    assert OpenAIGrader(model).identity.prompt_hash != OpenAIGrader(model, "dimension").identity.prompt_hash


def openai(url: str, **changes: Any) -> dict[str, Any]:
    """Settings of a worker that asks the provider at `url`."""
    return {"llm_provider": "openai", "openai_api_key": "test", "openai_base_url": f"{url}/v1", "openai_model": "recorder", **changes}


@pytest.mark.parametrize(("grading", "samples", "calls"), [("essay", 1, 1), ("essay", 5, 5), ("dimension", 1, 3), ("dimension", 3, 9)])
async def test_the_settings_choose_the_plan(settings: Settings, grading: str, samples: int, calls: int) -> None:
    """Kind of call, number of readings and price reach the grader; the substitute is asked once, about everything."""
    chosen = openai("http://127.0.0.1:1", openai_grading=grading, openai_samples=samples, openai_prices={"recorder": (1, 2, 3)})
    async with open_runtime(Settings.model_validate({**dict(settings), **chosen})) as runtime:
        assert len(runtime.graders.parts) == calls
        assert isinstance(runtime.graders.primary, GuardedGrader)
        grader = runtime.graders.primary.inner.inner
        assert isinstance(grader, OpenAIGrader)
        assert grader.grading == grading
        assert grader.model.price == Price(1, 2, 3)


async def test_a_journey_with_a_call_for_each_dimension(
    providing: Any, settings: Settings, runtime: Runtime, student: Student, track_id: UUID
) -> None:
    """Nine calls for three essays, one verdict each, with the comments of all three calls and their cost together."""
    made = Recorder()
    async with providing(made.app) as provider:
        chosen = openai(provider.url, openai_grading="dimension", openai_prices={"recorder": (0.25, 0.025, 2.0)})
        async with open_runtime(Settings.model_validate({**dict(settings), **chosen})) as working:
            drainer = Drainer(working, "test:1")
            task = asyncio.create_task(drainer.run())
            _, result = await student.finished(track_id, essay=f"Retries need one owner. {ESSAY}")
            await drainer.stop()
            await task
    assert len([body for body in made.bodies if body["text"]["format"]["name"] in {"StyleForm", "AccuracyForm"}]) == 9
    assert "essayScoring" not in [each["stage"] for each in result["degradations"]]
    for essay in result["essayScores"]:
        assert {name: dimension["level"] for name, dimension in essay["dimensions"].items()} == dict.fromkeys(Dimension, 2)
        assert [used["part"]["dimension"] for used in essay["provenance"]["replies"]] == list(Dimension)
        assert essay["provenance"]["usage"]["costUsd"] == pytest.approx(3 * 0.001275)
        assert essay["feedback"].count("You name the owner; say why.") == 3


async def test_each_reading_is_shown_another_order(model: Callable[..., OpenAIModel], provider: Any, task: EssayTask) -> None:
    """On the wire: the order that the rubric's hash gives, the same bytes when a reading is asked for again."""
    mine = task.model_copy(update={"essay": f"{task.essay} Read more than once."})
    grader = OpenAIGrader(model())
    for part in (*sampling.parts(samples=3), Part(sample=1)):
        await grader.ask(mine.model_copy(update={"part": part}))
    bodies = [entry["body"] for entry in (await provider.journal())["entries"] if "Read more than once." in entry["body"]]
    shown = [tuple(map(int, re.findall(r"- Level (\d)", body)[:5])) for body in bodies]
    assert shown == [sampling.level_order(task.rubric, sample) for sample in (0, 1, 2, 1)]
    assert bodies[1] == bodies[3]


async def test_a_reply_says_what_it_cost_and_the_metric_adds_it_up(recorder: tuple[Recorder, OpenAIModel], task: EssayTask) -> None:
    """1,000 fresh, 1,000 cached and 500 written tokens at the list's prices."""
    _, model = recorder
    metric = MODEL_COST.labels(purpose="grade", model="recorder", track=current_track())
    before = metric._value.get()
    mine = task.model_copy(update={"part": Part(dimension=Dimension.CLARITY)})
    reply = await InstrumentedGrader(OpenAIGrader(model, "dimension")).ask(mine)
    cost = priced(Usage(input_tokens=2_000, cached_tokens=1_000, output_tokens=500), PRICE).cost_usd
    assert reply.usage.cost_usd == cost == 0.001275
    assert metric._value.get() - before == cost


async def test_a_model_without_a_price_costs_nothing_known(model: Callable[..., OpenAIModel], task: EssayTask) -> None:
    """No figure is made up."""
    assert (await OpenAIGrader(model()).ask(task)).usage.cost_usd is None
