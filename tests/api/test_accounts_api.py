"""Accounts at the API: made, found by their name elsewhere, given another role, handed a link, with guards that explain themselves."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
from journeys import Student

from assay.domain.actors import Actor, Role
from assay.runtime import Runtime
from assay.services import password_links

NEW = {"email": "new@uni.example", "name": "Nele New", "role": "admin"}


async def told(runtime: Runtime, person: str) -> list[tuple[str, dict[str, Any]]]:
    """What the audit trail says was done with somebody."""
    async with runtime.open_uow(autocommit=True) as uow:
        return [(link.entry.action, link.entry.changes) for link in await uow.audit.chain() if link.entry.target_id == person]


async def test_an_account_from_nothing_to_a_password(admin: Student, runtime: Runtime) -> None:
    """Made once however often, without a word of who it is in the answer or the audit trail; the link is good; the address is taken."""
    first = await asyncio.gather(*(admin.request("POST", "/people", json=NEW) for _ in range(2)))
    assert sorted(each.status_code for each in first) == [201, 409]
    (made,) = [each.json() for each in first if each.status_code == 201]
    assert (made["role"], made["isActive"]) == ("admin", True)
    assert "Nele" not in str(made)
    assert (await admin.request("POST", "/people/find", json={"email": "New@uni.example"})).json()["id"] == made["id"]
    link = await admin.request("POST", f"/people/{made['id']}/password-link")
    assert link.status_code == 201, link.text
    async with runtime.open_uow(autocommit=True) as uow:
        assert await password_links.is_good(uow, link.json()["url"].partition("link=")[2])
    entries = await told(runtime, made["id"])
    assert [action for action, _ in entries] == ["person:create", "person:find", "person:make_password_link"]
    assert "uni.example" not in str(entries)
    for wrong in ({"email": "nobody"}, {"name": " "}, {"role": "root"}):
        assert (await admin.request("POST", "/people", json=NEW | wrong)).status_code == 422


async def test_nobody_ends_their_own_role_or_the_last_admin(admin: Student, runtime: Runtime, client: httpx2.AsyncClient) -> None:
    """Two admins who demote each other at once leave one; the refusal says why; who lost the role is refused with the token they had."""
    second = (await admin.request("POST", "/people", json=NEW)).json()["id"]
    own = (await admin.request("GET", "/me")).json()["id"]
    refused = await admin.request("PUT", f"/people/{own}/role", json={"role": "student"})
    assert (refused.status_code, refused.json()["code"]) == (409, "own_account")
    other = Student(client, runtime.identity.tokens.access(Actor(id=UUID(second), role=Role.ADMIN), runtime.clock()))
    answers = await asyncio.gather(
        admin.request("PUT", f"/people/{second}/role", json={"role": "advisor"}),
        other.request("PUT", f"/people/{own}/role", json={"role": "advisor"}),
    )
    assert sorted(each.status_code for each in answers) == [200, 409]
    assert "last admin" in next(each for each in answers if each.status_code == 409).json()["detail"]
    loser = other if answers[0].status_code == 200 else admin
    assert (await loser.request("GET", "/me")).status_code == 401


async def test_a_role_is_changed_once(admin: Student, runtime: Runtime, student_actor: Actor, student: Student) -> None:
    """With an entry of what it was; the same again changes nothing, and the former role's tokens have ended."""
    path = f"/people/{student_actor.id}/role"
    assert [(await admin.request("PUT", path, json={"role": "advisor"})).json()["role"] for _ in range(2)] == ["advisor", "advisor"]
    assert await told(runtime, str(student_actor.id)) == [("person:change_role", {"role": ["student", "advisor"]})]
    assert (await student.request("GET", "/tracks")).status_code == 401


async def test_somebody_is_found_by_their_name_elsewhere(admin: Student, runtime: Runtime, student_actor: Actor) -> None:
    """By issuer and subject together, never by one alone or by two ways at once."""
    async with runtime.open_uow() as uow:
        await uow.external_identities.add(student_actor.id, "https://sso.example.edu", "s-17")
    elsewhere = {"issuer": "https://sso.example.edu", "subject": "s-17"}
    assert (await admin.request("POST", "/people/find", json=elsewhere)).json()["id"] == str(student_actor.id)
    assert (await admin.request("POST", "/people/find", json=elsewhere | {"subject": "S-17"})).status_code == 404
    for wrong in ({"issuer": "https://sso.example.edu"}, {"subject": "s-17"}, elsewhere | {"email": "student@assay.example"}):
        assert (await admin.request("POST", "/people/find", json=wrong)).status_code == 422
