"""The student's first page, and the gallery: what each track asks, what can be taken again, whose end is near."""

from uuid import UUID

from journeys import Student
from sqlalchemy import text
from visitor import Visit

from assay.runtime import Runtime
from assay.worker.drainer import Drainer


async def test_a_card_tells_what_a_track_asks(visit: Visit) -> None:
    """Level, time, mix and the first skills, on the first page and in the gallery."""
    student = await visit("student")
    for page in (await student.get("/"), await student.get("/tracks")):
        for told in ("Intermediate", "About an hour", "3 theory, 3 essays, 4 about you"):
            assert told in page.text
        assert "API design, Relational databases, SQL, Transactions and consistency and 10 more" in page.text


async def test_a_finished_track_can_be_taken_again(visit: Visit, student: Student, track_id: UUID, drainer: Drainer) -> None:
    """From its line, as long as no assessment of that track is under way."""
    await student.finished(track_id)
    browser = await visit("student")
    home = await browser.get("/")
    assert home.text.count("Take it again") == 1
    assert (await browser.fill(home, "/start")).path.startswith("/assessments/")
    assert "Take it again" not in (await browser.get("/")).text


async def test_an_end_that_is_near_is_told(visit: Visit, runtime: Runtime) -> None:
    """With an hour left or less the note shows; with more it is there for the script alone."""
    student = await visit("student")
    paper = await student.fill(await student.get("/tracks/backend-engineer"), "/start")
    note = paper.html.split("data-ends-soon")[1].split(">")[0]
    assert note.endswith("hidden")
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE assessments SET expires_at = now() + interval '50 minutes'"))
    late = await student.get(paper.path)
    assert not late.html.split("data-ends-soon")[1].split(">")[0].endswith("hidden")
    assert "Its time ends soon." in late.text
