"""What if: on real results, each change moves what it should and nothing else, and nothing is stored or asked."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from journeys import Student
from sqlalchemy import text

from assay.db.models import Base
from assay.domain.actors import Actor
from assay.domain.bundle import BankQuestion, choose
from assay.domain.credentials import CredentialContent
from assay.domain.errors import Conflict, Fault, ProviderError
from assay.domain.ports import Vector
from assay.domain.tracks import SkillLevel
from assay.runtime import Runtime
from assay.services import assessments, learners, what_if
from assay.services.what_if import WhatIf, WhatIfRead
from assay.worker.drainer import Drainer

TRACKS = (
    "backend-engineer",
    "cloud-devops-engineer",
    "cybersecurity-analyst",
    "data-analyst",
    "frontend-engineer",
    "machine-learning-engineer",
)


class Offered(NamedTuple):
    """A credential of the catalog."""

    id: UUID
    slug: str
    content: CredentialContent


class Asked(NamedTuple):
    """A student's finished assessment: its recommended items as the result tells them, the whole catalog by id, the interests."""

    runtime: Runtime
    actor: Actor
    assessment_id: UUID
    items: list[dict[str, Any]]
    catalog: dict[UUID, Offered]
    interests: dict[str, float]

    async def ask(self, **question: Any) -> WhatIfRead:
        """Ask what would be if."""
        return await ask(self.runtime, self.actor, self.assessment_id, **question)

    def content(self, place: int) -> CredentialContent:
        """What was recommended in this place, from 0."""
        return self.catalog[UUID(self.items[place]["credentialId"])].content


class Elsewhere:
    """An embedder that would be a call; asking it is the end of the test."""

    name = "elsewhere/1"
    dimension = 256

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """Fail."""
        pytest.fail(f"the embedder was asked for {texts}")


class Absent:
    """A vector store that is away."""

    async def nearest(self, *_asked: Any) -> Any:
        """Fail."""
        raise ProviderError(Fault.UNAVAILABLE, "away")


async def ask(runtime: Runtime, actor: Actor, assessment_id: UUID, replaced: Any = None, **question: Any) -> WhatIfRead:
    """Ask on this runtime, with adapters `replaced`."""
    adapters = {"local_embedder": runtime.local_embedder, "vector_store": runtime.vector_store, **(replaced or {})}
    wanted = WhatIf.model_validate(question)
    return await what_if.ask(actor, assessment_id, wanted, open_uow=runtime.open_uow, bank=runtime.bank, **adapters)


async def counts(runtime: Runtime) -> dict[str, Any]:
    """How many rows each table has, and of all together a hash."""
    async with runtime.open_uow() as uow:
        return {
            name: (await uow.session.execute(text(f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {name} t"))).one()
            for name in Base.metadata.tables
        }


async def catalog_of(runtime: Runtime) -> dict[UUID, Offered]:
    """The published catalog."""
    async with runtime.open_uow() as uow:
        rows = await uow.credentials.published()
    return {row.credential_id: Offered(row.credential_id, row.slug, CredentialContent.model_validate(row.content)) for row in rows}


@pytest_asyncio.fixture
async def asked(
    runtime: Runtime, student: Student, student_actor: Actor, track_id: UUID, drainer: Drainer, monkeypatch: pytest.MonkeyPatch
) -> Asked:
    """A backend engineer's result, the same for each test: what a change moves depends on which questions were drawn."""
    monkeypatch.setattr(assessments, "choose", lambda offered, mix, *, seed: choose(sorted(offered, key=_prompt), mix, seed=1))
    bundle, result = await student.finished(track_id)
    assessment_id = UUID(bundle["assessmentId"])
    async with runtime.open_uow() as uow:
        learner, _ = await learners.read(uow, runtime.bank, assessment_id, "backend-engineer")
    items = result["recommendation"]["items"]
    return Asked(runtime, student_actor, assessment_id, items, await catalog_of(runtime), learner.interests)


def _prompt(question: BankQuestion) -> str:
    """What puts questions in an order of their own: ids differ from database to database."""
    return question.content.prompt


def told(answer: WhatIfRead) -> list[tuple[str, int, float, list[dict[str, Any]]]]:
    """The items as a result tells them."""
    return [
        (str(item.credential_id), item.rank, item.score, [reason.model_dump(mode="json") for reason in item.reasons])
        for item in answer.items
    ]


def as_stored(items: list[dict[str, Any]]) -> list[tuple[str, int, float, list[dict[str, Any]]]]:
    """The same of a result."""
    return [(item["credentialId"], item["rank"], item["score"], item["reasons"]) for item in items]


def same(one: WhatIfRead, other: WhatIfRead) -> bool:
    """Whether two answers differ in nothing but the time they took."""
    return one.model_copy(update={"took_ms": 0.0}) == other.model_copy(update={"took_ms": 0.0})


@pytest.mark.parametrize("slug", TRACKS)
async def test_nothing_supposed_is_what_was_recommended(
    runtime: Runtime, student: Student, student_actor: Actor, drainer: Drainer, slug: str
) -> None:
    """For every track: the same credentials, scores and reasons in the same order, and the answer says that nothing changes."""
    async with runtime.open_uow() as uow:
        track = await uow.tracks.by_slug(slug)
    assert track is not None
    bundle, result = await student.finished(track.id)
    answer = await ask(runtime, student_actor, UUID(bundle["assessmentId"]))
    assert told(answer) == as_stored(result["recommendation"]["items"])
    assert (answer.unchanged, answer.removed, answer.changes) == (True, (), ("Nothing changes its place.",))
    assert {(item.moved, item.why) for item in answer.items} == {(0, "Stays as it was.")}


async def test_it_is_also_without_vectors_and_after_the_index_is_gone(
    runtime: Runtime, student: Student, student_actor: Actor, track_id: UUID, drainer: Drainer
) -> None:
    """What was found is stored: an index that was built anew by another embedder, or is no longer there, moves nothing."""
    bundle, result = await student.finished(track_id)
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE index_versions SET status = 'retired'"))
    away = {"local_embedder": Elsewhere(), "vector_store": Absent()}
    answer = await ask(runtime, student_actor, UUID(bundle["assessmentId"]), away)
    assert told(answer) == as_stored(result["recommendation"]["items"])
    assert answer.unchanged


async def test_interest_lifts_and_distaste_lowers(asked: Asked) -> None:
    """A credential gains by interest in what it teaches and says so; one whose main skill is disliked loses."""
    room = [place for place in range(len(asked.items)) if asked.interests.get(asked.content(place).skills[0], 0.0) < 0.5]
    place = min(room, key=lambda place: _interest(asked.items[place]["reasons"]))
    liked = asked.items[place], asked.content(place).skills[0]
    answer = await asked.ask(interests={liked[1]: 1.0})
    lifted = next(item for item in answer.items if str(item.credential_id) == liked[0]["credentialId"])
    assert _interest([reason.model_dump() for reason in lifted.reasons]) > _interest(liked[0]["reasons"])
    assert re.search(r"matches your interest in [^;]+ \(\+0\.", lifted.why)
    assert answer.changes[0].startswith("More interest in ")
    place, skill = next(
        (place, skill) for place in range(len(asked.items)) if asked.interests.get(skill := asked.content(place).skills[0], 0.0) > -0.5
    )
    answer = await asked.ask(interests={skill: -1.0})
    assert answer.changes[0].startswith("Less interest in ")
    for item in answer.items:
        if str(item.credential_id) == asked.items[place]["credentialId"]:
            assert _interest([reason.model_dump() for reason in item.reasons]) < _interest(asked.items[place]["reasons"])


def _interest(reasons: Sequence[dict[str, Any]]) -> float:
    """What interest contributes."""
    return sum(reason["contribution"] for reason in reasons if reason["code"] == "interest")


async def test_a_new_interest_brings_what_the_pool_did_not_hold(asked: Asked) -> None:
    """An interest far from the role is searched for: credentials that were not among the candidates come in, found in both ways."""
    async with asked.runtime.open_uow() as uow:
        recommendation = await uow.recommendations.latest(asked.assessment_id)
    assert recommendation is not None
    assert recommendation.basis is not None
    pool = set(recommendation.basis["pool"])
    outside = sorted({each.content.skills for each in asked.catalog.values() if str(each.id) not in pool and each.content.language == "en"})
    for skills in outside:  # not each of them gets past those that suit the role
        answer = await asked.ask(interests=dict.fromkeys(skills, 1.0))
        if fresh := [item for item in answer.items if str(item.credential_id) not in pool]:
            break
    else:
        pytest.fail("nothing new was found")
    assert all(item.previous_rank is None and item.moved is None and item.why.startswith("Newly found: ") for item in fresh)
    assert not any(sentence.endswith("without vectors.") for sentence in answer.changes)


async def test_no_call_leaves_the_process(asked: Asked) -> None:
    """With an index of another embedder the changed part is searched for through full text alone, which is said."""
    async with asked.runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE index_versions SET embedder = 'elsewhere/2'"))
    skill = next(skill for each in asked.catalog.values() for skill in each.content.skills if skill not in asked.interests)
    answer = await ask(asked.runtime, asked.actor, asked.assessment_id, {"local_embedder": Elsewhere()}, interests={skill: 1.0})
    assert answer.items
    assert "What changes in the query was searched for without vectors." in answer.changes


@pytest.mark.parametrize("level", SkillLevel)
async def test_the_level_aimed_for_moves_levels_alone(asked: Asked, level: SkillLevel) -> None:
    """No reason but the level (and what the list as a whole does) differs; the track's own level changes nothing."""
    answer = await asked.ask(level=level)
    loose = {"level_fit", "level_misfit", "overlap", "sequence", "opens_the_way"}
    before = {item["credentialId"]: {(each["code"], each["contribution"]) for each in item["reasons"]} for item in asked.items}
    for item in answer.items:
        reasons = {(reason.code, reason.contribution) for reason in item.reasons}
        differing = {code for code, _ in reasons ^ before.get(str(item.credential_id), reasons)}
        assert differing <= loose
    own = level is SkillLevel.INTERMEDIATE
    assert answer.unchanged or not own
    assert any(sentence.startswith("The level aimed for is ") for sentence in answer.changes) is not own


async def test_aiming_higher_speaks_for_what_is_advanced(asked: Asked) -> None:
    """What the level adds to a credential never falls with the aim when the credential is advanced, and it is told as the level's."""
    lower, higher = await asked.ask(level="beginner"), await asked.ask(level="advanced")
    before, after = _levels(lower), _levels(higher)
    advanced = {key for key in before.keys() & after.keys() if asked.catalog[key].content.level is SkillLevel.ADVANCED}
    assert all(before[key] <= after[key] for key in advanced)
    words = [reason.text for answer in (lower, higher) for item in answer.items for reason in item.reasons if "level" in reason.code]
    assert words
    assert all(" level in view." in each for each in words)


def _levels(answer: WhatIfRead) -> dict[UUID, float]:
    """What the level adds to each credential."""
    return {
        item.credential_id: sum(reason.contribution for reason in item.reasons if reason.code.startswith("level")) for item in answer.items
    }


async def test_little_time_counts_against_long_ones(asked: Asked) -> None:
    """With an hour in all every credential costs points for its length; with all the time there is none does."""
    short = await asked.ask(hours=1)
    assert all(any(reason.code == "workload" for reason in item.reasons) for item in short.items)
    assert any(sentence.startswith("There are 1 hours in all instead of ") for sentence in short.changes)
    ample = await asked.ask(hoursPerWeek=100)
    assert not any(reason.code == "workload" for item in ample.items for reason in item.reasons)
    assert same(ample, await asked.ask(hours=1_200))


@pytest.mark.parametrize("by", ["slug", "id"])
async def test_what_is_completed_goes_and_others_move_up(asked: Asked, by: str) -> None:
    """The first is removed with the reason; its place is taken."""
    first = asked.catalog[UUID(asked.items[0]["credentialId"])]
    answer = await asked.ask(completed=[first.slug if by == "slug" else str(first.id)])
    (gone,) = [each for each in answer.removed if each.credential_id == first.id]
    assert (gone.previous_rank, gone.code, gone.reason) == (1, "completed", "It is already completed.")
    assert first.id not in {item.credential_id for item in answer.items}
    assert answer.items[0].moved != 0
    assert answer.changes[0] == f"Completed besides: {first.content.title}."


async def test_prior_learning_rules_out_what_teaches_it(asked: Asked) -> None:
    """A credential up to the level aimed for goes when all its skills are known; the gap it closed is no reason any more."""
    place = next(place for place in range(len(asked.items)) if asked.content(place).level is not SkillLevel.ADVANCED)
    known = asked.content(place).skills
    answer = await asked.ask(priorLearning=list(known))
    (gone,) = [each for each in answer.removed if str(each.credential_id) == asked.items[place]["credentialId"]]
    assert gone.code == "prior_learning"
    assert gone.reason.startswith("You have already learned ")
    assert any(sentence.startswith("Learned already: ") for sentence in answer.changes)
    for item in answer.items:
        if set(asked.catalog[item.credential_id].content.skills) <= set(known):
            assert "skill_gap" not in {reason.code for reason in item.reasons}


async def test_whoever_knows_it_all_is_told_so(asked: Asked) -> None:
    """When a search for what is left to learn no longer finds a credential, what speaks against it is still the reason that is given."""
    known = {skill for place in range(len(asked.items)) for skill in asked.content(place).skills}
    answer = await asked.ask(priorLearning=sorted(known), level="advanced")
    assert {str(each.credential_id) for each in answer.removed} == {item["credentialId"] for item in asked.items}
    assert {each.code for each in answer.removed} == {"prior_learning"}


async def test_only_what_is_taught_in_a_language_of_the_student(asked: Asked) -> None:
    """In German alone all English ones go, with the reason; with both the German ones compete."""
    german = await asked.ask(languages=["de"])
    assert {asked.catalog[item.credential_id].content.language for item in german.items} <= {"de"}
    assert {each.code for each in german.removed} == {"language"}
    assert len(german.removed) == len(asked.items)
    assert "Languages: de instead of en." in german.changes
    both = await asked.ask(languages=["en", "de"])
    assert {asked.catalog[item.credential_id].content.language for item in both.items} <= {"en", "de"}


async def test_what_is_retired_is_never_shown(asked: Asked) -> None:
    """Retired after it was recommended: removed with the reason, whatever the interests, and the drift is said."""
    first = asked.catalog[UUID(asked.items[0]["credentialId"])]
    async with asked.runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE credential_catalog SET status = 'retired' WHERE id = :id"), {"id": first.id})
    for question in ({}, {"interests": dict.fromkeys(first.content.skills, 1.0)}):
        answer = await asked.ask(**question)
        assert first.id not in {item.credential_id for item in answer.items}
        assert [(each.code, each.reason) for each in answer.removed if each.credential_id == first.id] == [
            ("retired", "It is no longer offered.")
        ]
        assert answer.changes[-1].startswith("The catalog, the track or the ranking itself has changed")
        assert not answer.unchanged


async def test_a_curated_list_cannot_be_ranked_again(
    runtime: Runtime, student: Student, student_actor: Actor, track_id: UUID, drainer: Drainer
) -> None:
    """Where no search spoke the question is refused, with a code of its own."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE index_versions SET status = 'retired'"))
    bundle, _ = await student.finished(track_id)
    with pytest.raises(Conflict) as raised:
        await ask(runtime, student_actor, UUID(bundle["assessmentId"]), level="advanced")
    assert raised.value.error_code == "not_ranked"


async def test_all_of_it_together_is_one_answer_and_nothing_is_written(asked: Asked) -> None:
    """Everything at once, twice and in another order: the same answer; every row of every table is as it was."""
    before = await counts(asked.runtime)
    first, last = asked.content(0), asked.content(-1)
    interests = {last.skills[0]: 1.0, first.skills[0]: -0.5}
    question = {"level": "advanced", "hours": 40, "completed": [asked.items[1]["credentialId"]], "languages": ["de", "en"]}
    one = await asked.ask(interests=interests, priorLearning=list(first.skills), **question)
    other = await asked.ask(interests=dict(reversed(interests.items())), priorLearning=[*first.skills][::-1], **question)
    assert told(one) == told(other)
    assert same(one, await asked.ask(interests=interests, priorLearning=list(first.skills), **question))
    assert await counts(asked.runtime) == before


NUMBERS = st.integers(0, 10_000)
QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        "interests": st.dictionaries(NUMBERS, st.floats(-1, 1), max_size=4),
        "level": st.sampled_from(list(SkillLevel)),
        "hours": st.floats(1, 1_000),
        "completed": st.lists(NUMBERS, max_size=5),
        "prior_learning": st.lists(NUMBERS, max_size=5),
        "languages": st.lists(st.sampled_from(["en", "de", "fr"]), min_size=1, max_size=3),
    },
)
"""Skills and credentials by number, since only the database knows their names."""


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbered=QUESTIONS)
async def test_any_question_gives_an_honest_answer(asked: Asked, numbered: dict[str, Any]) -> None:
    """Ranks count from 1, scores fall and are the sum of their reasons, every recommended one is accounted for, none is refused."""
    slugs = sorted(each.slug for each in asked.catalog.values())
    skills = sorted({skill for each in asked.catalog.values() for skill in each.content.skills})
    question = {
        **numbered,
        "interests": {skills[number % len(skills)]: weight for number, weight in numbered.get("interests", {}).items()},
        "completed": [slugs[number % len(slugs)] for number in numbered.get("completed", [])],
        "prior_learning": [skills[number % len(skills)] for number in numbered.get("prior_learning", [])],
    }
    answer = await asked.ask(**question)
    assert [item.rank for item in answer.items] == list(range(1, len(answer.items) + 1))
    assert [item.score for item in answer.items] == sorted((item.score for item in answer.items), reverse=True)
    was, now = {item["credentialId"] for item in asked.items}, {str(item.credential_id) for item in answer.items}
    assert {str(each.credential_id) for each in answer.removed} == was - now
    assert {str(item.credential_id) for item in answer.items if item.previous_rank} == was & now
    for item in answer.items:
        offered = asked.catalog[item.credential_id]
        assert item.score == pytest.approx(sum(reason.contribution for reason in item.reasons), abs=1e-3)
        assert offered.slug not in question["completed"]
        assert offered.content.language in question.get("languages", ["en"])
        assert item.why
