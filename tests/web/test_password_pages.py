"""Choosing a password: by a link that works once, at the account page, and what it ends."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest
from visitor import Visit

from assay.domain.errors import Conflict, NotFound
from assay.kit.ids import new_id
from assay.runtime import Runtime
from assay.services import identity, password_links, roster_import

GOOD, BETTER = "correct horse battery staple", "tulpen im regen am kanal"
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}
NEW = "newcomer@assay.example"


async def linked(runtime: Runtime, person: UUID) -> str:
    """A fresh link, as its secret."""
    async with runtime.open_uow() as uow:
        made = await password_links.make(uow, None, person, runtime.settings.public_url, runtime.clock)
    parts = urlsplit(made.url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{runtime.settings.public_url}/choose-password"
    return parts.query.removeprefix("link=")


async def invited(runtime: Runtime) -> UUID:
    """Somebody enrolled by a list."""
    async with runtime.open_uow() as uow:
        cohort = await uow.enrolment.by_name("Demo cohort")
        assert cohort is not None
        content = f"email,name,role\n{NEW},Nova Newcomer,student\n".encode()
        report = await roster_import.enrol(uow, None, content, cohort_id=cohort.id)
    assert report.rows[0].person_id is not None
    return report.rows[0].person_id


async def chosen(client: httpx2.AsyncClient, link: str, password: str) -> httpx2.Response:
    """Send the form."""
    return await client.post("/choose-password", data={"link": link, "password": password}, headers=SAME_ORIGIN)


async def signs_in(client: httpx2.AsyncClient, email: str, password: str) -> bool:
    """Whether this e-mail and password go together."""
    return (await client.post("/api/v1/auth/token", json={"email": email, "password": password})).status_code == 200


async def test_somebody_invited_comes_in(client: httpx2.AsyncClient, runtime: Runtime) -> None:
    """Enrolled by a list, given a link, a password chosen, signed in; the link is spent, and only its hash was ever stored."""
    link = await linked(runtime, await invited(runtime))
    form = await client.get(f"/choose-password?link={link}")
    assert (form.status_code, form.headers["referrer-policy"]) == (200, "no-referrer")
    done = await chosen(client, link, GOOD)
    assert (done.status_code, done.headers["location"]) == (303, "/sign-in?done=password")
    assert await signs_in(client, NEW, GOOD)
    assert (await chosen(client, link, BETTER)).status_code == 404
    assert (await client.get(f"/choose-password?link={link}")).status_code == 404
    assert not await signs_in(client, NEW, BETTER)
    async with runtime.engine.connect() as connection:
        stored = (await connection.exec_driver_sql("SELECT secret_hash FROM password_links")).scalars().all()
    assert len(stored) == 1
    assert link not in stored[0]


async def test_a_weak_password_leaves_the_link_good(client: httpx2.AsyncClient, runtime: Runtime) -> None:
    """The page says why, and the next choice is taken."""
    link = await linked(runtime, await invited(runtime))
    for weak in ("short", "nova newcomer nova", "password 123456789"):
        answer = await chosen(client, link, weak)
        assert (answer.status_code, weak in answer.text) == (422, False)
    assert (await chosen(client, link, GOOD)).status_code == 303


@pytest.mark.parametrize("change", ["expires_at = now() - interval '1 second'", "used_at = now()", "secret_hash = 'x'"])
async def test_a_link_that_is_over_opens_nothing(client: httpx2.AsyncClient, runtime: Runtime, change: str) -> None:
    """Past its time, used, or never made."""
    link = await linked(runtime, await invited(runtime))
    async with runtime.engine.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE password_links SET {change}")
    assert (await client.get(f"/choose-password?link={link}")).status_code == 404
    assert (await chosen(client, link, GOOD)).status_code == 404
    assert not await signs_in(client, NEW, GOOD)


async def test_a_new_link_ends_the_earlier_ones(client: httpx2.AsyncClient, runtime: Runtime) -> None:
    """Whoever finds an old one has nothing."""
    person = await invited(runtime)
    old, new = await linked(runtime, person), await linked(runtime, person)
    assert (await chosen(client, old, GOOD)).status_code == 404
    assert (await chosen(client, new, GOOD)).status_code == 303


async def test_a_link_is_used_once_however_fast(client: httpx2.AsyncClient, runtime: Runtime) -> None:
    """Of five at the same time one sets the password."""
    link = await linked(runtime, await invited(runtime))
    answers = await asyncio.gather(*(chosen(client, link, f"{GOOD} {number}") for number in range(5)))
    assert sorted(each.status_code for each in answers) == [303, 404, 404, 404, 404]


async def test_a_link_is_nothing_for_whoever_has_left(client: httpx2.AsyncClient, runtime: Runtime) -> None:
    """Neither made nor taken."""
    person = await invited(runtime)
    link = await linked(runtime, person)
    async with runtime.engine.begin() as connection:
        await connection.exec_driver_sql(f"UPDATE users SET is_active = false WHERE id = '{person}'")
    assert (await chosen(client, link, GOOD)).status_code == 404
    for who, error in ((person, Conflict), (new_id(), NotFound)):
        with pytest.raises(error):
            await linked(runtime, who)


async def test_another_site_cannot_send_the_form(client: httpx2.AsyncClient, runtime: Runtime) -> None:
    """Only our own page can."""
    link = await linked(runtime, await invited(runtime))
    sent = await client.post("/choose-password", data={"link": link, "password": GOOD}, headers={"sec-fetch-site": "cross-site"})
    assert sent.status_code == 403
    assert (await chosen(client, link, GOOD)).status_code == 303


async def test_changing_ones_own(client: httpx2.AsyncClient, runtime: Runtime, visit: Visit) -> None:
    """Only with the present one, only to a good one; then the old one is nothing, and every session has ended."""
    visitor = await visit("student2")
    before = (await client.post("/api/v1/auth/token", json={"email": "student2@assay.example", "password": identity.DEMO_PASSWORD})).json()
    form = (await visitor.get("/account/password")).form("/account/password")
    given: dict[str, Any] = dict(form.fields)

    async def sent(present: str, password: str) -> httpx2.Response:
        data = {**given, "present": present, "password": password}
        return await visitor.client.post("/account/password", data=data, headers=SAME_ORIGIN, follow_redirects=False)

    assert (await sent("wrong", GOOD)).status_code == 422
    assert (await sent(identity.DEMO_PASSWORD, "short")).status_code == 422
    done = await sent(identity.DEMO_PASSWORD, GOOD)
    assert (done.status_code, done.headers["location"]) == (303, "/sign-in?done=password")
    assert await signs_in(client, "student2@assay.example", GOOD)
    assert not await signs_in(client, "student2@assay.example", identity.DEMO_PASSWORD)
    assert (await client.post("/api/v1/auth/refresh", json={"refreshToken": before["refreshToken"]})).status_code == 401
    await runtime.identity.learn_who_left(runtime.open_uow)
    headers = {"Authorization": f"Bearer {before['accessToken']}"}
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


async def test_what_is_done_is_written_down(client: httpx2.AsyncClient, runtime: Runtime) -> None:
    """Who made a link and who set a password, without either."""
    person = await invited(runtime)
    await chosen(client, await linked(runtime, person), GOOD)
    async with runtime.engine.connect() as connection:
        query = f"SELECT action, changes::text FROM audit_logs WHERE target_id = '{person}' ORDER BY sequence"
        rows = [tuple(row) for row in await connection.exec_driver_sql(query)]
    assert [action for action, _ in rows] == ["person:make_password_link", "person:set_password"]
    assert timedelta(hours=72) == password_links.LINK_LIFETIME
