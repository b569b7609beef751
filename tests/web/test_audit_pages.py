"""The audit log in the pages: narrowed, opened, told in words, verified, taken along; and what retention did."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from visitor import Visit

from assay.domain.actors import Actor, Role
from assay.domain.audit import AuditAction
from assay.domain.retention import Kind, Policy
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import audit, enrolment, retention
from assay.services.enrolment import CohortWrite
from assay.web.admin import audit_words
from assay.web.admin.audit import sift
from assay.web.admin.retention import KINDS

HOSTILE = "<script>alert(1)</script>\u202edorc"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=10), each, max_size=3),
    max_leaves=8,
)


async def _admin(runtime: Runtime) -> Actor:
    async with runtime.open_uow(autocommit=True) as uow:
        user = await uow.accounts.by_email("admin@assay.example")
    assert user is not None
    return Actor(id=user.id, role=Role.ADMIN)


async def recorded(runtime: Runtime, name: str = "Class of 2027") -> UUID:
    """A cohort made by the admin, and an entry of the operator beside it; the cohort's id."""
    actor = await _admin(runtime)
    async with runtime.open_uow() as uow:
        made = await enrolment.create(uow, actor, CohortWrite(name=name))
        renamed = {"/name": {"before": name, "after": "Another"}, "/options/0/isRight": {"before": False}}
        await audit.record(uow, actor, AuditAction.COHORT_UPDATED, "cohort", made.id, renamed)
        await audit.record(uow, None, AuditAction.RETENTION_RUN, "retention_run", new_id(), {"removed": {"jobs": 3}})
    return made.id


async def test_the_log_is_narrowed(visit: Visit, runtime: Runtime) -> None:
    """By action, kind, id, person and day, in any combination, told in words and without an address to anybody."""
    cohort = await recorded(runtime)
    admin, actor, today = await visit("admin"), await _admin(runtime), f"{datetime.now(UTC):%Y-%m-%d}"
    everything = await admin.get("/admin/audit")
    assert all(words in everything.text for words in ("Cohort made", "Cohort renamed", "Operator or service", "You", "number 3"))
    assert everything.refused == []
    for query, count in (
        ("action=cohort%3Acreate", 1),
        (f"kind=cohort&id={cohort}", 2),
        (f"actor={actor.id}", 2),
        (f"actor={new_id()}", 0),
        (f"from={today}&to={today}", 3),
        ("from=2001-01-01&to=2001-01-01", 0),
        ("kind=retention_run", 1),
    ):
        page = await admin.get(f"/admin/audit?{query}")
        assert page.status == 200, query
        assert len([link for link in page.links if link.removeprefix("/admin/audit/").isdecimal()]) == count, query
        if not count:
            assert "No entry fits." in page.text


async def test_a_filter_that_does_not_fit_is_told(visit: Visit, runtime: Runtime) -> None:
    """422 with a sentence at the field, and what was entered kept."""
    await recorded(runtime)
    admin = await visit("admin")
    for query, words in (
        ("actor=somebody", "Write the whole id"),
        ("from=yesterday", "Write a day"),
        ("from=2027-02-01&to=2027-01-01", "before the first day"),
        ("action=cohort%3Afly", "Choose one"),
        (f"id={'x' * 201}", "too long"),
    ):
        page = await admin.get(f"/admin/audit?{query}")
        assert (page.status, words in page.text) == (422, True), query
    assert ("actor", "somebody") in (await admin.get("/admin/audit?actor=somebody")).form("/admin/audit").fields
    assert (await admin.get("/admin/audit/export/csv?actor=somebody")).status == 404


async def test_the_log_is_leafed_through(visit: Visit, runtime: Runtime) -> None:
    """Fifty on a page; the filter goes along."""
    actor = await _admin(runtime)
    async with runtime.open_uow() as uow:
        for _ in range(60):
            await audit.record(uow, actor, AuditAction.PERSON_FOUND, "person", actor.id, {})
    admin = await visit("admin")
    first = await admin.get("/admin/audit?action=person%3Afind")
    (further,) = [link for link in first.links if "cursor=" in link]
    assert "action=person%3Afind" in further
    second = await admin.get(further)
    assert len([link for link in second.links if link.removeprefix("/admin/audit/").isdecimal()]) == 10
    assert not [link for link in second.links if "cursor=" in link]


async def test_an_entry_is_told_with_before_and_after(visit: Visit, runtime: Runtime) -> None:
    """Fields in words, what was and what is, facts beside them; hostile names are text."""
    cohort = await recorded(runtime, HOSTILE)
    admin = await visit("admin")
    page = await admin.get("/admin/audit/2")
    assert "Cohort renamed" in page.text
    assert "Options / 1 / is right no not there" in page.text
    assert HOSTILE in page.text
    assert "alert(1)</script>" not in page.html
    assert f"/admin/cohorts/{cohort}" in page.links
    assert f"/admin/audit?kind=cohort&id={cohort}" in page.links
    other = await admin.get("/admin/audit/3")
    assert "jobs: 3" in other.text
    assert "Operator or service" in other.text
    assert (await admin.get("/admin/audit/999")).status == 404
    assert (await admin.get("/admin/audit/x")).status == 404


async def test_the_chain_is_verified(visit: Visit, runtime: Runtime) -> None:
    """Up to which entry and when; once somebody has altered one, which and what to do."""
    admin = await visit("admin")
    assert "There is no entry to verify" in (await admin.get("/admin/audit/verify")).text
    await recorded(runtime)
    page = await admin.get("/admin/audit/verify")
    assert "Verified up to entry 3" in page.text
    assert "3 entries read" in page.text
    async with runtime.open_uow() as uow:
        await uow.session.execute(text("SET LOCAL session_replication_role = replica"))
        await uow.session.execute(text("UPDATE audit_logs SET target_id = 'x' WHERE sequence = 2"))
    broken = await admin.get("/admin/audit/verify")
    assert "Entry 2 does not fit" in broken.text
    assert "Keep the database as it is" in broken.text


async def test_the_log_is_taken_along(visit: Visit, runtime: Runtime) -> None:
    """By a link, in both forms, as it is narrowed; that it was taken is an entry."""
    cohort = await recorded(runtime)
    admin = await visit("admin")
    page = await admin.get(f"/admin/audit?kind=cohort&id={cohort}")
    csv, lines = [await admin.client.get(link) for link in page.links if "/export/" in link]
    assert csv.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    assert csv.text.count("cohort:") == 2
    assert len(lines.text.splitlines()) == 2
    assert "Audit log taken along as a file" in (await admin.get("/admin/audit")).text
    assert (await admin.get("/admin/audit/export/xml")).status == 404


@pytest.mark.parametrize("name", ["student", "advisor"])
async def test_only_admins_read_it(visit: Visit, name: str) -> None:
    """Everybody else is refused."""
    other = await visit(name)
    for path in ("/admin/audit", "/admin/audit/1", "/admin/audit/verify", "/admin/audit/export/csv", "/admin/retention"):
        assert (await other.get(path)).status == 403, path


def test_every_action_has_words() -> None:
    """A new action is told in words, not by its code; one of a later version is told somehow."""
    assert set(audit_words.ACTIONS) == set(AuditAction)
    assert audit_words.action("planet:move_far") == "Planet: move far"
    assert audit_words.kind("big_planet") == "Big planet"


@given(st.dictionaries(st.text(max_size=20) | st.just("/name"), json_values | st.fixed_dictionaries({"before": json_values})))
def test_whatever_an_entry_holds_is_told_once(changes: dict[str, object]) -> None:
    """Each key is a difference or a fact, never both, and no value breaks the telling."""
    told = [each.name for each in audit_words.differences(changes)] + [each.name for each in audit_words.facts(changes)]
    assert len(told) == len(changes)
    assert all(each.lines for each in audit_words.facts(changes))


def test_days_are_whole_and_of_utc() -> None:
    """The last day counts to its end; a moment is taken as it is; what lies beyond the calendar does not fit."""
    sieve = sift({"from": "2027-01-01", "to": "2027-01-31"}).sieve
    assert (sieve.since, sieve.until) == (datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC))
    assert sift({"to": "2027-01-31T12:00+02:00"}).sieve.until == datetime(2027, 1, 31, 10, tzinfo=UTC)
    assert set(sift({"to": "9999-12-31", "from": "x"}).problems) == {"to", "from"}


async def test_retention_says_what_it_keeps_and_what_it_did(visit: Visit, runtime: Runtime) -> None:
    """Periods as they are set, each run with what it removed, a trial as a trial; nothing yet is said too."""
    admin = await visit("admin")
    empty = await admin.get("/admin/retention")
    assert all(words in empty.text for words in ("24 months", "30 days", "36 months", "every 24 hours", "Retention has not run yet."))
    await retention.run(runtime.open_uow, runtime.vector_store, Policy(), dry_run=True)
    actor = await _admin(runtime)
    async with runtime.open_uow() as uow:
        await uow.session.execute(
            text("INSERT INTO refresh_tokens (id, family_id, user_id, token_hash, expires_at) VALUES (:id, :id, :user, 'x', :old)"),
            {"id": new_id(), "user": actor.id, "old": runtime.clock() - timedelta(days=90)},
        )
    await retention.run(runtime.open_uow, runtime.vector_store, Policy(), dry_run=False)
    page = await admin.get("/admin/retention")
    assert "Trial nothing was past its time" in page.text or "Trial 0 rows would go" in page.text
    assert "By the operator 1 row removed" in page.text
    assert "Sessions of the API 30 days 1 0" in page.text
    assert page.refused == []


def test_every_kind_has_words() -> None:
    """What retention removes is named."""
    assert set(KINDS) == set(Kind)
