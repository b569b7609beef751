"""Rate limits at the API and at the pages, counted in the real Valkey; what happens when it is away."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import httpx2
import pytest
from fastapi import Request
from fastapi.routing import APIRoute, iter_route_contexts
from journeys import Student
from prometheus_client import REGISTRY
from redis.asyncio import Redis

from assay.api.app import create_api
from assay.broker.circuits import connect_circuits
from assay.broker.token_buckets import RedisTokenBuckets
from assay.domain.errors import RateLimited, Unavailable
from assay.domain.quotas import Quota, RouteClass
from assay.edge.rate_limit import CLASSES, address
from assay.runtime import Runtime
from assay.services.rate_limits import RateLimits
from assay.settings import Settings
from assay.web.app import create_web

SMALL = Quota(burst=20, per_minute=60)
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Small quotas, as an installation would set them."""
    quotas = {"start": (2, 1.0), "read": (20, 60.0), "stranger": (5, 1.0), "sign-in": (3, 1.0)}
    return settings.model_copy(update={"rate_limit_scale": 1.0, "rate_limits": quotas})


def counted(name: str, kind: RouteClass) -> float:
    """A metric of this process."""
    return REGISTRY.get_sample_value(name, {"route_class": kind}) or 0.0


async def test_who_asks_too_often_is_told_when_to_come_back(student: Student, other_student: Student, track_id: UUID) -> None:
    """The third start at once is refused with the time to wait; somebody else, and other kinds of routes, are not."""
    answers = [await student.request("POST", "/assessments/start", json={"trackId": str(track_id)}) for _ in range(3)]
    assert [each.status_code for each in answers] == [201, 200, 429]
    refused = answers[-1]
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"].startswith('"start";r=0;t=')
    assert answers[0].headers["ratelimit-policy"] == '"start";q=2;w=120'
    assert answers[0].headers["ratelimit"].startswith('"start";r=1;t=')
    assert (await student.request("GET", "/tracks")).status_code == 200
    assert (await other_student.request("POST", "/assessments/start", json={"trackId": str(track_id)})).status_code == 201


async def test_a_hundred_at_once_get_no_more_than_the_quota(student: Student) -> None:
    """Asked side by side, the bucket lets through its burst and what flowed in meanwhile, at most 5 % more."""
    start = asyncio.get_running_loop().time()
    answers = await asyncio.gather(*(student.request("GET", "/tracks") for _ in range(100)))
    flowed = asyncio.get_running_loop().time() - start
    seen = Counter(each.status_code for each in answers)
    assert set(seen) == {200, 429}
    assert 20 <= seen[200] <= 1.05 * (20 + flowed)


async def test_an_address_given_by_the_client_changes_nothing(client: httpx2.AsyncClient) -> None:
    """Strangers are counted by the address of the connection, whatever `X-Forwarded-For` says."""
    answers = [await client.get("/api/v1/tracks", headers={"x-forwarded-for": f"203.0.113.{each}"}) for each in range(8)]
    assert [each.status_code for each in answers] == [401] * 5 + [429] * 3


async def test_signing_in_is_counted_on_the_page_and_at_the_api_alike(client: httpx2.AsyncClient) -> None:
    """One bucket for both doors."""
    credentials = {"email": "nobody@assay.example", "password": "wrong"}
    form = {"data": credentials, "headers": {"origin": "http://assay.test"}}
    statuses = [
        (await client.post("/api/v1/auth/token", json=credentials)).status_code,
        (await client.post("/sign-in", **form)).status_code,  # type: ignore[arg-type]
        (await client.post("/api/v1/auth/token", json=credentials)).status_code,
        (await client.post("/sign-in", **form)).status_code,  # type: ignore[arg-type]
    ]
    assert statuses == [401, 422, 401, 429]


async def test_without_redis_reading_goes_on_and_signing_in_waits(runtime: Runtime) -> None:
    """Each process counts by itself then, and an alarm can see it; passwords are not guessed uncounted."""
    redis = connect_circuits(NOWHERE)
    limits = RateLimits(RedisTokenBuckets(redis), {RouteClass.READ: SMALL, RouteClass.SIGN_IN: SMALL}, now=lambda: 0.0)
    before = counted("assay_rate_limits_unshared_total", RouteClass.READ)
    for left in range(19, -1, -1):
        taken = await limits.take(RouteClass.READ, "somebody")
        assert taken is not None
        assert taken.remaining == left
    with pytest.raises(RateLimited):
        await limits.take(RouteClass.READ, "somebody")
    with pytest.raises(Unavailable):
        await limits.take(RouteClass.SIGN_IN, "somebody")
    assert counted("assay_rate_limits_unshared_total", RouteClass.READ) == before + 21
    await redis.aclose()


async def test_what_is_remembered_without_redis_is_bounded() -> None:
    """Ten thousand addresses leave no more than the room there is."""
    redis = connect_circuits(NOWHERE)
    limits = RateLimits(RedisTokenBuckets(redis), {RouteClass.READ: SMALL}, kept=100)
    for each in range(10_000):
        await limits.take(RouteClass.READ, str(each))
    assert len(limits._own) == 100
    await redis.aclose()


async def test_buckets_end_by_themselves(shared: Any, settings: Settings) -> None:
    """A bucket that is full again leaves nothing in Redis."""
    redis: Redis = connect_circuits(shared.redis_url)
    buckets = RedisTokenBuckets(redis, settings.queue_namespace)
    await buckets.take("read:somebody", SMALL)
    (key,) = await redis.keys(f"{settings.queue_namespace}:rate:*")
    assert 0 < await redis.pttl(key) <= 1_000 * SMALL.window
    await redis.aclose()


async def test_nothing_is_limited_where_it_is_switched_off() -> None:
    """Without a quota nobody is counted."""
    redis = connect_circuits(NOWHERE)
    assert await RateLimits(RedisTokenBuckets(redis), {}).take(RouteClass.READ, "somebody") is None
    await redis.aclose()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_addresses(one: str, other: str, *, same: bool) -> None:
    """An IPv4 address is one subject, an IPv6 network of 64 bits is one."""

    def subject(host: str) -> str:
        return address(Request({"type": "http", "client": (host, 1)}))

    assert (subject(one) == subject(other)) is same
    assert one not in subject(one)


def test_every_listed_route_exists() -> None:
    """The table of kinds names no route that is gone."""
    there = {
        (method, context.path)
        for application in (create_api(), create_web(dict, secure_cookies=True))
        for context in iter_route_contexts(application.routes)
        if isinstance(context.original_route, APIRoute)
        for method in context.original_route.methods
    }
    assert set(CLASSES) <= there
