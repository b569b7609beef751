"""Every named fault of a provider, from the wire to the result: its cause, its tries, the built-in evaluator, all within the budget."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from journeys import Student
from sqlalchemy import text

from assay.ai.scripted import Control, create_scripted_openai
from assay.runtime import Runtime, open_runtime
from assay.settings import Settings
from assay.worker.drainer import Drainer

BUDGET = 10.0
PAUSE = 0.1
"""Seconds before the second try at most; five times as long outside of tests."""
CAUSES = {
    "rate_limit": ("rate_limited", 3),
    "quota": ("quota_exhausted", 1),
    "unauthorized": ("misconfigured", 1),
    "forbidden": ("misconfigured", 1),
    "unknown_model": ("misconfigured", 1),
    "server_error": ("unavailable", 3),
    "unavailable": ("unavailable", 3),
    "hang": ("timeout", 3),
    "slow_drip": ("timeout", 3),
    "disconnect": ("unavailable", 3),
    "not_json": ("invalid_reply", 3),
    "refusal": ("refused", 1),
    "truncation": ("truncated", 3),
    "content_filter": ("refused", 1),
    "empty": ("invalid_reply", 3),
    "invalid_json": ("invalid_reply", 3),
    "wrong_schema": ("invalid_reply", 3),
    "extra_keys": ("invalid_reply", 3),
    "out_of_range": ("out_of_range", 3),
    "nan_level": ("out_of_range", 3),
}
"""What is stored as the cause, and how many tries the fault is worth."""


class Run(NamedTuple):
    """A finished journey against a provider: the result, what the provider was asked, the job, and the calls on record."""

    result: dict[str, Any]
    asked: list[dict[str, Any]]
    seconds: float
    attempts: int
    outcomes: Counter[str]


@pytest.fixture
def journey(providing: Any, settings: Settings, runtime: Runtime, student: Student, track_id: UUID) -> Any:
    """Plays a student against a scripted provider with these faults, graded by a worker with these settings."""

    @asynccontextmanager
    async def working(url: str, changes: dict[str, Any]) -> Any:
        mine = {"llm_provider": "openai", "openai_api_key": "test", "openai_base_url": f"{url}/v1", "openai_model": "scripted-grader"}
        mine |= {"breaker_failures": 0}  # each fault by itself, however often it strikes
        async with open_runtime(Settings.model_validate({**dict(settings), **mine, **changes})) as opened:
            drainer = Drainer(opened, "test:1")
            task = asyncio.create_task(drainer.run())
            yield
            await drainer.stop()
            await task

    async def play(*faults: str, essay: str | None = None, **changes: Any) -> Run:
        control = Control(faults=faults, retry_after=0.2)
        async with providing(create_scripted_openai(control, drip_seconds=0.05)) as provider, working(provider.url, changes):
            _, result = await student.finished(track_id, **({"essay": essay} if essay else {}))
            asked = [entry for entry in (await provider.journal())["entries"] if entry["task"] == "grade"]
        async with runtime.open_uow(autocommit=True) as uow:
            job = (
                await uow.session.execute(
                    text(
                        "SELECT attempt, extract(epoch FROM finished_at - first_claimed_at)::float AS seconds"
                        " FROM async_jobs WHERE job_type = 'score_essay'"
                    )
                )
            ).one()
            outcomes = await uow.session.scalars(
                text("SELECT outcome FROM model_calls WHERE purpose = 'score_essay' AND producer = 'openai'")
            )
            return Run(result, asked, job.seconds, job.attempt, Counter(outcomes))

    return play


@pytest.mark.parametrize("fault", CAUSES)
async def test_a_fault_is_named_tried_again_and_replaced_in_time(journey: Any, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the wire to the page: cause stored, tries counted with growing pauses, built-in levels with quotes, inside the budget."""
    monkeypatch.setattr("assay.domain.jobs.BACKOFF_BASE_SECONDS", PAUSE)
    cause, tries = CAUSES[fault]
    run = await journey(f"{fault}@1/grade", openai_call_timeout=0.8 if cause == "timeout" else BUDGET / 2)
    (degradation,) = [each for each in run.result["degradations"] if each["stage"] == "essayScoring"]
    assert (degradation["cause"], degradation["replacedBy"]) == (cause, "built-in")
    assert run.result["degraded"] is True
    assert run.attempts == tries <= 3
    assert len(run.asked) == 3 * tries
    assert run.outcomes == {cause: 3 * tries}
    assert run.seconds < BUDGET
    assert run.seconds > (1.5 * PAUSE if tries == 3 else 0)  # the second pause is twice the first; both are at least half as long as named
    for essay in run.result["essayScores"]:
        assert essay["provenance"]["producer"] == "built-in"
        assert all(dimension["held"] or dimension["quotes"] or dimension["level"] == 0 for dimension in essay["dimensions"].values())


async def test_an_invented_quote_is_asked_about_again_over_http(journey: Any) -> None:
    """Each essay costs a second call that names what was not found; the second reply proves its levels, and no invented word is stored."""
    run = await journey("invented_quote@1/grade")
    assert run.result["degraded"] is False
    assert len(run.asked) == 6
    for essay in run.result["essayScores"]:
        assert [used["again"] for used in essay["provenance"]["replies"]] == [False, True]
        for dimension in essay["dimensions"].values():
            assert not dimension["held"]
            assert all(essay["essay"][quote["start"] : quote["end"]] == quote["text"] for quote in dimension["quotes"])


async def test_a_provider_that_hangs_is_left_in_time_for_the_substitute(journey: Any) -> None:
    """A call may take longer than the whole budget: it is cut a second before the end, once, and the result is there within the budget."""
    run = await journey("hang@1/grade", grading_budget_seconds=2.5)
    assert [each["cause"] for each in run.result["degradations"] if each["stage"] == "essayScoring"] == ["timeout"]
    assert run.attempts == 1
    assert run.seconds > 1.4
    assert all(entry["outcome"] == "withheld" for entry in run.asked)


async def test_a_provider_that_asks_for_patience_beyond_the_budget_is_replaced_at_once(journey: Any) -> None:
    """A delay that ends after the budget is no try."""
    run = await journey("rate_limit@1/grade", grading_budget_seconds=2.0)
    assert [each["cause"] for each in run.result["degradations"] if each["stage"] == "essayScoring"] == ["rate_limited"]
    assert run.attempts == 1


async def test_a_fault_that_passes_costs_a_try_and_nothing_else(journey: Any) -> None:
    """Three failed calls, three good ones, no degradation; what was paid for is asked for once."""
    run = await journey("server_error@1/grade*3")
    assert run.result["degraded"] is False
    assert run.attempts == 2
    assert run.outcomes == {"unavailable": 3, "ok": 3}


async def test_several_readings_over_http_agree(journey: Any) -> None:
    """Three calls for each essay, each with the levels in another order; the same levels come out, with a spread of none."""
    run = await journey(openai_samples=3)
    assert len(run.asked) == 9
    assert len({entry["bodySha256"] for entry in run.asked}) == 9
    for essay in run.result["essayScores"]:
        assert len(essay["provenance"]["replies"]) == 3
        assert not any(dimension["held"] for dimension in essay["dimensions"].values())


async def test_one_call_for_each_dimension_over_http(journey: Any) -> None:
    """Nine calls for three essays, each answered about its dimension alone, and every level is proved."""
    run = await journey(openai_grading="dimension")
    assert len(run.asked) == 9
    assert run.result["degraded"] is False
    for essay in run.result["essayScores"]:
        assert [used["part"]["dimension"] for used in essay["provenance"]["replies"]] == ["clarity", "accuracy", "coherence"]
        assert all(each["level"] == 0 or each["quotes"] for each in essay["dimensions"].values())
        assert any(each["level"] for each in essay["dimensions"].values())


@pytest.mark.parametrize("fault", ["out_of_range", "wrong_schema", "extra_keys"])
async def test_a_reply_about_one_dimension_that_is_none(journey: Any, fault: str) -> None:
    """The scripted model spoils the short form as it does the long one: the cause is the same."""
    run = await journey(f"{fault}@1/grade", openai_grading="dimension")
    (degradation,) = [each for each in run.result["degradations"] if each["stage"] == "essayScoring"]
    assert degradation["cause"] == CAUSES[fault][0]
