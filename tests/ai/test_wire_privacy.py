"""Nobody's name reaches a provider: a whole journey of a student made of canaries, and every request the provider got."""

import asyncio
import base64
import json
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx2
from journeys import Student

from assay.ai.scripted import Control, create_scripted_openai
from assay.domain.actors import Actor, Role
from assay.runtime import Runtime, open_runtime
from assay.services import identity
from assay.settings import Settings
from assay.worker.drainer import Drainer

NAME = "Quintessa Zanzibarova-M\u00fcller"
EMAIL = "quintessa.zanzibarova@canary.example"
EXTERNAL_ID = "MATR-90417-XK"
CANARIES = (NAME, *NAME.replace("-", " ").split(), EMAIL, "quintessa.zanzibarova", "canary.example", EXTERNAL_ID)


def disguises(canary: str) -> set[str]:
    """A canary as it might travel: plain, in small letters, as JSON, in a URL, in base64 at any of three offsets, in hexadecimal."""
    raw = canary.encode()
    coded = {base64.b64encode(b" " * pad + raw).decode().rstrip("=")[pad + 2 : -2] for pad in range(3)}
    return {canary.lower(), json.dumps(canary)[1:-1].lower(), quote(canary).lower(), raw.hex(), *(each.lower() for each in coded)}


def betrayed(body: str) -> set[str]:
    """The canaries that a request holds."""
    lowered = body.lower()
    return {canary for canary in CANARIES if any(disguise in lowered for disguise in disguises(canary))}


def test_the_search_finds_what_it_looks_for() -> None:
    """Plain and disguised: a search that finds nothing has looked."""
    for canary in CANARIES:
        for body in (canary.upper(), json.dumps({"user": canary}), base64.b64encode(f"x{canary}x".encode()).decode()):
            assert canary in betrayed(body)


async def _newcomer(runtime: Runtime) -> Actor:
    async with runtime.open_uow() as uow:
        user_id = await identity.add_account(
            uow, runtime.passwords, email=EMAIL, name=NAME, role=Role.STUDENT, password="a-password-of-their-own"
        )
        await uow.session.flush()
        user = await uow.accounts.get(user_id)
        assert user is not None
        user.external_id = EXTERNAL_ID
    return Actor(id=user_id, role=Role.STUDENT)


async def test_a_journey_tells_the_provider_nothing_about_the_person(
    providing: Any, settings: Settings, runtime: Runtime, client: httpx2.AsyncClient, track_id: UUID
) -> None:
    """Grading, asking again, several readings, summary and embeddings: no body names the student by name, e-mail, external or own id."""
    actor = await _newcomer(runtime)
    person = Student(client, runtime.identity.tokens.access(actor, runtime.clock()))
    async with providing(create_scripted_openai(Control(faults=("invented_quote@0.5/grade",)), seed=3, keep_bodies=True)) as provider:
        changes = {
            "llm_provider": "openai",
            "openai_api_key": "test",
            "openai_base_url": f"{provider.url}/v1",
            "openai_model": "scripted-grader",
            "openai_samples": 3,
        }
        async with open_runtime(Settings.model_validate({**dict(settings), **changes})) as opened:
            drainer = Drainer(opened, "test:1")
            task = asyncio.create_task(drainer.run())
            bundle, result = await person.finished(track_id)
            await opened.embedder.embed(["a query"])
            await drainer.stop()
            await task
        entries = (await provider.journal())["entries"]
    assert result["degraded"] is False
    assert {"grade", "narrate"} <= {entry["task"] for entry in entries}
    assert len([entry for entry in entries if entry["task"] == "grade"]) >= 9
    for entry in entries:
        assert betrayed(entry["body"]) == set()
        assert str(actor.id) not in entry["body"]
        assert bundle["assessmentId"] not in entry["body"]
