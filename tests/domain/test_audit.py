"""The audit chain: what the hash covers, and what shows when somebody has been at it."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest

from assay.domain.audit import FORMER, GENESIS, AuditAction, AuditEntry, ChainLink, first_broken, spelled, spellings

ENTRY = AuditEntry(
    at=datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=UTC),
    actor_id=UUID(int=1),
    action=AuditAction.ESSAY_SCORE_OVERRIDDEN,
    target_type="essay_score",
    target_id="7",
    changes={"clarity": {"before": 2, "after": 3}},
    correlation_id="c-1",
)


def chain(length: int) -> list[ChainLink]:
    """A whole chain."""
    links: list[ChainLink] = []
    for sequence in range(1, length + 1):
        entry, previous = ENTRY.model_copy(update={"target_id": str(sequence)}), links[-1].hash if links else GENESIS
        links.append(ChainLink(sequence=sequence, entry=entry, previous_hash=previous, hash=entry.hash(previous)))
    return links


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", ENTRY.at + timedelta(microseconds=1)),
        ("actor_id", uuid4()),
        ("action", "essay_score:confirm"),
        ("target_type", "track"),
        ("target_id", "8"),
        ("changes", {"clarity": {"before": 2, "after": 4}}),
        ("correlation_id", "c-2"),
    ],
)
def test_the_hash_covers_every_field(field: str, value: Any) -> None:
    """And the hash before it."""
    assert set(AuditEntry.model_fields) >= {field}
    assert ENTRY.model_copy(update={field: value}).hash("x") != ENTRY.hash("x")
    assert ENTRY.hash("x") != ENTRY.hash("y")


def test_the_hash_is_of_the_moment_not_of_its_spelling() -> None:
    """Another time zone is the same moment; the order of keys does not matter."""
    elsewhere = ENTRY.at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    turned = {"clarity": {"after": 3, "before": 2}}
    assert ENTRY.model_copy(update={"at": elsewhere, "changes": turned}).hash("x") == ENTRY.hash("x")


def test_a_whole_chain_holds() -> None:
    """Also when the oldest entries have been removed by retention, unless they were expected."""
    links = chain(4)
    assert first_broken(links) is None
    assert first_broken(links[2:]) is None
    assert first_broken(links[2:], previous=links[1].hash) is None
    assert first_broken(links[2:], previous=links[0].hash) == 3
    assert first_broken([]) is None


def test_a_missing_or_altered_link_shows() -> None:
    """At its place, or at the one behind it."""
    links = chain(4)
    altered = links[1].model_copy(update={"entry": links[1].entry.model_copy(update={"target_id": "9"})})
    assert first_broken([links[0], *links[2:]]) == 3
    assert first_broken([links[0], altered, *links[2:]]) == 2
    rehashed = altered.model_copy(update={"hash": altered.entry.hash(altered.previous_hash)})
    assert first_broken([links[0], rehashed, *links[2:]]) == 3
    assert first_broken([links[0], links[2], links[1], links[3]]) == 3


def test_the_vocabulary_is_on_one_page() -> None:
    """Noun and verb, so that a new action is a decision."""
    assert {action.value for action in AuditAction} == {
        "essay_score:override",
        "essay_score:confirm",
        "assessment:flag",
        "assessment:note",
        "assessment:inspect",
        "assessment:release",
        "recommendation:judge",
        "track:create",
        "track:update",
        "track:retire",
        "question:create",
        "question:update",
        "question:activate",
        "question:deactivate",
        "question:delete",
        "question:try",
        "credential:create",
        "credential:update",
        "credential:publish",
        "credential:retire",
        "catalog:import",
        "catalog:confirm",
        "index:request",
        "index:switch",
        "job:resend",
        "result:resend",
        "webhook:register",
        "webhook:rotate_secret",
        "webhook:enable",
        "webhook:disable",
        "webhook:remove",
        "webhook:resend",
        "person:find",
        "person:arrive",
        "person:change_role",
        "person:make_password_link",
        "person:set_password",
        "person:export",
        "person:erase",
        "person:hold",
        "person:release",
        "person:create",
        "assessment:start_for",
        "service_account:create",
        "service_account:close",
        "service_account:make_key",
        "service_account:revoke_key",
        "cohort:create",
        "cohort:update",
        "cohort:join",
        "cohort:leave",
        "cohort:import",
        "retention:run",
        "keys:rotate",
        "audit:export",
        "database:back_up",
        "database:restore",
    }
    assert all(re.fullmatch(r"[a-z_]+:[a-z_]+", action) for action in AuditAction)


def test_entries_of_old_are_read_in_todays_words() -> None:
    """Their text stays as it was hashed; whoever reads or filters meets one vocabulary."""
    assert spelled("track.updated") == spelled("track:update") == "track:update"
    assert spellings(AuditAction.TRACK_UPDATED) == ("track:update", "track.updated")
    assert spellings(AuditAction.PERSON_ERASED) == ("person:erase",)
    assert len(FORMER) == len(set(FORMER.values()))
    former = ENTRY.model_copy(update={"action": "track.updated"})
    assert former.hash("x") != former.model_copy(update={"action": "track:update"}).hash("x")
