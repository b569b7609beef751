"""The student's pages about a result that is held back."""

from uuid import UUID

from journeys import Student
from sqlalchemy import text
from visitor import Visit

from assay.runtime import Runtime
from assay.worker.drainer import Drainer


async def test_a_student_reads_why_the_result_is_not_shown(
    visit: Visit, student: Student, advisor: Student, track_id: UUID, drainer: Drainer, runtime: Runtime
) -> None:
    """The track says so beforehand; the result leads to the status, which says so and does not reload itself; released, it is shown."""
    async with runtime.open_uow() as uow:
        track = await uow.tracks.get(track_id)
        assert track is not None
        track.release_policy = {"when": "afterReview"}
    browser = await visit("student")
    assert "An advisor looks at your result before you see it." in (await browser.get(f"/tracks/{track_id}")).text
    bundle = await student.start(track_id)
    await student.answer_all(bundle)
    await student.submit(bundle)
    path = f"/assessments/{bundle['assessmentId']}"
    await advisor.result(bundle)
    listed = (await browser.get("/")).text
    assert "Result to come" in listed
    assert "Read the result" not in listed
    page = await browser.get(f"{path}/result")
    assert (page.status, page.path) == (200, f"{path}/status")
    assert "an advisor looks at it before you see it" in page.text
    assert "http-equiv" not in page.html
    assert f'data-next="{path}/status"' in (await browser.get(f"{path}/status/fragment")).html
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("UPDATE assessments SET released_at = now()"))
    assert (await browser.get(f"{path}/status")).path == f"{path}/result"
