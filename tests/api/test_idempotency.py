"""The same request twice has one effect and one answer: on every route that creates, after a failure, and for as long as keys are kept."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from journeys import Student
from sqlalchemy import text

from assay.api.app import create_api
from assay.domain.actors import Actor
from assay.domain.errors import Conflict
from assay.runtime import Runtime
from assay.services import idempotency
from assay.worker.sweeper import sweep_once

WITHOUT_A_KEY = {
    "/auth/token",
    "/auth/refresh",
    "/auth/logout",
    "/auth/logout-everywhere",
    "/auth/backchannel-logout/{provider}",
    "/assessments/resume",
    "/assessments/{assessment_id}/what-if",
    "/questions/dry-run",
    "/questions/{question_id}/dry-run",
    "/people/find",
    "/people/{person_id}/erase",
    "/assessments/{assessment_id}/inspect",
}
"""They write nothing that could be doubled: sessions are meant to be many, who was erased cannot be erased more, and the others only read
(which the audit trail notes each time)."""


def test_every_route_that_creates_takes_a_key() -> None:
    """Whatever is posted can be repeated under a key, and says 409 for a key that was used for something else."""
    routes = [context.route for context in iter_route_contexts(create_api().routes) if isinstance(context.route, APIRoute)]
    posts = {route.path: route for route in routes if "POST" in route.methods}
    keyed = {path for path, route in posts.items() if "Idempotency-Key" in {each.alias for each in route.dependant.header_params}}
    assert set(posts) - keyed == WITHOUT_A_KEY
    assert all(409 in posts[path].responses for path in keyed)


async def rows(runtime: Runtime, table: str) -> int:
    """How many there are."""
    async with runtime.open_uow() as uow:
        return int(await uow.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def test_what_failed_may_be_asked_again_under_its_key(student: Student, track_id: UUID, runtime: Runtime) -> None:
    """A refused submission is rolled back with its key; put right, the same request under the same key goes through, once."""
    bundle, key = await student.start(track_id), {"Idempotency-Key": "mine"}
    assert (await student.submit(bundle, headers=key)).status_code == 422
    assert await rows(runtime, "idempotency_keys") == 0
    await student.answer_all(bundle)
    first = await student.submit(bundle, headers=key)
    assert first.status_code == 202, first.text
    assert (await student.submit(bundle, headers=key)).content == first.content
    assert await rows(runtime, "async_jobs") == 2


async def test_the_process_dies_before_the_commit(student_actor: Actor, runtime: Runtime) -> None:
    """Nothing of the first try stands, not even the key: the second one acts as if it were the first, and later ones repeat its answer."""
    acted: list[str] = []

    async def die() -> idempotency.JsonObject:
        acted.append("died")
        raise SystemExit

    async def live() -> idempotency.JsonObject:
        acted.append("lived")
        return {"n": len(acted)}

    with pytest.raises(SystemExit):
        await once(runtime, student_actor, die)
    assert await once(runtime, student_actor, live) == ({"n": 2}, False)
    assert await once(runtime, student_actor, live) == ({"n": 2}, True)
    assert acted == ["died", "lived"]


async def test_a_request_that_waits_for_one_that_fails_acts_itself(student_actor: Actor, runtime: Runtime) -> None:
    """Two at once under one key: the first fails after the second has begun to wait, and the second does it."""
    begun, fail = asyncio.Event(), asyncio.Event()

    async def failing() -> idempotency.JsonObject:
        begun.set()
        await fail.wait()
        raise Conflict("no")

    async def acting() -> idempotency.JsonObject:
        return {"by": "second"}

    first = asyncio.create_task(once(runtime, student_actor, failing))
    await begun.wait()
    second = asyncio.create_task(once(runtime, student_actor, acting))
    await asyncio.sleep(0.1)
    assert not second.done()
    fail.set()
    with pytest.raises(Conflict):
        await first
    assert await second == ({"by": "second"}, False)


async def test_a_key_is_its_owners(student: Student, other_student: Student, track_id: UUID) -> None:
    """Two people may use the same key; neither gets the other's answer."""
    answers = [
        await person.request("POST", "/assessments/start", json={"trackId": str(track_id)}, headers={"Idempotency-Key": "1"})
        for person in (student, other_student)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["assessmentId"] != answers[1].json()["assessmentId"]


async def test_keys_are_forgotten_after_their_day(student_actor: Actor, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweeper deletes what has expired and no other, a bounded number at a time."""

    async def act() -> idempotency.JsonObject:
        return {"answer": 1}

    for number in range(4):
        await once(runtime, student_actor, act, key=f"key-{number}")
    async with runtime.open_uow() as uow:
        assert await uow.session.scalar(text("SELECT min(expires_at) > now() + interval '23 hours' FROM idempotency_keys")) is True
        await uow.session.execute(text("UPDATE idempotency_keys SET expires_at = clock_timestamp() WHERE key <> 'key-3'"))
    monkeypatch.setattr(idempotency, "FORGOTTEN_AT_ONCE", 2)
    await sweep_once(runtime)
    assert await rows(runtime, "idempotency_keys") == 2
    await sweep_once(runtime)
    await sweep_once(runtime)
    async with runtime.open_uow() as uow:
        assert list(await uow.session.scalars(text("SELECT key FROM idempotency_keys"))) == ["key-3"]


async def test_an_expired_key_begins_anew(student_actor: Actor, runtime: Runtime) -> None:
    """Also for another request, and before any sweeper has come by."""
    answers = iter([{"n": 1}, {"n": 2}])

    async def act() -> idempotency.JsonObject:
        return next(answers)

    assert await once(runtime, student_actor, act) == ({"n": 1}, False)
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE idempotency_keys SET expires_at = clock_timestamp()"))
    assert await once(runtime, student_actor, act, request="another") == ({"n": 2}, False)


async def once(runtime: Runtime, actor: Actor, act: Any, *, key: str = "mine", request: object = "same") -> idempotency.Outcome:
    """Ask in a transaction of its own."""
    async with runtime.open_uow() as uow:
        return await idempotency.once(uow, actor, key, request, act)
