"""Accounts as admins keep them in the pages: made, handed a link, given another role, found by their name elsewhere."""

import re

from visitor import Visit

from assay.domain.actors import Actor
from assay.runtime import Runtime
from assay.services import password_links


async def test_an_account_is_made_and_its_owner_handed_a_link(visit: Visit, runtime: Runtime) -> None:
    """What does not fit is said beside it; the link is shown once; another role ends at the person's page; nothing names anybody."""
    admin = await visit("admin")
    form = await admin.get("/admin/people/new")
    refused = await admin.fill(form, "/new", {"email": "nobody", "name": "Nele New"})
    assert (refused.status, "Write one e-mail address" in refused.text) == (422, True)
    taken = await admin.fill(form, "/new", {"email": "student@assay.example", "name": "Nele New"})
    assert (taken.status, "Find it instead" in taken.text) == (422, True)
    made = await admin.fill(form, "/new", {"email": "new@uni.example", "name": "Nele New", "role": "student"})
    assert "The account is made" in made.text
    assert "Nele" not in made.text
    shown = await admin.fill(made, "/link")
    (secret,) = re.findall(r"choose-password\?link=([\w-]+)", shown.html)
    async with runtime.open_uow(autocommit=True) as uow:
        assert await password_links.is_good(uow, secret)
    assert secret not in (await admin.get(made.path)).html
    changed = await admin.fill(await admin.get(f"{made.path}/role"), "/role", {"role": "advisor"})
    assert (changed.path, "The role is changed" in changed.text, "Advisor …" in changed.text) == (made.path, True, True)
    for page in (form, refused, made, shown, changed, await admin.get(f"{made.path}/role")):
        assert page.refused == []


async def test_an_admin_reads_why_their_own_role_stays(visit: Visit, runtime: Runtime, student_actor: Actor) -> None:
    """Before pressing anything; somebody is found by issuer and subject."""
    admin = await visit("admin")
    async with runtime.open_uow() as uow:
        own = await uow.accounts.by_email("admin@assay.example")
        await uow.external_identities.add(student_actor.id, "https://sso.example.edu", "s-17")
    assert own is not None
    page = await admin.get(f"/admin/people/{own.id}/role")
    assert "ask another admin" in page.text
    assert not any(form.action.endswith("/role") for form in page.forms)
    found = await admin.fill(await admin.get("/admin/people"), "/find", {"wanted": "s-17", "issuer": "https://sso.example.edu"})
    assert found.path == f"/admin/people/{student_actor.id}"
    assert (await (await visit("advisor")).get("/admin/people/new")).status == 403
