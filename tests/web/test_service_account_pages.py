"""Service accounts in the pages: made with a key that is shown once, given a second one, revoked, closed."""

import re

from visitor import Visit

from assay.domain.actors import FOR_MACHINES
from assay.runtime import Runtime
from assay.web.operations.service_accounts import SCOPES

BASE = "/operations/service-accounts"


def test_everything_a_machine_may_is_offered_in_words() -> None:
    """No scope is missing from the form, and none is on it that could not be given."""
    assert set(SCOPES) == FOR_MACHINES


async def test_a_key_is_shown_once_and_opens_what_was_chosen(visit: Visit, runtime: Runtime) -> None:
    """On the page that makes it, and to whoever sends that very form again; never more. Two at once, one revoked, then all."""
    admin = await visit("admin")
    assert "No machine has a key yet." in (await admin.get(BASE)).text
    form = await admin.get(f"{BASE}/new")
    refused = await admin.fill(form, "/new", {"name": "Reports", "days": "90"})
    assert (refused.status, "Choose at least one" in refused.text) == (422, True)
    made = await admin.fill(form, "/new", {"name": "Reports", "scopes": ["operations:read"], "days": "90"})
    (key,) = re.findall(r"assay_sk_\w+(?=\")", made.html)
    assert key in (await admin.fill(form, "/new", {"name": "Reports", "scopes": ["operations:read"], "days": "90"})).html
    assert (await admin.fill(form, "/new", {"name": "Other", "scopes": ["operations:read"], "days": "90"})).status == 422
    actor = await runtime.service_keys.authenticate(runtime.open_uow, key)
    assert actor.scope == {"operations:read"}
    place = f"{BASE}/{actor.id}"
    second = await admin.fill(await admin.get(place), "/keys", {"days": "30"})
    assert "assay_sk_" in second.html
    both = await admin.get(place)
    assert "There are two already" in both.text
    for page in (await admin.get(BASE), form, made, second, both):
        assert page.refused == []
    assert key not in both.html
    gone = await admin.fill(both, "/revoke", {})
    assert "The key is revoked" in gone.text
    assert (await admin.fill(gone, "/close", {})).path == BASE
    assert (await admin.get(place)).status == 404
    assert (await (await visit("advisor")).get(BASE)).status in {403, 404}
