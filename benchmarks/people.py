"""Students and their assessments, made through the services: enrolled, started, answered, ready to be submitted."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from assay.db.models import User
from assay.domain.actors import Actor, Role
from assay.embedded import demo_answers
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import assessments, responses
from assay.services.responses import ResponseWrite


class Taken(NamedTuple):
    """An assessment in which everything is answered."""

    actor: Actor
    assessment_id: UUID
    essays: tuple[str, ...]


async def enrol(runtime: Runtime, count: int, role: Role = Role.STUDENT) -> list[Actor]:
    """New people. They have no password: tokens are made for them."""
    ids = [new_id() for _ in range(count)]
    async with runtime.open_uow() as uow:
        for user_id in ids:
            person = f"{role}-{user_id}"
            email = f"{person}@benchmark.example"
            uow.accounts.add(User(id=user_id, email=email, name=person, role=role, pseudonym=new_id(), password_hash=None))
    return [Actor(id=user_id, role=role) for user_id in ids]


def authorization(runtime: Runtime, actor: Actor) -> dict[str, str]:
    """The header that speaks for `actor`."""
    return {"Authorization": f"Bearer {runtime.identity.tokens.access(actor, runtime.clock())}"}


async def tracks(runtime: Runtime) -> list[UUID]:
    """The active tracks."""
    async with runtime.open_uow() as uow:
        await runtime.bank.refresh(uow)
    return list(runtime.bank.tracks)


async def take(runtime: Runtime, actors: Sequence[Actor], track_id: UUID, mark: str) -> list[Taken]:
    """Start the track and answer all ten questions for each student. No two essays are alike: `mark` and a number stand in each."""
    return [await _take(runtime, actor, track_id, f"{mark}-{number}") for number, actor in enumerate(actors)]


async def _take(runtime: Runtime, actor: Actor, track_id: UUID, mark: str) -> Taken:
    async with runtime.open_uow() as uow:
        bundle, _ = await assessments.start(uow, runtime.bank, runtime.identity, actor, track_id)
        questions = bundle.model_dump(mode="json")["questions"]
        answers = {UUID(question["id"]): _answer(question, mark) for question in questions}
        writes = [ResponseWrite(question_id=question_id, answer=answer) for question_id, answer in answers.items()]
        await responses.save(uow, runtime.bank, actor, bundle.assessment_id, writes, "all")
    essays = tuple(answers[UUID(question["id"])] for question in questions if question["format"] == "essay")
    return Taken(actor, bundle.assessment_id, essays)


def _answer(question: dict[str, Any], mark: str) -> Any:
    answer = demo_answers.answer(question)
    return f"{answer}\n\nMy notes on this have the number {mark}-{question['position']}." if question["format"] == "essay" else answer
