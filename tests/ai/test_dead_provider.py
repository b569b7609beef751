"""A provider that is dead costs a few calls, then nothing: counted in its own journal, through the real worker, to the labelled result."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
from journeys import Student
from sqlalchemy import text

from assay.ai.scripted import Control, create_scripted_openai
from assay.asgi import create_app
from assay.runtime import Runtime


async def tracks(student: Student) -> list[UUID]:
    """Every track there is."""
    return [UUID(track["id"]) for track in (await student.request("GET", "/tracks")).json()["items"]]


async def test_a_dead_provider_is_asked_a_few_times_and_then_left_alone(
    providing: Any, working: Any, runtime: Runtime, student: Student, other_student: Student
) -> None:
    """Ten submissions, two workers: once one has found it out, no result costs a call; each is degraded with the true cause."""
    several = [(who, track) for track in (await tracks(student))[:5] for who in (student, other_student)]
    quick = {"breaker_failing_seconds": 0.0, "breaker_pause_seconds": 60.0, "breaker_pause_cap_seconds": 60.0}
    async with providing(create_scripted_openai(Control(faults=("unavailable",)))) as provider, working(provider.url, **quick):
        who, track = several[0]
        await who.finished(track)
        found_out = len((await provider.journal())["entries"])
        assert 5 <= found_out <= 9
        async with working(provider.url, **quick):
            results = [result for _, result in await asyncio.gather(*(who.finished(track) for who, track in several[1:]))]
        assert len((await provider.journal())["entries"]) == found_out
    for result in results:
        assert {(each["stage"], each["cause"], each["replacedBy"]) for each in result["degradations"]} == {
            ("essayScoring", "unavailable", "built-in"),
            ("narrative", "unavailable", "built-in"),
        }
    async with runtime.open_uow() as uow:
        calls = await uow.session.scalar(text("SELECT count(*) FROM model_calls WHERE producer = 'openai'"))
        attempts = list(await uow.session.scalars(text("SELECT attempt FROM async_jobs ORDER BY created_at")))
    assert calls == found_out  # what was not asked is not on record
    assert attempts[2:] == [1] * 18


async def test_it_comes_back(providing: Any, working: Any, student: Student) -> None:
    """After the pause one question is asked; when it is answered the next essays are scored in full."""
    one, two, three, *_ = await tracks(student)
    changes = {"breaker_failing_seconds": 0.0, "breaker_pause_seconds": 0.3}
    async with providing(create_scripted_openai(Control(faults=("server_error",)))) as provider, working(provider.url, **changes) as opened:
        assert (await student.finished(one))[1]["degraded"] is True
        (language,) = opened.breakers
        await provider.control(faults=[])
        assert (await student.finished(two))[1]["degraded"] is True  # nobody has asked yet
        await asyncio.sleep(0.3)
        assert await language.probe() is True
        assert (await student.finished(three))[1]["degraded"] is False


async def test_odd_answers_leave_the_circuit_closed(providing: Any, working: Any, student: Student) -> None:
    """Every essay is refused and every summary broken: each costs its calls, and the provider is not called dead."""
    one, two, *_ = await tracks(student)
    async with providing(create_scripted_openai(Control(faults=("refusal/grade", "invalid_json/narrate")))) as provider:
        async with working(provider.url, breaker_failures=1, breaker_failing_seconds=0.0) as opened:
            for track in (one, two):
                assert (await student.finished(track))[1]["degraded"] is True
            (language,) = opened.breakers
            assert (await language.state()).phase == "closed"
        assert len([entry for entry in (await provider.journal())["entries"] if entry["task"] == "grade"]) == 6


async def test_readiness_tells_an_open_circuit_as_degraded(providing: Any, working: Any, student: Student) -> None:
    """Another process than the one that found it out says so, with cause and time, and is ready all the same."""
    changes = {"breaker_failing_seconds": 0.0, "breaker_pause_seconds": 60.0, "breaker_pause_cap_seconds": 60.0}
    faults = Control(faults=("unauthorized",))
    async with providing(create_scripted_openai(faults)) as provider, working(provider.url, **changes) as opened:
        serving = create_app(opened.settings)  # with a runtime of its own
        transport = httpx2.ASGITransport(app=serving)
        async with serving.router.lifespan_context(serving), httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            before = (await client.get("/readyz")).json()
            for track in (await tracks(student))[:2]:
                await student.finished(track)
            await asyncio.sleep(0.3)
            answer = await client.get("/readyz")
    assert (before["degraded"], before["providers"]) == (False, {"language": {"state": "closed"}})
    assert (answer.status_code, answer.json()["ready"], answer.json()["degraded"]) == (200, True, True)
    said = answer.json()["providers"]["language"]
    assert (said["state"], said["cause"]) == ("open", "misconfigured")
    assert said["since"].endswith("+00:00")
