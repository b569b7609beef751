"""Rate limits of machines: a bucket for each account, and for whoever tries keys the one of strangers."""

from uuid import UUID

import httpx2
import pytest
from journeys import Student
from test_service_accounts import machine, made

from assay.domain.quotas import RouteClass
from assay.runtime import Runtime
from assay.settings import Settings


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Small ones."""
    return settings.model_copy(update={"rate_limit_scale": 1.0, "rate_limits": {"stranger": (3, 1.0), "read": (4, 1.0)}})


async def test_a_machine_has_a_bucket_of_its_own(client: httpx2.AsyncClient, admin: Student) -> None:
    """What one account asks is not counted against another, whichever of its keys it shows."""
    one, other = await made(admin), await made(admin)
    statuses = [(await machine(client, one).request("GET", "/tracks")).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    assert (await machine(client, other).request("GET", "/tracks")).status_code == 200


async def test_whoever_tries_keys_is_counted_as_a_stranger(client: httpx2.AsyncClient, admin: Student, runtime: Runtime) -> None:
    """By address, and before anything is looked up; the account whose public id is tried loses nothing by it."""
    account = await made(admin)
    tried = machine(client, account | {"key": account["key"][:-1] + ("a" if account["key"][-1] != "a" else "b")})
    answers = [await tried.request("GET", "/tracks") for _ in range(4)]
    assert [each.status_code for each in answers] == [401, 401, 401, 429]
    assert answers[-1].headers["ratelimit"].startswith(f'"{RouteClass.STRANGER}"')
    believed = await runtime.service_keys.authenticate(runtime.open_uow, account["key"])
    assert believed.id == UUID(account["id"])
    assert (await machine(client, account).request("GET", "/tracks")).status_code == 200
