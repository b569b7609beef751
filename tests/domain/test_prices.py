"""Prices: tokens times what they cost, cached ones at their own price, and no cost where there is no price."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.domain.grading import Usage, total
from assay.domain.prices import Price, priced

PRICE = Price(given=0.25, cached=0.025, written=2.0)


def test_a_call_costs_what_its_tokens_cost() -> None:
    """2,000 fresh, 1,000 cached and 500 written tokens: 0.0005 + 0.000025 + 0.001 dollars."""
    usage = priced(Usage(input_tokens=3_000, cached_tokens=1_000, output_tokens=500), PRICE)
    assert usage.cost_usd == pytest.approx(0.001525)


def test_without_a_price_there_is_no_cost() -> None:
    """Never invented, not even as zero."""
    assert priced(Usage(input_tokens=3_000), None).cost_usd is None


def test_a_sum_is_known_when_each_part_is() -> None:
    """Tokens and milliseconds add up; one call of unknown cost makes the sum unknown."""
    calls = [Usage(input_tokens=10, cached_tokens=4, output_tokens=2, duration_ms=5.0, cost_usd=0.5)] * 2
    assert total(calls) == Usage(input_tokens=20, cached_tokens=8, output_tokens=4, duration_ms=10.0, cost_usd=1.0)
    assert total([*calls, Usage(input_tokens=1)]).cost_usd is None
    assert total([]) == Usage()


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_what_comes_from_the_cache_is_never_dearer(given_tokens: int, cached: int, written: int) -> None:
    """With a cheaper cache, more of it costs less; nothing costs less than nothing."""
    fresh = priced(Usage(input_tokens=given_tokens + cached, output_tokens=written), PRICE).cost_usd
    half = priced(Usage(input_tokens=given_tokens + cached, cached_tokens=cached, output_tokens=written), PRICE).cost_usd
    assert fresh is not None
    assert half is not None
    assert 0 <= half <= fresh
