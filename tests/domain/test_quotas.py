"""Token buckets: never more than the burst and what has flowed in since, whatever the pace of asking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.quotas import QUOTAS, Bucket, Quota, RouteClass

quotas = st.tuples(st.integers(1, 50), st.floats(0.5, 600)).map(lambda drawn: Quota(burst=drawn[0], per_minute=drawn[1]))
pauses = st.lists(st.floats(0, 30), min_size=1, max_size=120)


@given(quotas, pauses)
def test_no_more_than_the_burst_and_what_flows_in(quota: Quota, waits: list[float]) -> None:
    """Over any time at most the burst and rate times time are let through, and who asks slower than the rate is never refused."""
    bucket, now, allowed = Bucket(quota, 0.0), 0.0, 0
    for wait in waits:
        now += wait
        taken = bucket.take(quota, now)
        allowed += taken.allowed
        assert 0 <= taken.tokens <= quota.burst
        assert taken.allowed or taken.retry_after > 0
        assert taken.reset_after <= quota.window
    assert allowed <= quota.burst + now * quota.per_second + 1e-6


@given(quotas)
def test_after_the_time_it_names_it_lets_one_through(quota: Quota) -> None:
    """An empty bucket says how long to wait, and that is enough."""
    bucket = Bucket(quota, 0.0)
    while (taken := bucket.take(quota, 1.0)).allowed:
        pass
    assert bucket.take(quota, 1.0 + taken.retry_after + 1e-6).allowed


def test_every_kind_of_route_has_a_quota() -> None:
    """None is forgotten, and a whole lecture hall behind one address can sign in at once."""
    assert set(QUOTAS) == set(RouteClass)
    assert QUOTAS[RouteClass.SIGN_IN].burst >= 500


@pytest.mark.parametrize("by", [0.001, 0.5, 3])
def test_scaled(by: float) -> None:
    """A scaled quota stays one that can be used."""
    scaled = QUOTAS[RouteClass.START].scaled(by)
    assert scaled.burst == max(1, round(10 * by))
    assert scaled.per_minute == pytest.approx(10 * by)
