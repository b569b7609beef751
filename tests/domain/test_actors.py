"""Roles and permissions: the whole table, so that a change of it is a decision and not an accident."""

from uuid import uuid4

import pytest
from pydantic import ValidationError

from assay.domain.actors import FOR_MACHINES, FOR_PEOPLE, PERMISSIONS, Actor, Author, Permission, Role

GOLDEN = {
    Role.STUDENT: {"track:read", "assessment:take", "assessment:read", "feedback:give"},
    Role.ADVISOR: {
        "track:read",
        "assessment:read",
        "feedback:give",
        "feedback:read",
        "cohort:read",
        "essay:override",
        "assessment:flag",
        "assessment:release",
        "agreement:read",
    },
    Role.ADMIN: {
        "track:read",
        "track:write",
        "job:manage",
        "operations:read",
        "feedback:read",
        "agreement:read",
        "index:manage",
        "question:write",
        "credential:write",
        "webhook:manage",
        "person:manage",
        "audit:read",
        "retention:read",
        "cohort:manage",
        "assessment:inspect",
        "service_account:manage",
    },
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("permission", Permission)
def test_each_role_holds_exactly_its_permissions(role: Role, permission: Permission) -> None:
    """Every cell of roles times permissions is as written above."""
    assert Actor(id=uuid4(), role=role).may(permission) == (permission.value in GOLDEN[role])


def test_every_role_is_in_the_table() -> None:
    """No role without permissions, no permission that nobody holds, person or machine."""
    assert set(PERMISSIONS) == set(Role)
    assert set(Permission) == FOR_MACHINES.union(*PERMISSIONS.values())


def test_what_a_machine_may_is_what_an_admin_may_without_deciding_about_people() -> None:
    """The whole list: what admins may, without what only people do; beyond it there is starting for a student, which nobody else may."""
    assert PERMISSIONS[Role.ADMIN] - FOR_MACHINES == FOR_PEOPLE
    assert {each.value for each in FOR_PEOPLE} == {"person:manage", "assessment:inspect", "service_account:manage"}
    assert FOR_MACHINES - PERMISSIONS[Role.ADMIN] == {Permission.ASSESSMENT_START_FOR}
    assert not any(Permission.ASSESSMENT_START_FOR in held for held in PERMISSIONS.values())


@pytest.mark.parametrize("permission", Permission)
def test_a_scope_stands_in_the_place_of_a_role(permission: Permission) -> None:
    """A machine may what its scope names, and nothing that its role would hold besides."""
    machine = Actor(id=uuid4(), role=Role.ADMIN, scope=frozenset({Permission.TRACK_READ}))
    assert machine.is_machine
    assert machine.may(permission) is (permission is Permission.TRACK_READ)


def test_only_students_take_assessments_and_no_admin_reads_them() -> None:
    """Content of an assessment is not part of an admin's everyday permissions."""
    assert [role for role in Role if Permission.ASSESSMENT_TAKE in PERMISSIONS[role]] == [Role.STUDENT]
    assert Permission.ASSESSMENT_READ not in PERMISSIONS[Role.ADMIN]


@pytest.mark.parametrize("role", Role)
def test_a_student_learns_no_more_than_that_it_was_an_advisor(role: Role) -> None:
    """Others get the pseudonym; nobody a name."""
    pseudonym = uuid4()
    author = Author.shown_to(Actor(id=uuid4(), role=role), "advisor", pseudonym)
    assert (author.role, author.pseudonym) == (Role.ADVISOR, None if role is Role.STUDENT else pseudonym)
    assert set(Author.model_fields) == {"role", "pseudonym"}


def test_an_actor_cannot_raise_itself() -> None:
    """An actor is frozen, and an unknown role is none."""
    actor = Actor(id=uuid4(), role=Role.STUDENT)
    with pytest.raises(ValidationError):
        actor.role = Role.ADMIN  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Actor(id=uuid4(), role="root")
