"""What if on the pages: the same answer as the service's, as a page and as a part of one, and nothing of it stored."""

from html import unescape
from typing import Any
from uuid import UUID

import pytest
from journeys import Student
from sqlalchemy import text
from starlette.datastructures import QueryParams
from visitor import Page, Visit, Visitor

from assay.db.models import Base
from assay.domain.actors import Actor
from assay.domain.tracks import SkillLevel
from assay.runtime import Runtime
from assay.services import what_if
from assay.services.what_if import WhatIf, WhatIfRead
from assay.web.supposing import HOURS, LEVEL, UNKNOWN, read_form
from assay.worker.drainer import Drainer


@pytest.fixture
async def path(student: Student, track_id: UUID, drainer: Drainer) -> str:
    """Where a finished assessment is asked what would be if."""
    bundle, _ = await student.finished(track_id)
    return f"/assessments/{bundle['assessmentId']}/what-if"


@pytest.fixture
async def person(visit: Visit) -> Visitor:
    """Its student."""
    return await visit("student")


async def asked(runtime: Runtime, actor: Actor, path: str, **question: Any) -> WhatIfRead:
    """What the service says."""
    return await what_if.ask(
        actor,
        UUID(path.split("/")[2]),
        WhatIf(**question),
        open_uow=runtime.open_uow,
        bank=runtime.bank,
        local_embedder=runtime.local_embedder,
        vector_store=runtime.vector_store,
    )


async def rows(runtime: Runtime) -> dict[str, int]:
    """How many rows each table has, sessions aside: being seen is written there."""
    async with runtime.open_uow(autocommit=True) as uow:
        names = [name for name in Base.metadata.tables if name != "web_sessions"]
        return {name: int(await uow.session.scalar(text(f"SELECT count(*) FROM {name}")) or 0) for name in names}


def titles(page: Page) -> list[str]:
    """The credentials of the list, in order."""
    return [unescape(part.split("</strong>")[0]) for part in page.html.split('<strong dir="auto">')[1:]]


async def test_the_result_leads_to_it(person: Visitor, path: str) -> None:
    """The form stands on the result as a plain form; without assumptions the page asks for some and shows no list."""
    result = await person.get(path.replace("what-if", "result"))
    assert (result.refused, result.stack) == ([], [])
    assert result.form("/what-if").action == path
    assert path in result.links
    page = await person.get(path)
    assert (page.status, page.refused, page.stack) == (200, [], [])
    assert "What would be recommended" not in page.text
    assert "nothing is stored" in page.text


async def test_it_says_what_the_service_says_and_stores_nothing(person: Visitor, path: str, runtime: Runtime, student_actor: Actor) -> None:
    """Places, reasons and what is gone, for level, time, interest and learning together; no row is written anywhere."""
    before = await rows(runtime)
    page = await person.get(
        f"{path}?level=advanced&hours=2,5&interest-caching=drawn&interest-sql=averse&prior=http&language=en&language=de"
    )
    assert page.status == 200
    said = await asked(
        runtime,
        student_actor,
        path,
        level=SkillLevel.ADVANCED,
        hours_per_week=2.5,
        interests={"caching": 1.0, "sql": -1.0},
        prior_learning=("http",),
        languages=("en", "de"),
    )
    assert titles(page) == [item.title for item in said.items]
    for sentence in (*said.changes, *(item.why for item in said.items), *(item.reason for item in said.removed)):
        assert sentence in page.text
    fields = page.form("/what-if").fields
    assert {("level", "advanced"), ("hours", "2,5"), ("interest-caching", "drawn"), ("prior", "http"), ("language", "de")} <= set(fields)
    assert await rows(runtime) == before


async def test_what_is_completed_is_gone_from_the_list(person: Visitor, path: str) -> None:
    """The first credential, supposed to be completed, is told as no longer recommended, and why."""
    page = await person.get(path)
    credential = page.html.split('name="completed" value="')[1].split('"')[0]
    after = await person.get(f"{path}?completed={credential}")
    assert "No longer, was in place 1" in after.text
    assert "It is already completed." in after.text
    part = await person.get(f"{path}/fragment?completed={credential}")
    assert (part.refused, part.stack) == ([], [])
    assert titles(part) == titles(after)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("hours=many", HOURS),
        ("hours=0", HOURS),
        ("hours=nan", HOURS),
        ("level=expert", LEVEL),
        ("prior=no-such-skill", UNKNOWN),
        ("completed=nothing", UNKNOWN),
        ("interest-no-such-skill=drawn", UNKNOWN),
        ("language=klingon", UNKNOWN),
    ],
)
async def test_what_cannot_be_understood_is_named(person: Visitor, path: str, query: str, sentence: str) -> None:
    """On the page with 422 and what was entered; in place as a sentence."""
    page = await person.get(f"{path}?{query}&hours=&level=")
    assert (page.status, page.refused) == (422, [])
    assert sentence in page.text
    assert sentence in (await person.get(f"{path}/fragment?{query}")).text


async def test_nobody_elses_result_can_be_asked(person: Visitor, path: str, visit: Visit) -> None:
    """Another student finds nothing, a stranger is asked to sign in, an admin may not; the advisor may."""
    assert (await (await visit("student2")).get(f"{path}?hours=2")).status == 404
    assert (await (await visit("student2")).get(f"{path}/fragment?hours=2")).status == 404
    assert (await (await visit("admin")).get(f"{path}?hours=2")).status == 403
    assert (await (await visit()).get(f"{path}?hours=2")).path == "/sign-in"
    assert (await (await visit("advisor")).get(f"{path}?hours=2")).status == 200


async def test_without_a_result_it_leads_to_where_it_stands(visit: Visit) -> None:
    """What is not finished cannot be ranked again."""
    student = await visit("student")
    paper = await student.fill(await student.get("/tracks/backend-engineer"), "/start")
    assert (await student.get(f"{paper.path}/what-if")).path == paper.path


async def test_a_list_that_no_search_made_says_so(person: Visitor, path: str, runtime: Runtime) -> None:
    """The curated list cannot be ranked again; neither page offers a form that would fail."""
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("SET LOCAL session_replication_role = replica"))
        await uow.session.execute(text("UPDATE recommendations SET basis = NULL"))
        await uow.session.execute(text("DELETE FROM rag_traces"))
    page = await person.get(path)
    assert "There is nothing to rank again" in page.text
    assert [form for form in page.forms if form.action == path] == []
    assert (await person.get(f"{path}?hours=2")).status == 422
    result = await person.get(path.replace("what-if", "result"))
    assert [form for form in result.forms if form.action == path] == []


def test_an_empty_form_supposes_nothing() -> None:
    """Fields left as they were are no assumption, whatever else stands in the address."""
    assert read_form(QueryParams("level=&hours=&interest-sql=&interest-http=sideways&done=x&utm=\x00")).given is False
